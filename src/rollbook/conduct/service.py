"""Verbs of conduct."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql

SEVERITIES: Final = {1: "minor", 2: "moderate", 3: "serious", 4: "severe", 5: "critical"}
_SQL: Final = named_sql("rollbook.conduct")


@dataclass(frozen=True, slots=True)
class Incident:
    """A student's part in an incident."""

    incident_on: date
    incident_type: str
    severity_level: int
    description: str | None
    action_taken: str | None

    @property
    def severity(self) -> str:
        """The level in a word."""
        return SEVERITIES[self.severity_level]


def incidents_of(db: Session, tenant_id: int, student_id: UUID, since: date, until: date) -> list[Incident]:
    """Return the student's incidents in [since, until], newest first."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "since": since, "until": until}
    return [Incident(*row) for row in db.execute(_SQL["student_incidents"], key)]
