"""Verbs of attendance: what a student missed, and who misses much."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.attendance.rules import DEFAULT, Rule, rule_of
from rollbook.attendance.weeks import rows_of_sets, standing, students_in_sight
from rollbook.core.cache import cached
from rollbook.core.errors import Invalid, NotFound
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import whole_tenant

MARKS_SHOWN: Final = 12
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2999, 12, 31)
MOST_AT_ONCE: Final = timedelta(days=2 * 366)
WEEKS_SHOWN: Final = 12
_SQL: Final = named_sql("rollbook.attendance")


class DayOutOfRange(Invalid):
    """The day is out of range: give one from 1900 to 2999."""


class WindowTooWide(Invalid):
    """From {since} to {until} is too much at once: ask for at most {most_days} days."""


class SchoolNotFound(NotFound):
    """The tenant has no school with the code '{school}'. The list of schools names them all."""


@dataclass(frozen=True, slots=True)
class Week:
    """A week of school days, known by its Monday. A day with marks by period is missed by their share."""

    week: date
    days: int
    missed: Decimal
    tardy: int


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark other than present."""

    date: date
    period: int
    status: str
    minutes_late: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Attendance:
    """A student's attendance over a window."""

    weeks: Sequence[Week]
    marks: Sequence[Mark]
    rule: Rule = field(default=DEFAULT)

    @property
    def days(self) -> int:
        """School days that count: those with a mark, or where silence means present."""
        return sum(week.days for week in self.weeks)

    @property
    def missed(self) -> float:
        """Days absent, excused or not (ED FS195); parts of days where there are marks by period."""
        return float(self._missed)

    @property
    def tardy(self) -> int:
        """Days late."""
        return sum(week.tardy for week in self.weeks)

    @property
    def missed_rate(self) -> float:
        """Units: 0..1 of days."""
        return float(self._missed / self.days) if self.days else 0.0

    @property
    def is_chronic(self) -> bool:
        """Whether it counts as chronic absence by the tenant's rule."""
        return self.rule.holds(self._missed, self.days)

    @property
    def _missed(self) -> Decimal:
        return sum((week.missed for week in self.weeks), Decimal(0))


@dataclass(frozen=True, slots=True)
class WeekRate:
    """A week (its Monday) of a grade: days of its students, and how many of them were missed."""

    week: date
    grade_level: int | None
    days: int
    missed: float

    @property
    def attendance_rate(self) -> float:
        """Units: 0..1 of days attended."""
        return 1 - self.missed / self.days


def attendance_of(db: Session, tenant_id: int, student_id: UUID, since: date, until: date) -> Attendance:
    """Return the student's attendance in [since, until] by week, and the newest marks other than present."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "since": since, "until": until}
    window = {"student_ids": [student_id], "since": since, "until": until}
    weeks = [Week(*row) for row in db.execute(_SQL["student_weeks"], window)]
    marks = [Mark(*row) for row in db.execute(_SQL["student_marks"], key | {"most": MARKS_SHOWN})]
    return Attendance(weeks, marks, rule_of(db, tenant_id))


def school_year_start(db: Session, on_day: date) -> date:
    """Return the first day of the school year that a day is in."""
    starts_on: date = db.execute(_SQL["school_year_start"], {"on_day": on_day}).scalar_one()
    return starts_on


def last_day(db: Session, today: date) -> date:
    """Return the last day, up to ``today``, on which attendance is known in the tenant; else ``today``."""
    with whole_tenant(db):
        found: date | None = db.execute(_SQL["last_day"], {"today": today}).scalar_one()
    return found or today


def weeks_before(db: Session, day: date) -> tuple[date, date]:
    """Return the first and last day of the last weeks, up to ``day``, of which attendance is known."""
    end = min(day, last_day(db, day))
    return end - timedelta(weeks=WEEKS_SHOWN, days=end.weekday()), end


def weekly_rates(db: Session, since: date, until: date, *, school: str | None = None) -> Sequence[WeekRate]:
    """Return the days and misses of the students in sight by week and grade, in that order.

    Raises: ``DayOutOfRange``; ``SchoolNotFound``; ``WindowTooWide``.
    """
    require_days(since, until)
    if until - since > MOST_AT_ONCE:
        raise WindowTooWide(since=since, until=until, most_days=MOST_AT_ONCE.days)
    require_school(db, school)
    asked = {"since": since, "until": until, "school": school}
    return cached(
        db,
        "attendance.weekly_rates",
        asked,
        lambda: _weekly_rates(db, since, until, school),
        kind=list[WeekRate],
        topics=("attendance", "schools"),
    )


def _weekly_rates(db: Session, since: date, until: date, school: str | None) -> list[WeekRate]:
    sight = students_in_sight(db)
    wanted = standing(db, since, until).params() | {"students": sight, "sees_all": sight is None}
    rows = rows_of_sets(db, _SQL["weekly_rates"], wanted | {"school": school})
    return [WeekRate(row.week, row.grade_level, int(row.days), float(row.missed)) for row in rows]


def school_of(db: Session, code: str) -> UUID:
    """Return the id of the school with this code.

    Raises: ``SchoolNotFound``.
    """
    row = db.execute(_SQL["school_ids"], {"codes": [code]}).one_or_none()
    if row is None:
        raise SchoolNotFound(school=code)
    school_id: UUID = row.school_id
    return school_id


def require_days(*days: date) -> None:
    """Raise ``DayOutOfRange`` for a day of no school's records: arithmetic on it may leave the calendar."""
    if not all(FIRST_DAY <= day <= LAST_DAY for day in days):
        raise DayOutOfRange


def require_school(db: Session, school: str | None) -> None:
    """Raise ``SchoolNotFound`` if there is no such school."""
    if school is not None:
        school_of(db, school)
