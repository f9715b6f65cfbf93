"""The gradebook of a section: students by assignments, with the mark that the work makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from rollbook.core.clock import close_of_day
from rollbook.core.numbers import Number
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.grades.course_grades import WorkGrade, work_grades
from rollbook.roster.names import student_name

_SQL: Final = named_sql("rollbook.grades", "gradebook.sql")


@dataclass(frozen=True, slots=True)
class GradebookWork:
    """A column: a piece of work. Units: ``max_value`` in points."""

    assignment_id: UUID
    assignment_code: str
    title: str | None
    assignment_type: str
    category: str | None
    max_value: Number
    due_on: date


@dataclass(frozen=True, slots=True)
class GradebookMark:
    """What became of a piece of work. Units: ``grade_value`` in points; None = not marked."""

    grade_value: Number | None
    grade_letter: str | None
    is_late: bool
    is_missing: bool
    is_exempt: bool

    @property
    def word(self) -> str:
        """What stands in the place of points, where something does."""
        if self.is_exempt:
            return "exempt"
        if self.is_missing:
            return "missing"
        return "" if self.grade_value is not None else self.grade_letter or "not marked"


@dataclass(frozen=True, slots=True)
class GradebookRow:
    """A student's marks by assignment, and the mark for the course that they make so far."""

    student_id: UUID
    student_number: str
    name: str
    grade_percent: Number | None
    grade_letter: str | None
    marks: Mapping[UUID, GradebookMark]


@dataclass(frozen=True, slots=True)
class Gradebook:
    """A section's work in the order in which it is due, and its students by name, of those in sight."""

    work: Sequence[GradebookWork]
    rows: Sequence[GradebookRow]


def gradebook_of(
    db: Session, tenant: Tenant, section_id: UUID, as_of: date, *, known_until: datetime | None = None
) -> Gradebook:
    """Return who is in the section on ``as_of`` and their marks, as known then or before ``known_until``."""
    key = {"tenant_id": tenant.tenant_id, "section_id": section_id}
    known = known_until or close_of_day(as_of, tenant.time_zone)
    work = [GradebookWork(*row) for row in db.execute(_SQL["gradebook_work"], key)]
    marks = db.execute(_SQL["gradebook_marks"], key | {"as_of": as_of, "known_until": known}).all()
    made = work_grades(db, tenant, [section_id], as_of, known_until=known)
    by_student = {grade.student_id: grade for grade in made}
    groups = [(student, tuple(rows)) for student, rows in groupby(marks, key=lambda row: row.student_id)]
    return Gradebook(work, [_row(rows, by_student.get(student)) for student, rows in groups])


def _row(rows: Sequence[Row[Any]], made: WorkGrade | None) -> GradebookRow:
    who = rows[0]
    marks = {
        row.assignment_id: GradebookMark(
            row.grade_value, row.grade_letter, row.is_late, row.is_missing, row.is_exempt
        )
        for row in rows
        if row.assignment_id is not None
    }
    return GradebookRow(
        student_id=who.student_id,
        student_number=who.student_number,
        name=student_name(who.student_number, who.first_name, who.last_name, who.preferred_name),
        grade_percent=made.grade_percent if made else None,
        grade_letter=made.grade_letter if made else None,
        marks=marks,
    )
