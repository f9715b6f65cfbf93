"""From the work to the mark of a course in a grading period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Date,
    Integer,
    Numeric,
    Text,
    TextualSelect,
    Uuid,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from rollbook.core.clock import close_of_day
from rollbook.core.errors import NotFound
from rollbook.core.numbers import Number
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.grades.models import CourseGrade
from rollbook.roster.models_calendar import AcademicSession

_SQL: Final = named_sql("rollbook.grades", "course_grades.sql")
_MARKS: Final = (
    "grade_percent",
    "grade_letter",
    "is_final",
    "credits_attempted",
    "credits_earned",
    "awarded_on",
)


class SectionNotFound(NotFound):
    """There is no such section. The list of sections names them all."""


class SessionNotFound(NotFound):
    """There is no such academic session: name a grading period, term, semester or school year."""


@dataclass(frozen=True, slots=True)
class WorkGrade:
    """The mark that a student's work makes in a section.

    Units: ``grade_percent`` 0..200; credits as the course's.
    """

    student_id: UUID
    section_id: UUID
    grade_percent: Number
    grade_letter: str | None
    credits_attempted: Number | None
    credits_earned: Number | None


def work_grades(  # noqa: PLR0913 -- of what, of when, as known when
    db: Session,
    tenant: Tenant,
    section_ids: Sequence[UUID],
    as_of: date,
    *,
    session_id: UUID | None = None,
    known_until: datetime | None = None,
) -> list[WorkGrade]:
    """Return the marks that the work makes of who is in ``section_ids`` on ``as_of``.

    As known at the close of that day, or before ``known_until``.

    Shape:  one per student and section with work that counts, in no order.
    """
    params = _params(tenant, section_ids, as_of, session_id)
    params |= {"known_until": known_until} if known_until else {}
    return [WorkGrade(*row) for row in db.execute(_SQL["course_grades_of_work"], params)]


def record_course_grades(  # noqa: PLR0913 -- what is recorded, and what it is to count for
    db: Session,
    tenant: Tenant,
    section_ids: Sequence[UUID],
    session_id: UUID,
    as_of: date,
    *,
    is_final: bool = False,
    credit_share: Decimal = Decimal(1),
) -> int:
    """Record for a session the marks that the work makes; return how many are new or differ.

    A final mark is never replaced by one that is not. ``credit_share`` is the share of the course's credits
    that this session gives, such as 0.5 for a semester of a year's course; only a final mark has credits.
    Raises: ``SectionNotFound``; ``SessionNotFound``.
    """
    found = db.scalars(
        _SQL["known_sections"], {"tenant_id": tenant.tenant_id, "section_ids": list(section_ids)}
    )
    if set(found) != set(section_ids):
        raise SectionNotFound
    if db.get(AcademicSession, (tenant.tenant_id, session_id)) is None:
        raise SessionNotFound
    params = _params(tenant, section_ids, as_of, session_id, credit_share)
    made = _of_work().bindparams(**params).subquery("made")
    credit = {name: made.c[name] if is_final else literal(None, Numeric) for name in _MARKS[3:5]}
    row = {
        "tenant_id": literal(tenant.tenant_id, Integer),
        "student_id": made.c.student_id,
        "section_id": made.c.section_id,
        "session_id": literal(session_id, Uuid),
        "grade_percent": made.c.grade_percent,
        "grade_letter": made.c.grade_letter,
        "is_final": literal(is_final, Boolean),
        **credit,
        "awarded_on": literal(as_of, Date),
        "known_at": func.now(),
    }
    result = db.connection().execute(_merge(row), execution_options={"preserve_rowcount": True})
    return result.rowcount


def _merge(row: dict[str, Any]) -> Any:  # noqa: ANN401 -- SQLAlchemy's insert, of no one row type
    """Insert the rows; one that is there already becomes as these say where more than its day differs."""
    new = insert(CourseGrade).from_select(list(row), select(*row.values()))
    kept, told = CourseGrade, new.excluded
    differs = func.row(*(getattr(kept, name) for name in _MARKS[:5])).is_distinct_from(
        func.row(*(told[name] for name in _MARKS[:5]))
    )
    return new.on_conflict_do_update(
        index_elements=["tenant_id", "student_id", "section_id", "session_id"],
        set_={name: told[name] for name in (*_MARKS, "known_at")} | {"import_id": None},
        where=differs & (told.is_final | ~kept.is_final),
    )


def _of_work() -> TextualSelect:
    return _SQL["course_grades_of_work"].columns(
        column("student_id", Uuid),
        column("section_id", Uuid),
        column("grade_percent", Numeric),
        column("grade_letter", Text),
        column("credits_attempted", Numeric),
        column("credits_earned", Numeric),
    )


def _params(
    tenant: Tenant,
    section_ids: Sequence[UUID],
    as_of: date,
    session_id: UUID | None,
    credit_share: Decimal = Decimal(1),
) -> dict[str, Any]:
    return {
        "tenant_id": tenant.tenant_id,
        "section_ids": list(section_ids),
        "session_id": session_id,
        "as_of": as_of,
        "known_until": close_of_day(as_of, tenant.time_zone),
        "credit_share": credit_share,
    }
