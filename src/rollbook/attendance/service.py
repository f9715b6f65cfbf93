"""Verbs of attendance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql

CHRONIC: Final = 0.1
MARKS_SHOWN: Final = 12
_SQL: Final = named_sql("rollbook.attendance")


@dataclass(frozen=True, slots=True)
class Week:
    """A week of school days, known by its Monday."""

    week: date
    days: int
    missed: int
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

    @property
    def days(self) -> int:
        """School days with a mark."""
        return sum(week.days for week in self.weeks)

    @property
    def missed(self) -> int:
        """Days absent, excused or not (ED FS195)."""
        return sum(week.missed for week in self.weeks)

    @property
    def tardy(self) -> int:
        """Days late."""
        return sum(week.tardy for week in self.weeks)

    @property
    def missed_rate(self) -> float:
        """Units: 0..1 of days."""
        return self.missed / self.days if self.days else 0.0

    @property
    def is_chronic(self) -> bool:
        """Whether it counts as chronic absence: 10 % of days or more."""
        return self.days > 0 and self.missed_rate >= CHRONIC


def attendance_of(db: Session, tenant_id: int, student_id: UUID, since: date, until: date) -> Attendance:
    """Return the student's attendance in [since, until] by week, and the newest marks other than present."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "since": since, "until": until}
    weeks = [Week(*row) for row in db.execute(_SQL["student_weeks"], key)]
    marks = [Mark(*row) for row in db.execute(_SQL["student_marks"], key | {"most": MARKS_SHOWN})]
    return Attendance(weeks, marks)
