"""Schools: which there are, who works there and how many students are in them."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.errors import NotFound
from rollbook.core.paging import read_cursor, write_cursor
from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.roster", "schools.sql")


class SchoolNotFound(NotFound):
    """There is no such school. The list of schools names them all."""


@dataclass(frozen=True, slots=True)
class SchoolLine:
    """A school. ``students``: those in sight who are enrolled there on the day."""

    school_id: UUID
    school_code: str
    name: str
    school_type: str
    low_grade: int | None
    high_grade: int | None
    students: int


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Someone who works at a school. ``staff_role``: none where only their home school is known."""

    staff_id: UUID
    staff_number: str
    name: str
    staff_role: str | None
    email: str | None
    phone: str | None
    begins_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class GradeCount:
    """How many students of a grade are in sight; kindergarten is 0."""

    grade_level: int | None
    students: int


def list_schools(
    db: Session, tenant_id: int, on_day: date, *, cursor: str | None = None, limit: int = 1000
) -> tuple[list[SchoolLine], str | None]:
    """Return schools by code, those after ``cursor``, and the cursor of the next ones.

    Raises: ``CursorInvalid``.
    """
    wanted = {
        "tenant_id": tenant_id,
        "on_day": on_day,
        "after": read_cursor(cursor, str)[0] if cursor else None,
        "page_size": limit + 1,
    }
    found = [SchoolLine(*row) for row in db.execute(_SQL["schools_page"], wanted)]
    rows = found[:limit]
    return rows, write_cursor(rows[-1].school_code) if len(found) > limit else None


def find_school(db: Session, tenant_id: int, school_id: UUID, on_day: date) -> SchoolLine:
    """Return one school.

    Raises: ``SchoolNotFound``.
    """
    key = {"tenant_id": tenant_id, "school_id": school_id, "on_day": on_day}
    row = db.execute(_SQL["school_card"], key).one_or_none()
    if row is None:
        raise SchoolNotFound
    return SchoolLine(*row)


def staff_of_school(db: Session, tenant_id: int, school_id: UUID, on_day: date) -> list[StaffMember]:
    """Return who works at the school on the day, those who lead it first."""
    key = {"tenant_id": tenant_id, "school_id": school_id, "on_day": on_day}
    return [StaffMember(*row) for row in db.execute(_SQL["school_staff"], key)]


def grades_of_school(db: Session, tenant_id: int, school_id: UUID, on_day: date) -> list[GradeCount]:
    """Return how many of the school's students in sight are in each grade on the day."""
    key = {"tenant_id": tenant_id, "school_id": school_id, "on_day": on_day}
    return [GradeCount(*row) for row in db.execute(_SQL["school_grades"], key)]
