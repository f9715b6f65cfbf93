"""Verbs of attendance: what a student missed, and who misses much."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from rollbook.attendance.rules import DEFAULT, Rule, rule_of
from rollbook.attendance.weeks import students_in_sight
from rollbook.core.errors import Invalid, NotFound
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, whole_tenant
from rollbook.roster.names import student_name

MARKS_SHOWN: Final = 12
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2999, 12, 31)
MOST_AT_ONCE: Final = timedelta(days=2 * 366)
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
class Group:
    """A grade of a school. ``rate`` is the share of all its students' days that were missed, 0..1."""

    school_code: str
    school: str
    grade_level: int | None
    students: int
    chronic: int
    rate: float


@dataclass(frozen=True, slots=True)
class ChronicStudent:
    """A chronically absent student, where they were last. ``rate`` is missed of days, 0..1."""

    student_id: UUID
    student_number: str
    name: str
    school_code: str
    school: str
    grade_level: int | None
    days: int
    missed: float
    unexcused: int
    rate: float


@dataclass(frozen=True, slots=True)
class ChronicAbsence:
    """Who was chronically absent in [since, as_of], by which rule, and how many in each school and grade."""

    since: date
    as_of: date
    rule: Rule
    groups: Sequence[Group]
    students: Sequence[ChronicStudent]

    @property
    def enrolled(self) -> int:
        """Students who were enrolled on a day that counts."""
        return sum(group.students for group in self.groups)

    @property
    def rate(self) -> float:
        """Units: 0..1 of the students are chronically absent."""
        return len(self.students) / self.enrolled if self.enrolled else 0.0


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


def chronic_absence(db: Session, tenant: Tenant, as_of: date, *, school: str | None = None) -> ChronicAbsence:
    """Return who in sight was chronically absent from the start of the school year up to ``as_of``.

    Units:  days are enrolled instructional days whose attendance is known; those at all schools count.
    Shape:  students worst first; a student stands with the school and grade they were in last.
    Raises: ``DayOutOfRange``; ``SchoolNotFound``.
    Source: ED FS195 -- excused and unexcused both count; the share is the tenant's.
    """
    _require_days(as_of)
    _require_school(db, school)
    since, rule = school_year_start(db, as_of), rule_of(db, tenant.tenant_id)
    wanted = {
        "students": students_in_sight(db),
        "since": since,
        "until": as_of,
        "counted_until": _end_of(db, as_of),
        "school": school,
        "chronic_rate": rule.chronic_rate,
        "minimum_days": rule.minimum_days,
    }
    rows = db.execute(_SQL["chronic_absence"], wanted).all()
    groups = sorted((_group(row) for row in rows if row.student_id is None), key=_place)
    students = [_student(row) for row in rows if row.student_id is not None]
    return ChronicAbsence(since, as_of, rule, groups, students)


def weekly_rates(db: Session, since: date, until: date, *, school: str | None = None) -> Sequence[WeekRate]:
    """Return the days and misses of the students in sight by week and grade, in that order.

    Raises: ``DayOutOfRange``; ``SchoolNotFound``; ``WindowTooWide``.
    """
    _require_days(since, until)
    if until - since > MOST_AT_ONCE:
        raise WindowTooWide(since=since, until=until, most_days=MOST_AT_ONCE.days)
    _require_school(db, school)
    window = {"students": students_in_sight(db), "since": since, "until": _end_of(db, until)}
    rows = db.execute(_SQL["weekly_rates"], window | {"school": school})
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


def _end_of(db: Session, day: date) -> date:
    """Return the end of the week of ``day`` if nothing is known of later days in it: whole weeks are kept."""
    if date.max - day < timedelta(weeks=1):
        return day
    sunday = day + timedelta(days=6 - day.weekday())
    return sunday if last_day(db, sunday) <= day else day


def _require_days(*days: date) -> None:
    """Refuse a day on which no school kept records: arithmetic on it may leave the calendar."""
    if not all(FIRST_DAY <= day <= LAST_DAY for day in days):
        raise DayOutOfRange


def _require_school(db: Session, school: str | None) -> None:
    if school is not None:
        school_of(db, school)


def _group(row: Row[tuple[object, ...]]) -> Group:
    return Group(row.school_code, row.school, row.grade_level, row.students, row.chronic, float(row.rate))


def _place(group: Group) -> tuple[str, int]:
    return group.school, -1 if group.grade_level is None else group.grade_level


def _student(row: Row[tuple[object, ...]]) -> ChronicStudent:
    return ChronicStudent(
        student_id=row.student_id,
        student_number=row.student_number,
        name=student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
        school_code=row.school_code,
        school=row.school,
        grade_level=row.grade_level,
        days=int(row.days),
        missed=float(row.missed),
        unexcused=int(row.unexcused),
        rate=float(row.rate),
    )
