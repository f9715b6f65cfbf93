"""Flourish's teachers and students, by number and one name."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from exchange.compat.conftest import Ask
from rollbook.roster.models import Staff, Student
from rollbook.testing import factories as make


def _ask(ask: Ask, query: str) -> list[tuple[object, ...]]:
    return list(ask(query, path="flourish"))


@pytest.fixture
def taught(ask: Ask) -> None:
    """Two teachers; a student of the first."""
    _ask(ask, "INSERT INTO teachers (id, name, email) VALUES ('T001', 'Grace Hopper', 'grace@oak.test')")
    _ask(ask, "INSERT INTO teachers (id, name) VALUES ('T002', 'Plato')")
    _ask(
        ask, "INSERT INTO students (id, name, grade, teacher_id) VALUES ('S001', 'Ada King Byron', 7, 'T001')"
    )


@pytest.mark.usefixtures("taught")
def test_people_are_what_was_inserted(db: Session, ask: Ask) -> None:
    assert _ask(ask, "SELECT id, name, email FROM teachers ORDER BY id") == [
        ("T001", "Grace Hopper", "grace@oak.test"),
        ("T002", "Plato", None),
    ]
    assert _ask(ask, "SELECT id, name, grade, teacher_id FROM students") == [
        ("S001", "Ada King Byron", 7, "T001")
    ]
    student = db.scalars(select(Student)).one()
    assert (student.first_name, student.last_name) == ("Ada King", "Byron")
    assert db.scalars(select(Staff.last_name).order_by(Staff.staff_number)).all() == ["Hopper", ""]


@pytest.mark.usefixtures("taught")
def test_a_student_has_one_teacher_at_a_time(ask: Ask) -> None:
    for teacher in ("T002", "T001", None, "T001"):
        _ask(ask, "UPDATE students SET teacher_id = " + (f"'{teacher}'" if teacher else "NULL"))

        assert _ask(ask, "SELECT teacher_id FROM students") == [(teacher,)]


@pytest.mark.usefixtures("taught")
def test_names_are_changed_and_the_version_before_kept(db: Session, ask: Ask) -> None:
    _ask(ask, "UPDATE students SET name = 'Ada Lovelace', grade = 8")
    _ask(ask, "UPDATE teachers SET name = 'Grace Murray' WHERE id = 'T001'")

    assert _ask(ask, "SELECT name, grade FROM students") == [("Ada Lovelace", 8)]
    kept = text("SELECT last_name FROM students_history UNION ALL SELECT last_name FROM staff_history")
    assert db.scalars(kept).all() == ["Byron", "Hopper"]


@pytest.mark.usefixtures("taught")
def test_who_is_referred_to_is_not_deleted(ask: Ask) -> None:
    assert _ask(ask, "DELETE FROM teachers WHERE id = 'T002' RETURNING id") == [("T002",)]
    with pytest.raises(DBAPIError, match="foreign key"):
        _ask(ask, "DELETE FROM teachers")


def test_the_teacher_of_one_without_a_homeroom_teaches_them_something(db: Session, ask: Ask) -> None:
    student = make.create_student(db, number="S9")
    section = make.create_section(db, teacher=make.create_staff(db))
    make.enroll_in_course(db, student, section)

    ((number,),) = db.execute(select(Staff.staff_number)).all()
    assert _ask(ask, "SELECT id, teacher_id FROM students") == [("S9", number)]


def test_a_teacher_unknown_here_is_refused(ask: Ask) -> None:
    with pytest.raises(DBAPIError, match="names no teacher"):
        _ask(
            ask, "INSERT INTO students (id, name, grade, teacher_id) VALUES ('S001', 'Ada Byron', 7, 'T404')"
        )
