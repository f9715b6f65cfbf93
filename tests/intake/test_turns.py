"""Two imports into one tenant take turns, or the second is refused; one whose process died is lost."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from intake.school import District, Drop
from pausing import Paused, in_background
from rollbook.intake import months
from rollbook.intake.outcome import Outcome
from rollbook.intake.receipts import list_imports
from rollbook.intake.refusals import ImportRunning

WAITING = "Waiting for another import into this tenant"


def states(district: District) -> list[str]:
    with district.session() as db:
        return [receipt.state for receipt in list_imports(db)]


def test_a_second_import_waits_or_is_refused(district: District, drop: Drop) -> None:
    path, outcomes = drop.write(), list[Outcome]()
    first, second = Paused("Writing"), Paused(WAITING)
    second.may_go_on.set()

    threads = [in_background(lambda: outcomes.append(district.bring(path, report=first)))]
    assert first.is_there.wait(60)
    threads.append(in_background(lambda: outcomes.append(district.bring(path, report=second))))
    assert second.is_there.wait(60)
    with pytest.raises(ImportRunning, match="'oak-valley' is running"):
        district.bring(path, waits=False)
    assert states(district) == ["running"], "who waits has no receipt yet"
    other = District(district.url, "elm-hill").bring(path, waits=False)
    first.may_go_on.set()
    for thread in threads:
        thread.join()

    assert other.written == 14, "another tenant's import is not in the way"
    assert [outcome.written for outcome in outcomes] == [14, 0]
    assert states(district) == ["done", "done"]


CHILD = """
import sys
from pathlib import Path
from intake.school import District
from rollbook.core.progress import Silent

class Stopping(Silent):
    def step(self, title, total=None):
        if title == "Writing":
            print("there", flush=True)
            sys.stdin.readline()

District(sys.argv[1]).bring(Path(sys.argv[2]), report=Stopping())
"""


def test_an_import_whose_process_died_is_lost_and_nothing_is_written(district: District, drop: Drop) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, district.url, str(drop.write())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        text=True,
    )
    with child:
        assert child.stdout
        assert child.stdout.readline() == "there\n"
        assert states(district) == ["running"]
        child.kill()
    while states(district) != ["lost"]:
        assert states(district) in (["running"], ["lost"]), "until the server has noticed"

    assert district.rows("SELECT count(*) FROM schools") == [(0,)]
    assert district.bring(drop).written == 14
    assert states(district) == ["done", "lost"]


def test_months_that_cannot_be_made_are_said(
    district: District, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(months, "_LOCK_TRIES", 1)
    monkeypatch.setattr(months, "_LOCK_TIMEOUT", text("SET LOCAL lock_timeout = '100ms'"))
    district.bring(drop)
    drop.add("marks.csv", "1,2031-02-03,absent")

    with district.session() as db:
        db.execute(text("UPDATE students SET last_name = 'Kim'"))
        with pytest.raises(months.MonthsBusy, match="attendance_records, which needs a new month"):
            district.bring(drop)
        db.rollback()

    assert district.bring(drop).counts["attendance_records"].new == 1
