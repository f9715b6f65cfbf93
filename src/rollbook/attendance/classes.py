"""A class's attendance: who is in a section on a day, and what they were marked; taken by exception.

Who is not named was there. Where the school sends exceptions only, that is no mark, but a correction of one;
elsewhere it is a mark. A class has a period of the school day, the first of its section's, or the whole day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.attendance.models import AttendanceStatus
from rollbook.attendance.recording import (
    MOST_PERIODS,
    NewMark,
    Submitted,
    advance,
    arrays_of,
    require_day,
    submit_through,
)
from rollbook.core.errors import Invalid
from rollbook.core.sql import named_sql
from rollbook.curriculum.sections import SectionFacts
from rollbook.roster.names import student_name

_SQL: Final = named_sql("rollbook.attendance", "classes.sql")
_DAYS: Final = named_sql("rollbook.attendance")


class DayOutsideSection(Invalid):
    """The section meets from {starts_on} to {ends_on}: {day} is not among its days. Nothing was written."""


class DayAhead(Invalid):
    """{day} has not come yet. Nothing was written."""


class PeriodNotOfSection(Invalid):
    """The section does not meet in that period. Nothing was written."""


class StrangersInClass(Invalid):
    """{count} of the students listed are not in this class on {day}. Nothing was written."""


@dataclass(frozen=True, slots=True)
class ClassMark:
    """A student of a class and their mark; none: there is no mark, which counts as present."""

    student_id: UUID
    student_number: str
    name: str
    status: AttendanceStatus | None
    minutes_late: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking attendance wrote: ``exceptions`` were named, ``written`` marks say something new."""

    students: int
    exceptions: int
    written: int


@dataclass(frozen=True, slots=True)
class DayMark:
    """A mark other than present on a school's day."""

    student_id: UUID
    student_number: str
    name: str
    period: int
    status: AttendanceStatus
    minutes_late: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class SchoolDay:
    """How far a school's day is told. ``is_by_exception``: once it is submitted, no mark means present."""

    enrolled: int
    marked: int
    is_by_exception: bool
    submitted_through: date | None
    exceptions: Sequence[DayMark]


def periods_of(section: SectionFacts) -> list[int]:
    """Return the periods in which the section's attendance can be taken; 0 is the whole day."""
    said = [int(period) for period in section.periods or () if period.isascii() and period.isdecimal()]
    among = [period for period in said if 1 <= period <= MOST_PERIODS]
    return [0] if section.is_homeroom or not among else among


def class_marks(db: Session, tenant_id: int, section_id: UUID, day: date, period: int) -> list[ClassMark]:
    """Return those in the class on the day whom the transaction sees, by name, with their marks."""
    key = {"tenant_id": tenant_id, "section_id": section_id, "on_day": day, "period": period}
    return [
        ClassMark(
            row.student_id,
            row.student_number,
            student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
            AttendanceStatus(row.status) if row.status else None,
            row.minutes_late or 0,
            row.reason,
        )
        for row in db.execute(_SQL["class_marks"], key)
    ]


def check_class_day(db: Session, section: SectionFacts, day: date, *, today: date) -> None:
    """See that the class met on the day, and that its marks can be written.

    Raises: ``DayAhead``; ``DayOutsideSection``; ``NotInstructional``; ``MonthMissing``.
    """
    if day > today:
        raise DayAhead(day=day)
    if not section.starts_on <= day <= section.ends_on:
        raise DayOutsideSection(starts_on=section.starts_on, ends_on=section.ends_on, day=day)
    known = db.execute(_DAYS["school_on"], {"school_id": section.school_id, "on_day": day}).one()
    require_day(day, is_instructional=known.is_instructional, has_month=known.has_month)


def take_attendance(  # noqa: PLR0913 -- of which class, when, what
    db: Session,
    tenant_id: int,
    section: SectionFacts,
    day: date,
    exceptions: Sequence[NewMark],
    *,
    period: int,
    today: date,
) -> Taken:
    """Write a class's attendance; the list is the whole truth: who is not in it was present.

    Of the class those are meant whom the transaction sees.
    Raises: what ``check_class_day`` raises; ``PeriodNotOfSection``; ``MarkInvalid``; ``MarkedTwice``;
            ``StrangersInClass``.
    """
    check_class_day(db, section, day, today=today)
    if period not in periods_of(section) or any(mark.period != period for mark in exceptions):
        raise PeriodNotOfSection
    listed = arrays_of(exceptions)
    members = class_marks(db, tenant_id, section.section_id, day, period)
    strangers = set(listed["student_ids"]) - {member.student_id for member in members}
    if strangers:
        raise StrangersInClass(count=len(strangers), day=day)
    facts = {"tenant_id": tenant_id, "on_day": day}
    written = len(db.execute(_DAYS["write_marks"], facts | listed).all())
    rest = {"section_id": section.section_id, "period": period, "student_ids": listed["student_ids"]}
    written += len(db.execute(_SQL["mark_class_present"], facts | rest).all())
    return Taken(len(members), len(exceptions), written)


def school_day(db: Session, tenant_id: int, school_id: UUID, day: date) -> SchoolDay:
    """Return what is known of a school's day, the marks other than present by name."""
    key = {"tenant_id": tenant_id, "school_id": school_id, "on_day": day}
    known = db.execute(_SQL["school_day"], key).one()
    marks = [
        DayMark(
            row.student_id,
            row.student_number,
            student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
            row.period,
            AttendanceStatus(row.status),
            row.minutes_late,
            row.reason,
        )
        for row in db.execute(_SQL["day_exceptions"], key)
    ]
    return SchoolDay(known.enrolled, known.marked, known.is_by_exception, known.submitted_through, marks)


def close_day(db: Session, tenant_id: int, school_id: UUID, day: date, *, today: date) -> Submitted:
    """Submit a school's day as it is marked: whoever has no mark was there.

    Raises: ``DayAhead``; ``NotInstructional``; ``MonthMissing``; ``DayLeftOut``.
    """
    if day > today:
        raise DayAhead(day=day)
    known = db.execute(_DAYS["school_on"], {"school_id": school_id, "on_day": day}).one()
    require_day(day, is_instructional=known.is_instructional, has_month=known.has_month)
    key = {"tenant_id": tenant_id, "school_id": school_id, "on_day": day}
    if not known.is_by_exception:
        marked = list(db.scalars(_SQL["marked_students"], key))
        written = len(db.execute(_DAYS["mark_present"], key | {"student_ids": marked}).all())
        return Submitted(written, 0, known.submitted_through)
    through = advance(day, known.submitted_through, known.day_before)
    submit_through(db, tenant_id, school_id, is_by_exception=True, through=through)
    return Submitted(0, 0, through)
