"""What rooms keep of their records is brought up to date by the commands that write them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from commands import rollbook
from exchange.csvs import ENROLLED, MARKS, SCHOOLS, STUDENTS, Place
from rollbook.core.database import engine_for
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]
KEPT = "SELECT count(*) FROM attendance_weeks"
NOTED = "SELECT count(*) FROM attendance_stale_weeks"


@pytest.fixture
def run(fresh_database: Database, tmp_path: Path) -> Run:
    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return rollbook(fresh_database, "import", *arguments, cwd=tmp_path, ROLLBOOK_TENANT="oak-valley")

    return command


@pytest.fixture
def place(fresh_database: Database, tmp_path: Path) -> Place:
    """Lend a tenant with students at a school, and their marks in a file."""
    place = Place(fresh_database.url, tmp_path)
    place.bring("schools", SCHOOLS)
    place.bring("students", STUDENTS)
    place.bring("enrollments", ENROLLED)
    (tmp_path / "marks.csv").write_text(MARKS)
    return place


def test_sums_are_right_after_an_import_and_after_its_undoing(run: Run, place: Place) -> None:
    brought = run("csv", "attendance", "marks.csv", "--json")
    assert brought.returncode == 0, brought.stderr
    assert (place.rows(KEPT), place.rows(NOTED)) == ([(2,)], [(0,)])

    undone = run("undo", str(json.loads(brought.stdout)["import_id"]), "--yes")

    assert undone.returncode == 0, undone.stderr
    assert (place.rows(KEPT), place.rows(NOTED)) == ([(0,)], [(0,)])


def test_a_receipt_is_told_though_the_sums_could_not_be_kept(
    run: Run, place: Place, fresh_database: Database
) -> None:
    with engine_for(fresh_database.owner_url).begin() as owner:
        owner.execute(text("REVOKE INSERT ON attendance_weeks FROM rollbook_app"))

    done = run("csv", "attendance", "marks.csv", "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["tables"][0]["new"] == 3
    assert place.rows("SELECT count(*) FROM attendance_records") == [(3,)]
    assert place.rows(NOTED) != [(0,)], "lists count these anew"
