"""Verbs that write attendance by hand: a mark, a school's day. A correction is a version more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.attendance.models import AttendanceStatus
from rollbook.core.errors import Conflict, Invalid, Unavailable
from rollbook.core.sql import named_sql
from rollbook.roster.service import find_student

_SQL: Final = named_sql("rollbook.attendance")
_MONTHS: Final = text("SELECT rollbook_ensure_months('attendance_records', :since, :until)")
MOST_PERIODS: Final = 20
MOST_MINUTES: Final = 600


class NotEnrolled(Invalid):
    """The student is enrolled in no school on {day}. Nothing was written."""


class StrangersListed(Invalid):
    """{count} of the students listed are not enrolled in this school on {day}. Nothing was written."""


class NotInstructional(Invalid):
    """{day} is not a day of instruction in the school's calendar. Nothing was written."""


class MonthMissing(Unavailable):
    """There is no partition for the marks of {month} yet. Nothing was written; `ensure_months` makes it."""


class MarkInvalid(Invalid):
    """A period is 0 (the whole day) to 20; minutes late are 0 to 600, and only a tardy mark has any."""


class MarkedTwice(Invalid):
    """The list marks a student twice for the same period. Nothing was written."""


class DayLeftOut(Conflict):
    """The school has not submitted {before} yet, so that {day} cannot be its next day.

    Submit that day first, or say through which day its attendance is complete.
    """


@dataclass(frozen=True, slots=True)
class NewMark:
    """A student's mark of a day."""

    student_id: UUID
    status: AttendanceStatus
    period: int = 0
    minutes_late: int = 0
    reason: str | None = None

    def check(self) -> None:
        """See that the mark can be.

        Raises: ``MarkInvalid``.
        """
        is_late = self.minutes_late == 0 or self.status is AttendanceStatus.TARDY
        in_range = 0 <= self.period <= MOST_PERIODS and 0 <= self.minutes_late <= MOST_MINUTES
        if not (is_late and in_range):
            raise MarkInvalid


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a school's day wrote, and through which day its attendance is now complete."""

    written: int
    taken_back: int
    submitted_through: date | None


def ensure_months(db: Session, since: date, until: date) -> None:
    """Make the partitions for marks of [since, until]. It locks: give it a short transaction of its own."""
    db.execute(_MONTHS, {"since": since, "until": until})


def mark(db: Session, tenant_id: int, day: date, new: NewMark) -> bool:
    """Write a student's mark; return whether it says something new.

    Raises: ``MarkInvalid``; ``StudentNotFound``; ``NotEnrolled``; ``NotInstructional``; ``MonthMissing``.
    """
    new.check()
    find_student(db, tenant_id, new.student_id, day)
    place = db.execute(_SQL["enrolled_at"], {"student_id": new.student_id, "on_day": day}).one_or_none()
    if place is None:
        raise NotEnrolled(day=day)
    require_day(day, is_instructional=place.is_instructional, has_month=place.has_month)
    facts = {
        "tenant_id": tenant_id,
        "student_id": new.student_id,
        "on_day": day,
        "period": new.period,
        "status": new.status,
        "minutes_late": new.minutes_late,
        "reason": new.reason,
    }
    return db.execute(_SQL["mark"], facts).one_or_none() is not None


def submit_day(
    db: Session, tenant_id: int, school_id: UUID, day: date, exceptions: Sequence[NewMark]
) -> Submitted:
    """Write a school's day: the exceptions, and that all the others were present.

    The list is the whole truth of the day: marks of an earlier one that it does not have are taken back.
    Where the school sends exceptions only, its attendance is then complete through ``day``; else each of the
    others gets a mark.
    Raises: ``MarkInvalid``; ``MarkedTwice``; ``StrangersListed``; ``NotInstructional``; ``MonthMissing``;
        ``DayLeftOut``.
    """
    known = db.execute(_SQL["school_on"], {"school_id": school_id, "on_day": day}).one()
    require_day(day, is_instructional=known.is_instructional, has_month=known.has_month)
    listed = arrays_of(exceptions)
    _require_enrolled(db, school_id, day, listed["student_ids"])
    place = {"tenant_id": tenant_id, "school_id": school_id, "on_day": day}
    keys = {name: listed[name] for name in ("student_ids", "periods")}
    taken_back = len(db.execute(_SQL["take_back_marks"], place | keys).all())
    facts = {"tenant_id": tenant_id, "on_day": day}
    written = len(db.execute(_SQL["write_marks"], facts | listed).all())
    if not known.is_by_exception:
        others = place | {"student_ids": listed["student_ids"]}
        written += len(db.execute(_SQL["mark_present"], others).all())
        return Submitted(written, taken_back, known.submitted_through)
    through = advance(day, known.submitted_through, known.day_before)
    submit_through(db, tenant_id, school_id, is_by_exception=True, through=through)
    return Submitted(written, taken_back, through)


def submit_through(
    db: Session, tenant_id: int, school_id: UUID, *, is_by_exception: bool, through: date | None
) -> None:
    """Say in what form a school sends attendance, and that it is complete through a day (None: no day)."""
    facts = {"tenant_id": tenant_id, "school_id": school_id}
    db.execute(_SQL["submit_through"], facts | {"is_by_exception": is_by_exception, "through": through})


def require_day(day: date, *, is_instructional: bool | None, has_month: bool) -> None:
    """See that a day is one of instruction, and that its marks can be written.

    Raises: ``NotInstructional``; ``MonthMissing``.
    """
    if is_instructional is False:
        raise NotInstructional(day=day)
    if not has_month:
        raise MonthMissing(month=f"{day:%Y-%m}")


def _require_enrolled(db: Session, school_id: UUID, day: date, student_ids: Sequence[UUID]) -> None:
    listed = {"student_ids": student_ids, "school_id": school_id, "on_day": day}
    strangers = db.execute(_SQL["strangers"], listed).scalar_one()
    if strangers:
        raise StrangersListed(count=strangers, day=day)


def advance(day: date, through: date | None, before: date | None) -> date:
    """Return through which day a school is complete with ``day``: a day left out would count as present.

    Raises: ``DayLeftOut``.
    """
    if before is not None and (through is None or through < before):
        raise DayLeftOut(before=before, day=day)
    return day if through is None else max(day, through)


def arrays_of(marks: Sequence[NewMark]) -> dict[str, Any]:
    """Return the marks column by column, as the queries take them.

    Raises: ``MarkInvalid``; ``MarkedTwice``.
    """
    for each in marks:
        each.check()
    if len({(each.student_id, each.period) for each in marks}) < len(marks):
        raise MarkedTwice
    return {
        "student_ids": [each.student_id for each in marks],
        "periods": [each.period for each in marks],
        "statuses": [each.status.value for each in marks],
        "minutes": [each.minutes_late for each in marks],
        "reasons": [each.reason for each in marks],
    }
