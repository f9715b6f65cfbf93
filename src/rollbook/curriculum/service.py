"""Verbs of the curriculum."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.curriculum")


@dataclass(frozen=True, slots=True)
class StudentSection:
    """A section as one student took it."""

    section_id: UUID
    course_code: str
    title: str
    section_code: str
    starts_on: date
    ends_on: date
    enrolled_on: date | None
    withdrawn_on: date | None
    result: str | None
    teacher: str | None


def sections_of(
    db: Session, tenant_id: int, student_id: UUID, since: date, until: date
) -> list[StudentSection]:
    """Return the student's sections that ran in [since, until], newest first."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "since": since, "until": until}
    return [StudentSection(*row) for row in db.execute(_SQL["student_sections"], key)]
