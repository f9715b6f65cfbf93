"""Verbs of activity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.activity")


@dataclass(frozen=True, slots=True)
class Week:
    """What was done online in a week, known by its Monday."""

    week: date
    active_days: int
    events: int
    last_on: date


@dataclass(frozen=True, slots=True)
class Activity:
    """A student's online activity over a window; a week without any has no row."""

    weeks: Sequence[Week]

    @property
    def active_days(self) -> int:
        """Days on which something was done."""
        return sum(week.active_days for week in self.weeks)

    @property
    def last_on(self) -> date | None:
        """The last such day."""
        return self.weeks[-1].last_on if self.weeks else None

    @property
    def busiest(self) -> int:
        """Events in the busiest week."""
        return max((week.events for week in self.weeks), default=0)


def activity_of(db: Session, tenant_id: int, student_id: UUID, since: date, until: date) -> Activity:
    """Return what the student did online in [since, until], by week."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "since": since, "until": until}
    return Activity([Week(*row) for row in db.execute(_SQL["student_weeks"], key)])
