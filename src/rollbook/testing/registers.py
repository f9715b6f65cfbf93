"""What a school says of its days in a test: its calendar, and how far it has sent attendance."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from sqlalchemy.orm import Session

from rollbook.attendance.models import AttendanceSubmission
from rollbook.roster.models import School
from rollbook.roster.models_calendar import SchoolCalendarDay
from rollbook.testing.rows import TERM_STARTS, add, add_all, known_on


def create_calendar(
    db: Session,
    school: School,
    days: Sequence[date],
    *,
    holidays: Collection[date] = (),
    known_at: datetime | None = None,
) -> list[SchoolCalendarDay]:
    """Give ``school`` a calendar of ``days``, known on the first; no school on ``holidays``."""
    return add_all(
        db,
        [
            SchoolCalendarDay(
                school_id=school.school_id,
                date=day,
                is_instructional=day not in holidays,
                known_at=known_at or known_on(days[0]),
            )
            for day in days
        ],
    )


def send_exceptions(
    db: Session, school: School, through: date | None, *, known_at: datetime | None = None
) -> AttendanceSubmission:
    """Let ``school`` send exceptions only, complete through a day and known on it."""
    sent = AttendanceSubmission(school_id=school.school_id, is_by_exception=True, submitted_through=through)
    if known_at or through:
        sent.known_at = known_at or known_on(through or TERM_STARTS)
    return add(db, sent)
