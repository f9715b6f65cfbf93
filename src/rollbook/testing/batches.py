"""Batches: many made-up students as a set, one statement each; the same call makes the same figures."""

from collections.abc import Sequence
from datetime import date
from itertools import count as counter
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.curriculum.models import Section
from rollbook.roster.models import School, Staff
from rollbook.testing.rows import TERM_ENDS, TERM_STARTS, ensure_months, known_on, school_year

_SQL: Final = named_sql("rollbook.testing")
_batches = counter(1)


def batch_students(
    db: Session,
    count: int,
    *,
    school: School | None = None,
    counselor: Staff | None = None,
    grades: tuple[int, int] = (9, 12),
    since: date = TERM_STARTS,
    prefix: str | None = None,
) -> list[UUID]:
    """Add ``count`` students, in ``school`` from ``since`` on where one is given; return their ids."""
    low, high = grades
    params = {
        "prefix": prefix or f"B{next(_batches)}-",
        "count": count,
        "low_grade": low,
        "high_grade": high,
        "known_at": known_on(since),
    }
    ids = list(db.scalars(_SQL["batch_students"], params))
    if school:
        batch_school_enrollments(db, ids, school, counselor=counselor, since=since)
    return ids


def batch_school_enrollments(
    db: Session,
    students: Sequence[UUID],
    school: School,
    *,
    counselor: Staff | None = None,
    since: date = TERM_STARTS,
) -> None:
    """Place ``students`` in ``school`` from ``since`` on."""
    params = {
        "student_ids": list(students),
        "school_id": school.school_id,
        "counselor_staff_id": counselor.staff_id if counselor else None,
        "school_year": school_year(since),
        "since": since,
        "known_at": known_on(since),
    }
    db.execute(_SQL["batch_school_enrollments"], params)


def batch_attendance(
    db: Session,
    students: Sequence[UUID],
    *,
    since: date = TERM_STARTS,
    until: date = TERM_ENDS,
    absence_rate: float = 0.06,
    tardy_rate: float = 0.04,
) -> None:
    """Mark every weekday in [since, until] for each of ``students``."""
    ensure_months(db, "attendance_records", since, until)
    params = {
        "student_ids": list(students),
        "since": since,
        "until": until,
        "absence_rate": absence_rate,
        "tardy_rate": tardy_rate,
    }
    db.execute(_SQL["batch_attendance"], params)


def batch_course_enrollments(db: Session, students: Sequence[UUID], section: Section) -> None:
    """Enroll ``students`` in ``section`` from its first day."""
    params = {"student_ids": list(students), "section_id": section.section_id}
    db.execute(_SQL["batch_course_enrollments"], params)


def batch_grades(db: Session, section: Section, *, assignments: int = 10) -> None:
    """Set ``assignments`` pieces of work, one a week, and mark them for everyone enrolled in ``section``."""
    db.execute(_SQL["batch_assignments"], {"section_id": section.section_id, "count": assignments})
    db.execute(_SQL["batch_grades"], {"section_id": section.section_id})
