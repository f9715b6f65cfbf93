"""Verbs of conduct that tell of one student."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.conduct.models import ParticipantRole
from rollbook.core.numbers import Number
from rollbook.core.sql import named_sql

SEVERITIES: Final = {1: "minor", 2: "moderate", 3: "serious", 4: "severe", 5: "critical"}
_SQL: Final = named_sql("rollbook.conduct")
_OF_INCIDENT: Final = 10  # columns of student_incidents before those of an action


@dataclass(frozen=True, slots=True)
class Action:
    """What was done about a student's part in an incident."""

    action_type: str
    starts_on: date | None = None
    ends_on: date | None = None
    days_lost: Number | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class StudentIncident:
    """A student's part in an incident, without what concerns others."""

    incident_id: UUID
    incident_number: str
    incident_on: date
    incident_time: time | None
    incident_type: str
    severity_level: int
    location: str | None
    participant_role: str
    injury: str | None
    note: str | None
    actions: Sequence[Action]

    @property
    def severity(self) -> str:
        """The level in a word."""
        return SEVERITIES[self.severity_level]

    @property
    def is_perpetrator(self) -> bool:
        """Whether the student brought it about."""
        return self.participant_role == ParticipantRole.PERPETRATOR

    @property
    def action_taken(self) -> str:
        """The actions in words, empty for none."""
        return ", ".join(action.action_type for action in self.actions)


def incidents_of(
    db: Session, tenant_id: int, student_id: UUID, since: date, until: date
) -> list[StudentIncident]:
    """Return the student's part in the incidents of [since, until], newest first."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "since": since, "until": until}
    rows: list[tuple[Any, ...]] = [tuple(row) for row in db.execute(_SQL["student_incidents"], key)]
    by_incident = groupby(rows, key=lambda row: row[:_OF_INCIDENT])
    return [StudentIncident(*(*incident, _actions(parts))) for incident, parts in by_incident]


def _actions(rows: Iterable[tuple[Any, ...]]) -> tuple[Action, ...]:
    found = (Action(*row[_OF_INCIDENT:]) for row in rows)
    return tuple(action for action in found if action.action_type is not None)
