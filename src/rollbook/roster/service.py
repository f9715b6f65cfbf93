"""Verbs of the roster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.errors import NotFound
from rollbook.core.paging import read_cursor, write_cursor
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import sees_whole_tenant
from rollbook.roster.names import student_name

COUNTED_TO: Final = 10_000
_SQL: Final = named_sql("rollbook.roster")


class StudentNotFound(NotFound):
    """There is no such student, or you are not one of those who may see them."""


@dataclass(frozen=True, slots=True)
class StudentCard:
    """Who a student is and where."""

    student_id: UUID
    student_number: str
    name: str
    grade_level: int | None
    school: str | None
    counselor: str | None


@dataclass(frozen=True, slots=True)
class StudentLine:
    """A student in a list."""

    student_id: UUID
    student_number: str
    name: str
    grade_level: int | None


@dataclass(frozen=True, slots=True)
class StudentPage:
    """Some students by number. ``total`` counts all in sight, up to ``COUNTED_TO`` + 1 of them."""

    rows: Sequence[StudentLine]
    total: int
    next_cursor: str | None


def find_student(db: Session, tenant_id: int, student_id: UUID, on_day: date) -> StudentCard:
    """Return who the student is and where they were on a day.

    Raises: ``StudentNotFound``, also for a student whom this transaction may not see.
    """
    key = {"tenant_id": tenant_id, "student_id": student_id, "on_day": on_day}
    row = db.execute(_SQL["student_card"], key).one_or_none()
    if row is None:
        raise StudentNotFound
    counselor = " ".join(filter(None, (row.counselor_first_name, row.counselor_last_name)))
    return StudentCard(
        student_id=row.student_id,
        student_number=row.student_number,
        name=student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
        grade_level=row.grade_level,
        school=row.school_name,
        counselor=counselor or None,
    )


def school_year_entry(db: Session, tenant_id: int, student_id: UUID, on_day: date) -> date | None:
    """Return when the student entered in the school year that they were in on a day, at whichever school."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "on_day": on_day}
    entry: date | None = db.execute(_SQL["school_year_entry"], key).scalar_one()
    return entry


def list_students(  # noqa: PLR0913 -- each is a part of the address
    db: Session,
    tenant_id: int,
    *,
    today: date,
    q: str = "",
    grade_level: int | None = None,
    school: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> StudentPage:
    """Return students by number, those after ``cursor``.

    Raises: ``CursorInvalid``.
    """
    sees_all = sees_whole_tenant(db)
    wanted = {
        "tenant_id": tenant_id,
        "sees_all": sees_all,
        "today": today,
        "words": q.split(),
        "grade_level": grade_level,
        "school": school,
        "after": read_cursor(cursor, str)[0] if cursor else None,
        "page_size": limit + 1,
    }
    found = db.execute(_SQL["students_page"], wanted).all()
    rows = [
        StudentLine(
            row.student_id,
            row.student_number,
            student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
            row.grade_level,
        )
        for row in found[:limit]
    ]
    total: int = db.execute(
        _SQL["students_count"], {"tenant_id": tenant_id, "sees_all": sees_all, "most": COUNTED_TO + 1}
    ).scalar_one()
    return StudentPage(rows, total, write_cursor(rows[-1].student_number) if len(found) > limit else None)
