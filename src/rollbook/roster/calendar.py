"""The school calendar: which days are school days, and which session a day is in."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session as Db

from rollbook.core.errors import Invalid
from rollbook.core.sql import named_sql
from rollbook.roster.models_calendar import SessionType

_SQL: Final = named_sql("rollbook.roster", "calendar.sql")
_JULY: Final = 7


class WindowReversed(Invalid):
    """The window ends on {until}, before it begins on {since}."""


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of a school's calendar."""

    date: date
    is_instructional: bool
    term_code: str | None


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """What a month of a school's calendar holds."""

    month: date
    instructional: int
    other: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class AcademicPeriod:
    """A school year, or a part of one. Shape: [starts_on, ends_on]."""

    session_id: UUID
    session_code: str
    title: str
    session_type: str
    starts_on: date
    ends_on: date
    school_year: int
    parent_session_id: UUID | None


def calendar_days(  # noqa: PLR0913 -- which days, of whom, known when
    db: Db,
    tenant_id: int,
    school_id: UUID,
    since: date,
    until: date,
    *,
    only_instructional: bool = False,
    known_until: datetime | None = None,
) -> list[CalendarDay]:
    """Return the days of the school's calendar in [since, until], as known before ``known_until``, or now.

    Raises: ``WindowReversed``.
    """
    if until < since:
        raise WindowReversed(since=since, until=until)
    window = {
        "tenant_id": tenant_id,
        "school_id": school_id,
        "since": since,
        "until": until,
        "only_instructional": only_instructional,
        "known_until": known_until,
    }
    return [CalendarDay(*row) for row in db.execute(_SQL["calendar_days"], window)]


def instructional_days(  # noqa: PLR0913 -- which days, of whom, known when
    db: Db,
    tenant_id: int,
    school_id: UUID,
    since: date,
    until: date,
    *,
    known_until: datetime | None = None,
) -> list[date]:
    """Return the days in [since, until] on which the school teaches; a day the calendar lacks is none.

    Raises: ``WindowReversed``.
    """
    found = calendar_days(
        db, tenant_id, school_id, since, until, only_instructional=True, known_until=known_until
    )
    return [day.date for day in found]


def calendar_months(db: Db, tenant_id: int, school_id: UUID, since: date, until: date) -> list[CalendarMonth]:
    """Return what each month in [since, until] holds."""
    window = {"tenant_id": tenant_id, "school_id": school_id, "since": since, "until": until}
    return [CalendarMonth(*row) for row in db.execute(_SQL["calendar_months"], window)]


def sessions_of_year(db: Db, tenant_id: int, school_year: int) -> list[AcademicPeriod]:
    """Return the school year and its semesters, terms and grading periods, in order."""
    key = {"tenant_id": tenant_id, "school_year": school_year}
    return [AcademicPeriod(*row) for row in db.execute(_SQL["sessions_of_year"], key)]


def sessions_on(db: Db, tenant_id: int, on_day: date) -> list[AcademicPeriod]:
    """Return the sessions that the day is in, the widest first."""
    key = {"tenant_id": tenant_id, "on_day": on_day}
    return [AcademicPeriod(*row) for row in db.execute(_SQL["sessions_on"], key)]


def session_on(db: Db, tenant_id: int, on_day: date, session_type: SessionType) -> AcademicPeriod | None:
    """Return the session of a type that the day is in, the shortest where several hold it."""
    fitting = [one for one in sessions_on(db, tenant_id, on_day) if one.session_type == session_type]
    return fitting[-1] if fitting else None


def school_year_on(db: Db, tenant_id: int, on_day: date) -> int:
    """Return the school year that the day is in, named by the calendar year it ends in.

    Where no session says so, a school year begins in July.
    """
    found = sessions_on(db, tenant_id, on_day)
    return found[0].school_year if found else on_day.year + (on_day.month >= _JULY)


def bounds_of_year(school_year: int) -> tuple[date, date]:
    """Return July to June of a school year: all its days are in it, whatever its sessions say."""
    year = min(
        max(school_year, date.min.year + 1), date.max.year
    )  # of other years there is no July or no June
    return date(year - 1, _JULY, 1), date(year, _JULY - 1, 30)
