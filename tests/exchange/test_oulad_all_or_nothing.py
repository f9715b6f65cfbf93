"""An import that is killed, at whatever point, has written all or nothing; two at once take turns."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from exchange.drops import Drop, everything, is_empty
from pausing import Paused, in_background
from rollbook.exchange.oulad import ImportSummary
from rollbook.intake import months
from rollbook.intake.months import MonthsBusy
from rollbook.ops.embedded import connect_as_superuser
from rollbook.testing.databases import Database, TestServer

Import = Callable[..., ImportSummary]

# Tells each step and each advance, and goes on when it is told to.
CHILD = """
import sys
from pathlib import Path
from rollbook.exchange.oulad import import_oulad

class Telling:
    def step(self, title, total=None):
        self.title, self.count = title, 0
        self.tell()
    def advance(self, amount=1):
        self.count += 1
        self.tell()
    def tell(self):
        print(self.title, self.count, flush=True)
        sys.stdin.readline()

import_oulad(sys.argv[1], Path(sys.argv[2]), report=Telling())
"""


def start_import(database: Database, directory: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, database.url, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_until(child: "subprocess.Popen[str]", point: str) -> None:
    assert child.stdout
    assert child.stdin
    for line in child.stdout:
        if line.strip() == point:
            return
        child.stdin.write("\n")
        child.stdin.flush()
    pytest.fail(f"the import ended without {point}")


def kill(child: "subprocess.Popen[str]", server: TestServer, database: Database) -> None:
    """Kill -9, and wait until the server has noticed."""
    with child:
        child.kill()
    name = make_url(database.url).database
    with connect_as_superuser(server.settings) as db:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        while db.execute(query, [name]).fetchall() != [(0,)]:
            time.sleep(0.05)


@pytest.mark.parametrize(
    "point",
    [
        "Reading studentVle.csv 0",
        "Checking 4",
        "Adding up clicks 0",
        "Writing 0",
        "Writing 4",
        "Writing clicks 0",
        "Writing clicks 3",
    ],
)
def test_killed_before_the_end_nothing_is_written(
    drop: Drop, rollbook_server: TestServer, fresh_database: Database, import_drop: Import, point: str
) -> None:
    child = start_import(fresh_database, drop.write())
    run_until(child, point)
    kill(child, rollbook_server, fresh_database)

    assert is_empty(everything(rollbook_server, fresh_database))
    assert import_drop(drop).written == 26, "the next import is not in its way"


def test_killed_after_the_commit_all_is_written(
    drop: Drop, rollbook_server: TestServer, fresh_database: Database, import_drop: Import
) -> None:
    child = start_import(fresh_database, drop.write())
    run_until(child, "Updating statistics 0")
    kill(child, rollbook_server, fresh_database)

    assert import_drop(drop).written == 0


@pytest.mark.parametrize("delay_s", [0.02, 0.05, 0.1, 0.2, 0.4])
def test_killed_at_any_instant_all_or_nothing_is_written(
    drop: Drop, rollbook_server: TestServer, fresh_database: Database, import_drop: Import, delay_s: float
) -> None:
    child = start_import(fresh_database, drop.write())
    run_until(child, "Checking 0")
    assert child.stdin
    child.stdin.write("\n" * 1000)
    child.stdin.flush()
    time.sleep(delay_s)
    kill(child, rollbook_server, fresh_database)

    before = 0 if is_empty(everything(rollbook_server, fresh_database)) else 26
    assert before + import_drop(drop).written == 26


def test_a_second_import_of_the_tenant_waits_for_the_first(
    drop: Drop, rollbook_server: TestServer, fresh_database: Database, import_drop: Import
) -> None:
    directory, summaries = drop.write(), dict[str, ImportSummary]()
    first, second = Paused("Writing"), Paused("Waiting for another import into this tenant")
    second.may_go_on.set()

    def run(name: str, report: Paused) -> None:
        summaries[name] = import_drop(directory, report=report)

    threads = [in_background(lambda: run("first", first))]
    assert first.is_there.wait(60)
    threads.append(in_background(lambda: run("second", second)))
    assert second.is_there.wait(60)
    assert is_empty(everything(rollbook_server, fresh_database)), "nobody has written yet"
    first.may_go_on.set()
    for thread in threads:
        thread.join()

    assert (summaries["first"].written, summaries["second"].written) == (26, 0)


def test_an_import_that_cannot_make_its_months_says_so(
    drop: Drop, import_drop: Import, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(months, "_LOCK_TRIES", 1)
    monkeypatch.setattr(months, "_LOCK_TIMEOUT", text("SET LOCAL lock_timeout = '100ms'"))
    later = Drop(tmp_path / "later")
    later.files = {name: content.replace(b"2013J", b"2023J") for name, content in later.files.items()}
    first, directory = Paused("Writing clicks"), drop.write()
    thread = in_background(lambda: import_drop(directory, report=first))
    assert first.is_there.wait(60)

    with pytest.raises(MonthsBusy, match="try again later"):
        import_drop(later, tenant_slug="another")

    first.may_go_on.set()
    thread.join()
    assert import_drop(later, tenant_slug="another").written == 26
