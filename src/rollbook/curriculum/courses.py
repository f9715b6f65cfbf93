"""Courses of the catalogue: what they ask for and what they teach."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.errors import NotFound
from rollbook.core.paging import read_cursor, write_cursor
from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.curriculum", "courses.sql")


class CourseNotFound(NotFound):
    """There is no such course. The list of courses names them all."""


@dataclass(frozen=True, slots=True)
class CourseLine:
    """A course. ``school``: none where the whole tenant offers it; ``credits``: earned by passing it."""

    course_id: UUID
    course_code: str
    title: str
    subject: str | None
    level: str
    credits: float | None
    low_grade: int | None
    high_grade: int | None
    school: str | None
    sections_running: int


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A course that another asks for. ``is_direct``: by itself, not by way of another prerequisite."""

    course_id: UUID
    course_code: str
    title: str
    is_direct: bool


@dataclass(frozen=True, slots=True)
class Standard:
    """Something that students are to learn."""

    standard_code: str
    description: str
    subject: str | None
    grade_level: int | None


@dataclass(frozen=True, slots=True)
class CourseCard:
    """A course with all that it asks for and teaches."""

    course: CourseLine
    description: str | None
    prerequisites: Sequence[Prerequisite]
    standards: Sequence[Standard]


@dataclass(frozen=True, slots=True)
class CourseFilter:
    """Which courses are wanted. ``q``: words of code or title; ``school``: its code."""

    q: str = ""
    subject: str | None = None
    school: str | None = None


def list_courses(  # noqa: PLR0913 -- each is a part of the address
    db: Session,
    tenant_id: int,
    on_day: date,
    wanted: CourseFilter,
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[CourseLine], str | None]:
    """Return courses by code, those after ``cursor``, and the cursor of the next ones.

    Raises: ``CursorInvalid``.
    """
    found = db.execute(
        _SQL["courses_page"],
        {
            "tenant_id": tenant_id,
            "on_day": on_day,
            "words": wanted.q.split(),
            "subject": wanted.subject,
            "school": wanted.school,
            "after": read_cursor(cursor, str)[0] if cursor else None,
            "page_size": limit + 1,
        },
    )
    lines = [CourseLine(*row) for row in found]
    rows = lines[:limit]
    return rows, write_cursor(rows[-1].course_code) if len(lines) > limit else None


def find_course(db: Session, tenant_id: int, course_id: UUID, on_day: date) -> CourseCard:
    """Return one course.

    Raises: ``CourseNotFound``.
    """
    key = {"tenant_id": tenant_id, "course_id": course_id}
    row = db.execute(_SQL["course_card"], key | {"on_day": on_day}).one_or_none()
    if row is None:
        raise CourseNotFound
    return CourseCard(
        CourseLine(*row[:-1]),
        row.description,
        prerequisites_of(db, tenant_id, course_id),
        [Standard(*standard) for standard in db.execute(_SQL["standards_of"], key)],
    )


def prerequisites_of(db: Session, tenant_id: int, course_id: UUID) -> list[Prerequisite]:
    """Return all that a course asks for, directly or by way of another, the direct ones first.

    Where prerequisites run in a circle, each is named once, and the course itself never.
    """
    key = {"tenant_id": tenant_id, "course_id": course_id}
    return [Prerequisite(*row) for row in db.execute(_SQL["prerequisites_of"], key)]
