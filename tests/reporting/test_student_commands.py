"""`rollbook student`: one student enrolled, transferred, marked, withdrawn; and what cannot be."""

import json
import subprocess
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

TODAY = date.today()  # noqa: DTZ011 -- as the tenant, in UTC
BEGAN = TODAY - timedelta(days=30)


def student(database: Database, *arguments: object) -> "subprocess.CompletedProcess[str]":
    return rollbook(database, "student", *arguments)


@pytest.fixture
def district(fresh_database: Database) -> Database:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        tenant = ensure_tenant(db, "oak-valley", name="Oak Valley")
        look_through(db, Visibility(tenant.tenant_id))
        make.create_school(db, code="OAK")
        make.create_school(db, code="ELM")
        make.create_student(db, name="Ada Byron", number="S1")
    return fresh_database


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with transaction(engine_for(database.url), Visibility(1)) as db:
        return [tuple(row) for row in db.connection().exec_driver_sql(query)]


def test_a_student_enrolls_is_marked_moves_and_leaves(district: Database) -> None:
    entered = student(district, "enroll", "S1", "OAK", "--on", BEGAN, "--entry-code", "E01", "--json")
    marked = student(district, "mark", "S1", "tardy", "--on", TODAY, "--minutes-late", "9", "--json")
    again = student(district, "mark", "S1", "tardy", "--on", TODAY, "--minutes-late", "9", "--json")
    moved = student(district, "transfer", "S1", "ELM", "--on", TODAY, "--exit-code", "W01", "--json")
    left = student(district, "withdraw", "S1", "--on", TODAY, "--json")

    assert [each.returncode for each in (entered, marked, again, moved, left)] == [0] * 5, moved.stderr
    assert [json.loads(each.stdout)["written"] for each in (marked, again)] == [1, 0]
    stays = (
        "SELECT school_code, entry_on, exit_on, entry_code, exit_code FROM student_school_enrollments"
        " JOIN schools USING (tenant_id, school_id) ORDER BY entry_on"
    )
    assert rows(district, stays) == [
        ("OAK", BEGAN, TODAY, "E01", "W01"),
        ("ELM", TODAY, TODAY, None, None),
    ]
    assert rows(district, "SELECT date, status, minutes_late FROM attendance_records") == [
        (TODAY, "tardy", 9)
    ]
    assert rows(district, "SELECT action FROM activity_logs ORDER BY log_id") == [
        ("student_enrolled",),
        ("attendance_marked",),
        ("attendance_marked",),
        ("student_transferred",),
        ("student_withdrawn",),
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("enroll", "S9", "OAK", "--on", TODAY), "no student with the number 'S9'"),
        (("enroll", "S1", "NONE", "--on", TODAY), "NONE"),
        (("withdraw", "S1", "--on", TODAY), "no open primary enrollment"),
        (("mark", "S1", "absent", "--on", TODAY + timedelta(days=2)), "has not come yet"),
        (("mark", "S1", "absent", "--on", "1900-01-01"), "too long ago"),
        (("mark", "S1", "absent", "--on", TODAY), "enrolled in no school"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    district: Database, arguments: tuple[object, ...], told: str
) -> None:
    refused = student(district, *arguments)

    assert refused.returncode in {1, 4}
    assert told in refused.stderr
    assert rows(district, "SELECT 1 FROM activity_logs") == []
