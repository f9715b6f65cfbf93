"""Verbs of grades."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.numbers import Number
from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.grades")


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work as a student did it, or did not."""

    section_id: UUID
    course_code: str
    section_code: str
    assignment_code: str
    title: str | None
    assignment_type: str
    max_value: Number
    due_on: date
    has_grade: bool
    grade_value: Number | None
    grade_letter: str | None
    submitted_on: date | None
    is_carried_over: bool
    is_late: bool
    is_missing: bool
    is_exempt: bool

    @property
    def share(self) -> float | None:
        """Units: 0..1 of the points; None where nothing was marked, or it does not count."""
        if self.grade_value is None or self.is_exempt:
            return None
        return float(self.grade_value / self.max_value)


@dataclass(frozen=True, slots=True)
class Coursework:
    """A student's work over a window, newest first."""

    work: Sequence[Work]

    @property
    def due(self) -> int:
        """Pieces that were to come in: all but those that the student is exempt from."""
        return sum(not piece.is_exempt for piece in self.work)

    @property
    def handed_in(self) -> int:
        """Pieces that came in."""
        return sum(piece.has_grade and not piece.is_missing and not piece.is_exempt for piece in self.work)

    @property
    def late(self) -> int:
        """Pieces that came in after their day."""
        return sum(piece.is_late for piece in self.work)

    @property
    def marked(self) -> Sequence[Work]:
        """Pieces with a mark, oldest first."""
        return [piece for piece in reversed(self.work) if piece.share is not None]

    @property
    def mean(self) -> float | None:
        """Units: 0..1; the plain mean of the marks."""
        shares = [piece.share for piece in self.work if piece.share is not None]
        return sum(shares) / len(shares) if shares else None


def coursework_of(db: Session, tenant_id: int, student_id: UUID, since: date, until: date) -> Coursework:
    """Return what was due, or came in, in [since, until] in the sections the student was in."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "since": since, "until": until}
    return Coursework([Work(*row) for row in db.execute(_SQL["student_work"], key)])
