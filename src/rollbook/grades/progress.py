"""How far students have come in their courses, measured as a set on the days that somebody asks for."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.clock import close_of_day
from rollbook.core.errors import NotFound
from rollbook.core.numbers import Number
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.roster.names import student_name

_SQL: Final = named_sql("rollbook.grades", "progress.sql")


class CourseNotFound(NotFound):
    """There is no course '{code}'. The list of courses names them all."""


@dataclass(frozen=True, slots=True)
class StudentProgress:
    """A student's latest measure in a course. Units: ``mean_percent`` of what was marked, 0..100 or above."""

    student_id: UUID
    student_number: str
    name: str
    measured_on: date
    assignments_set: int
    assignments_done: int
    mean_percent: Number | None
    credits_earned: Number | None


def record_progress(db: Session, tenant: Tenant, as_of: date) -> int:
    """Measure all students in all courses that run on ``as_of``; return how many measures are new or differ.

    The same day again changes only what is known better now.
    """
    params = {
        "tenant_id": tenant.tenant_id,
        "as_of": as_of,
        "known_until": close_of_day(as_of, tenant.time_zone),
    }
    result = db.connection().execute(
        _SQL["record_progress"], params, execution_options={"preserve_rowcount": True}
    )
    return result.rowcount


def progress_in(db: Session, tenant: Tenant, course_code: str, as_of: date) -> list[StudentProgress]:
    """Return each student's latest measure in a course by ``as_of``, by number.

    Raises: ``CourseNotFound``.
    """
    params = {"tenant_id": tenant.tenant_id, "course_code": course_code}
    if not db.scalar(_SQL["has_course"], params):
        raise CourseNotFound(code=course_code)
    return [
        StudentProgress(
            row.student_id,
            row.student_number,
            student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
            *row[5:],
        )
        for row in db.execute(_SQL["course_progress"], params | {"as_of": as_of})
    ]
