"""Grade point averages, credits and transcripts, as of a date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from rollbook.core.clock import close_of_day
from rollbook.core.numbers import Number
from rollbook.core.paging import read_cursor, write_cursor
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, sees_whole_tenant
from rollbook.grades.repeats import CourseGradeLine, count_tries, repeat_policy_of
from rollbook.grades.scales import require_default
from rollbook.roster.names import student_name

_SQL: Final = named_sql("rollbook.grades", "gpa.sql")
_MILLI: Final = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Gpa:
    """Units: points of the default scale, None where no grade has points; credits as the courses'.

    ``course_grades``: those that count; a repeated course counts as the tenant's rule says.
    """

    gpa: Number | None
    weighted_gpa: Number | None
    credits_attempted: Number
    credits_earned: Number
    course_grades: int


@dataclass(frozen=True, slots=True)
class StudentGpa:
    """A student's GPA in a list."""

    student_id: UUID
    student_number: str
    name: str
    grade_level: int | None
    totals: Gpa


@dataclass(frozen=True, slots=True)
class GpaPage:
    """Some students by number."""

    rows: Sequence[StudentGpa]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class GpaFilter:
    """Whose GPA: those at a school (by its code) on the day, or of a grade level. None = all in sight."""

    school: str | None = None
    grade_level: int | None = None


@dataclass(frozen=True, slots=True)
class TranscriptYear:
    """A school year's final grades. ``school_year`` is the calendar year it ends in."""

    school_year: int
    totals: Gpa
    lines: Sequence[CourseGradeLine]


@dataclass(frozen=True, slots=True)
class Transcript:
    """A student's final grades, the newest year first, and what they come to."""

    as_of: date
    totals: Gpa
    years: Sequence[TranscriptYear]


def list_gpa(  # noqa: PLR0913 -- which students, and which of them on this page
    db: Session,
    tenant: Tenant,
    as_of: date,
    wanted: GpaFilter | None = None,
    *,
    cursor: str | None = None,
    limit: int | None = None,
) -> GpaPage:
    """Return the GPA of the students who have a final course grade, by number; all without ``limit``.

    Raises: ``NoDefaultScale``; ``CursorInvalid``.
    """
    require_default(db, tenant.tenant_id)
    ids = _chosen(db, tenant, as_of, wanted or GpaFilter(), cursor, limit)
    shown = ids if ids is None or limit is None else ids[:limit]
    params = _as_of(tenant, as_of) | {
        "student_ids": shown,
        "repeat_policy": repeat_policy_of(db, tenant.tenant_id).value,
    }
    rows = [_student(row) for row in db.execute(_SQL["gpa_list"], params)]
    is_more = ids is not None and limit is not None and len(ids) > limit
    return GpaPage(rows, write_cursor(rows[-1].student_number) if is_more else None)


def _chosen(  # noqa: PLR0913, PLR0917 -- as list_gpa
    db: Session, tenant: Tenant, as_of: date, wanted: GpaFilter, cursor: str | None, limit: int | None
) -> list[UUID] | None:
    """Return whose GPA it is, and one more than ``limit`` if there are more; None = all of the tenant."""
    if wanted == GpaFilter() and cursor is None and limit is None and sees_whole_tenant(db):
        return None
    params = {
        **_as_of(tenant, as_of),
        "school": wanted.school,
        "grade_level": wanted.grade_level,
        "after": read_cursor(cursor, str)[0] if cursor else None,
        "page_size": None if limit is None else limit + 1,
    }
    return list(db.scalars(_SQL["students_with_gpa"], params))


def course_grades_of(db: Session, tenant: Tenant, student_id: UUID, as_of: date) -> list[CourseGradeLine]:
    """Return the student's course grades known at the close of ``as_of``, final or not, newest first."""
    params = _as_of(tenant, as_of) | {"student_id": student_id}
    lines = [CourseGradeLine(*row) for row in db.execute(_SQL["transcript"], params)]
    return count_tries(lines, repeat_policy_of(db, tenant.tenant_id))


def transcript_of(db: Session, tenant: Tenant, student_id: UUID, as_of: date) -> Transcript:
    """Return the student's final grades known at the close of ``as_of``, with the GPA of each year.

    Without a default scale letters have no points, and there is no GPA.
    """
    return transcript(as_of, course_grades_of(db, tenant, student_id, as_of))


def transcript(as_of: date, lines: Sequence[CourseGradeLine]) -> Transcript:
    """Return the final ones of ``lines``, by year."""
    final = [line for line in lines if line.is_final]
    years = [(year, tuple(part)) for year, part in groupby(final, key=lambda line: line.school_year)]
    return Transcript(
        as_of, totals_of(final), tuple(TranscriptYear(year, totals_of(part), part) for year, part in years)
    )


def totals_of(lines: Sequence[CourseGradeLine]) -> Gpa:
    """Return what ``lines`` come to: points weigh by the credits attempted, alike where none are known."""
    counted = [line for line in lines if line.is_counted]
    graded = [(line, line.grade_points, line.weight) for line in counted if line.grade_points is not None]
    weight = sum((weight for _, _, weight in graded), Decimal(0))
    points = sum((points * weight for _, points, weight in graded), Decimal(0))
    bonus = sum((line.bonus * weight for line, points, weight in graded if points > 0), Decimal(0))
    return Gpa(
        gpa=_mean(points, weight),
        weighted_gpa=_mean(points + bonus, weight),
        credits_attempted=sum((line.credits_attempted or Decimal(0) for line in counted), Decimal(0)),
        credits_earned=sum((line.credits_counted or Decimal(0) for line in lines), Decimal(0)),
        course_grades=len(counted),
    )


def _mean(points: Decimal, weight: Decimal) -> Decimal | None:
    """Round half up, as PostgreSQL does."""
    return (points / weight).quantize(_MILLI, ROUND_HALF_UP) if weight else None


def _as_of(tenant: Tenant, as_of: date) -> dict[str, object]:
    return {
        "tenant_id": tenant.tenant_id,
        "as_of": as_of,
        "known_until": close_of_day(as_of, tenant.time_zone),
    }


def _student(row: Row[Any]) -> StudentGpa:
    return StudentGpa(
        row.student_id,
        row.student_number,
        student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
        row.grade_level,
        Gpa(row.gpa, row.weighted_gpa, row.credits_attempted, row.credits_earned, row.course_grades),
    )
