"""`rollbook grades ...`: data on stdout, one sentence and exit 1 on bad input."""

import json
import subprocess
from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.curriculum.models import CourseLevel
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(fresh_database: Database) -> Run:
    """Write one student with an A in an honors course, and work in one that runs."""
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        look_through(db, Visibility(ensure_tenant(db, "oak", name="Oak").tenant_id))
        student = make.create_student(db, number="S1", name="=Ada Byron", grade_level=10)
        course = make.create_course(db, code="ALG", credits=1, level=CourseLevel.HONORS)
        section = make.create_section(db, course=course)
        make.enroll_in_course(db, student, section)
        make.record_grades(db, student, section, 80, 90)
        make.record_course_grade(
            db, student, section, make.create_session(db), "A", credits_earned=1, credits_attempted=1
        )
    close_engines(fresh_database.url)

    def command(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return rollbook(fresh_database, "grades", *arguments, COLUMNS="200")

    return command


def test_from_a_scale_to_a_gpa(run: Run) -> None:
    refused = run("gpa")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "rollbook grades scale standard" in refused.stderr

    assert run("scale", "standard").returncode == 0
    listed = json.loads(run("scale", "list", "--json").stdout)
    assert [(scale["scale_code"], scale["is_default"]) for scale in listed] == [("4.0", True)]

    (row,) = json.loads(run("gpa", "--json").stdout)
    assert (row["student_number"], row["gpa"], row["weighted_gpa"]) == ("S1", 4.0, 4.5)
    assert json.loads(run("gpa", "--as-of", "2025-12-01", "--json").stdout) == [], "before it was known"
    header, line = run("gpa", "--csv").stdout.splitlines()
    assert header.startswith("student_number,name,grade_level,gpa")
    assert line.startswith("S1,'=Ada Byron,10,4.000,4.500"), "no spreadsheet runs a name"


def test_what_of_a_repeated_course_counts_is_the_districts_to_say(run: Run) -> None:
    assert json.loads(run("rule", "--json").stdout) == {"repeats": "best"}

    assert json.loads(run("rule", "--repeats", "latest", "--json").stdout) == {"repeats": "latest"}
    assert json.loads(run("rule", "--json").stdout) == {"repeats": "latest"}
    assert run("rule", "--repeats", "worst").returncode == 2


def test_a_scale_of_ones_own(run: Run) -> None:
    made = run(
        "scale",
        "define",
        "ours",
        "--step",
        "A:90:4",
        "--step",
        "F:0:0",
        "--step",
        "P:60",
        "--default",
        "--honors",
        "0.25",
        "--json",
    )

    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["steps"][1] == {
        "grade_letter": "P",
        "min_percent": 60.0,
        "grade_points": None,
    }
    assert json.loads(run("gpa", "--json").stdout)[0]["weighted_gpa"] == 4.25


@pytest.mark.parametrize("step", ["A", "A:x:4", ":90:4", "A:90:4:5", "A:nan:4", "A:90:9"])
def test_a_step_that_cannot_be_read_is_refused(run: Run, step: str) -> None:
    refused = run("scale", "define", "ours", "--step", step, "--json")

    assert (refused.returncode, refused.stdout) == (1, "")
    assert json.loads(refused.stderr)["error"]["code"] in {"StepUnreadable", "ScaleInvalid"}


def test_progress_is_recorded_once_and_listed(run: Run) -> None:
    first, again = (run("progress", "record", "--as-of", "2025-10-01", "--json") for _ in range(2))
    assert [json.loads(done.stdout)["rows_written"] for done in (first, again)] == [1, 0]

    (row,) = json.loads(run("progress", "list", "ALG", "--json").stdout)
    assert (row["assignments_set"], row["assignments_done"], row["mean_percent"]) == (2, 2, 85.0)
    assert "S1" in run("progress", "list", "ALG", "--csv").stdout
    assert run("progress", "list", "NONE").returncode == 1
