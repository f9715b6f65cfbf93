"""`rollbook archive`: tells before it does, notes what it shows, reaches who is erased."""

import json
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from commands import rollbook
from core.rings import ring_at
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(fresh_database: Database, tmp_path: Path) -> Run:
    """Run a command over a tenant of two students with marks of 2012, one of them gone since."""
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        look_through(db, Visibility(ensure_tenant(db, "oak", name="Oak").tenant_id))
        school = make.create_school(db)
        for number, until in (("S1", date(2012, 6, 1)), ("S2", None), ("S3", None)):
            student = make.create_student(db, name="Ada Byron", number=number)
            make.enroll_in_school(db, student, school, since=date(2011, 9, 1), until=until)
            make.record_attendance(db, student, "PPEU", since=date(2011, 9, 5))
    close_engines(fresh_database.url)

    def command(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        named: dict[str, Any] = {"ROLLBOOK_ARCHIVE_FOLDER": str(tmp_path / "archive")} | settings
        with ring_at(tmp_path / "keyring.json"):
            return rollbook(fresh_database, *arguments, **named)

    return command


ASKED = ("--to", "the mother", "--because", "she asked", "--json")


def attendance(said: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(said)["sections"]["attendance_records"]["rows"]
    return found


@pytest.mark.slow
def test_it_tells_does_asks_and_reaches_who_goes(run: Run, tmp_path: Path) -> None:
    whole = attendance(run("privacy", "record", "S2", *ASKED).stdout)
    count = ("archive", "query", "SELECT count(*) AS n FROM attendance_records", "--json")
    told = json.loads(run("archive", "run", "--yes", "--dry-run", "--json").stdout)
    assert (told["is_done"], [one["month"] for one in told["months"]]) == (False, ["2011-09-01"])
    assert not (tmp_path / "archive").exists()

    done = run("archive", "run", "--yes", "--json")
    assert (done.returncode, json.loads(done.stdout)["files"][0]["row_count"]) == (0, 12), done.stderr
    assert json.loads(run(*count).stdout) == [{"n": 12}]
    shown = json.loads(run("audit", "disclosures", "S2", "--json").stdout)
    assert {one["what"] for one in shown} == {"rollbook archive query", "complete record"}
    assert attendance(run("privacy", "record", "S2", *ASKED).stdout) == whole, "what is archived is told too"
    (tmp_path / "archive").rename(tmp_path / "away")
    refused = run("privacy", "record", "S2", *ASKED)
    (tmp_path / "away").rename(tmp_path / "archive")
    assert (refused.returncode, refused.stdout, "Nothing was handed out" in refused.stderr) == (1, "", True)
    assert json.loads(run("archive", "adopt", "--json").stdout) == {"adopted": [], "lost": []}

    erased = run("privacy", "erase", "S2", "--basis", "request 7", "--yes")
    assert "Taken out of the archive: 4 rows of attendance_records" in erased.stderr, erased.stderr
    removed = json.loads(run("privacy", "retention", "run", "--yes", "--json").stdout)
    assert removed["archived"] == {"attendance_records": 4}
    assert json.loads(run(*count).stdout) == [{"n": 4}]

    refused = run("archive", "restore", "attendance_records", "2011-09")
    assert (refused.returncode, "Say --yes" in refused.stderr) == (1, True)
    assert run("archive", "restore", "attendance_records", "2011-09", "--yes").returncode == 0
    assert json.loads(run(*count).stdout) == [{"n": 4}]


def test_an_erasure_that_cannot_reach_the_archive_says_so(run: Run, tmp_path: Path) -> None:
    assert run("archive", "run", "--yes").returncode == 0
    away = tmp_path / "away"
    (tmp_path / "archive").rename(away)

    erased = run("privacy", "erase", "S2", "--basis", "request 7", "--yes")
    away.rename(tmp_path / "archive")
    later = run("archive", "forget", "--json")

    assert (erased.returncode, "rollbook archive forget" in erased.stderr) == (3, True)
    assert json.loads(later.stdout) == {
        "forgotten": [{"table_name": "attendance_records", "rows": 4, "files": 1}]
    }
