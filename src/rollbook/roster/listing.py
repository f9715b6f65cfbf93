"""The register of students: who is in sight, found by name, school and grade."""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from rollbook.core.paging import Page, find_page
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import sees_whole_tenant
from rollbook.roster.names import student_name

PAGE_SIZE: Final = 50
_SQL: Final = named_sql("rollbook.roster", "listing.sql")
Sort = Literal["name", "number", "grade"]


@dataclass(frozen=True, slots=True)
class StudentFilter:
    """Which students are wanted. ``q``: words of a name or number; ``school``: its code."""

    q: str = ""
    school: str | None = None
    grade_level: int | None = None
    sort: Sort = "name"

    @property
    def is_set(self) -> bool:
        """Whether it leaves anybody out."""
        return bool(self.q or self.school) or self.grade_level is not None


@dataclass(frozen=True, slots=True)
class RosterLine:
    """A student in the register; school and counselor are those of the day."""

    student_id: UUID
    student_number: str
    name: str
    grade_level: int | None
    school: str | None
    counselor: str | None


def find_students(  # noqa: PLR0913 -- each is a part of the address
    db: Session,
    tenant_id: int,
    on_day: date,
    wanted: StudentFilter,
    *,
    after: str | None = None,
    page_size: int = PAGE_SIZE,
) -> Page[RosterLine]:
    """Return one page of the students in sight that fit.

    Raises: ``CursorInvalid``.
    """
    return find_page(
        db,
        _SQL["students_matching"],
        {
            "tenant_id": tenant_id,
            "on_day": on_day,
            "sees_all": sees_whole_tenant(db),
            "grade_level": wanted.grade_level,
            "school": wanted.school,
            "sort": wanted.sort,
        },
        _line,
        described=_SQL["students_listed"],
        words=wanted.q.split(),
        after=after,
        page_size=page_size,
    )


def grades_in_sight(db: Session, tenant_id: int) -> list[int]:
    """Return the grades that students in sight are in; kindergarten is 0."""
    asked = {"tenant_id": tenant_id, "sees_all": sees_whole_tenant(db)}
    return list(db.scalars(_SQL["grades_in_sight"], asked))


def _line(row: RowMapping) -> RosterLine:
    return RosterLine(
        student_id=row["student_id"],
        student_number=row["student_number"],
        name=student_name(row["student_number"], row["first_name"], row["last_name"], row["preferred_name"]),
        grade_level=row["grade_level"],
        school=row["school"],
        counselor=row["counselor"],
    )
