"""`rollbook privacy retention`: shows every table, refuses too short a time, removes only when told to."""

import json
import subprocess
from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.migrations.registry import metadata
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(fresh_database: Database) -> Run:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        look_through(db, Visibility(ensure_tenant(db, "oak", name="Oak").tenant_id))
        school = make.create_school(db)
        for number, until in (("S1", date(2012, 6, 1)), ("S2", None)):
            student = make.create_student(db, name="Ada Byron", number=number)
            make.enroll_in_school(db, student, school, since=date(2011, 9, 1), until=until)
            make.record_attendance(db, student, "PPEU", since=date(2011, 9, 5))
    close_engines(fresh_database.url)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return rollbook(fresh_database, "privacy", "retention", *arguments)

    return command


def past(run: Run) -> dict[str, int]:
    told = json.loads(run("show", "--json").stdout)
    return {one["table"]: one["past"] for one in told if one["past"]}


def test_only_yes_removes_and_a_dry_run_tells_the_same(run: Run) -> None:
    before = past(run)
    tried = [json.loads(run("run", *how, "--json").stdout) for how in ((), ("--dry-run", "--yes"))]
    between = past(run)
    done = json.loads(run("run", "--yes", "--json").stdout)

    assert before == between == {"attendance_records": 4}
    assert tried[0] == tried[1] == done | {"is_done": False}
    assert done["removed"] == {"attendance_records": 4, "attendance_records_history": 4}
    assert past(run) == {}


def test_every_table_is_shown_and_what_was_set_with_its_reason(run: Run) -> None:
    assert run("set", "grades", "--years", "9", "--reason", "board 4").returncode == 0
    told = {one["table"]: one for one in json.loads(run("show", "--json").stdout)}

    assert set(told) == {name for name in metadata.tables if not name.endswith("_history")}
    assert (told["grades"]["kept"], told["grades"]["default"]) == ("9 years", "3 years")
    assert told["grades"]["set_here"]["reason"] == "board 4"
    assert all(one["why"] for one in told.values())
    assert "board 4" in run("show").stdout


def test_less_than_the_law_is_refused_in_a_sentence(run: Run) -> None:
    refused = run("set", "attendance_records", "--years", "3", "--reason", "x")

    assert refused.returncode == 1
    assert "4 years" in refused.stderr
    assert "2 CFR 200.334" in refused.stderr
