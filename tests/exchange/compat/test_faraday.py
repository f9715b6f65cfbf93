"""The tables that Faraday's and the physics assistant's documents name."""

import re
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from exchange.compat.conftest import Ask
from real_students import NEEDS_ORIGINALS, ORIGINALS
from rollbook.testing import factories as make

# Of the physics assistant's, those that have a room so far.
LATER = {"user_preferences", "user_progress", "interactions", "messages", "agent_calls", "file_uploads"}


def _named(document: Path) -> set[str]:
    return set(re.findall(r"^- `([a-z_]+)` - ", document.read_text(encoding="utf-8"), re.MULTILINE))


@pytest.mark.parametrize(
    "schema", [pytest.param(name, marks=NEEDS_ORIGINALS) for name in ("faraday", "physics")]
)
def test_every_table_that_the_document_names_is_there(db: Session, schema: str) -> None:
    (document,) = ORIGINALS.glob(f"*-{schema}-*.md")
    found = db.scalars(
        text("SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace(:schema)"), {"schema": schema}
    )

    assert {name for name in _named(document) if not name.startswith("idx_")} - LATER <= set(found)


def test_rows_are_added(ask: Ask) -> None:
    def insert(table: str, columns: str, *values: object) -> str:
        places = ", ".join(["%s"] * len(values))
        ((made,),) = ask(
            f"INSERT INTO {table} ({columns}) VALUES ({places}) RETURNING id", *values, path="faraday"
        )
        return str(made)

    school = insert("schools", "school_code, name, school_type, low_grade", "ELM", "Elm", "elementary", 0)
    student = insert(
        "students", "student_number, first_name, last_name, grade_level", "S1", "Ada", "Byron", 3
    )
    place = (student, school, 2026, date(2025, 9, 1))
    insert("student_school_enrollments", "student_id, school_id, school_year, enrollment_date", *place)
    insert("courses", "course_code, name", "PE3", "PE in grade 3")
    activity = insert("activities", "activity_code, name, activity_type", "RUN", "Mile run", "cardio")
    performance = (student, activity, date(2025, 9, 9), 71)
    insert("student_activity_performances", "student_id, activity_id, date, score", *performance)

    asked = (
        "SELECT s.first_name, s.school_id = %s, a.name, p.score, p.date FROM students AS s"
        " JOIN student_activity_performances AS p ON s.id = p.student_id"
        " JOIN activities AS a ON a.id = p.activity_id"
    )
    assert ask(asked, school, path="faraday") == [("Ada", True, "Mile run", 71, date(2025, 9, 9))]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE students SET grade_level = 4",
        "DELETE FROM students",
        "DELETE FROM course_enrollments",
        "UPDATE analytics_events SET event_count = 1",
    ],
)
def test_what_our_tables_keep_versions_of_is_changed_there(db: Session, ask: Ask, statement: str) -> None:
    student, section = make.create_student(db), make.create_section(db)
    make.enroll_in_course(db, student, section)
    make.record_clicks(db, student, section, 3)

    with pytest.raises(DBAPIError, match="is not possible here"):
        ask(statement, path="faraday")


def test_a_place_in_a_course_says_how_it_stands(db: Session, ask: Ask) -> None:
    student = make.create_student(db)
    make.enroll_in_course(db, student, make.create_section(db))
    make.enroll_in_course(db, student, make.create_section(db), withdrawn_on=date(2025, 10, 1))
    passed = make.create_section(db)
    make.enroll_in_course(db, student, passed)
    make.record_outcome(db, student, passed)

    statuses = ask("SELECT status FROM course_enrollments ORDER BY 1", path="faraday")
    assert statuses == [("ended",), ("pass",), ("withdrawn",)]


def test_users_have_no_password_here(ask: Ask) -> None:
    for table in ("users", "user_sessions"):
        columns = ask(f"SELECT attname FROM pg_attribute WHERE attrelid = 'physics.{table}'::regclass")
        assert not {"password_hash", "token_hash"} & {name for (name,) in columns}
        assert ask(f"SELECT count(*) FROM {table}", path="physics") == [(0,)]
