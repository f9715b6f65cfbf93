"""The API of marks: a student's grades and transcript, a section's gradebook, GPAs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from rollbook.access.viewing import Viewing
from rollbook.core import clock
from rollbook.curriculum.sections import find_section
from rollbook.grades.gpa import (
    GpaFilter,
    StudentGpa,
    Transcript,
    course_grades_of,
    list_gpa,
    transcript_of,
)
from rollbook.grades.gradebook import GradebookRow, GradebookWork, gradebook_of
from rollbook.grades.repeats import CourseGradeLine
from rollbook.grades.service import Work, coursework_of
from rollbook.reporting.days import AsOf, day_of
from rollbook.roster.service import find_student
from rollbook.ui.params import CodeText, CursorText, IsoDay
from rollbook.ui.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", tags=["grades"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class GradesOut:
    """A student's course grades as known on ``as_of``, final or not, and their work, newest first."""

    as_of: date
    course_grades: Sequence[CourseGradeLine]
    work: Sequence[Work]


@dataclass(frozen=True, slots=True)
class GradebookOut:
    """A section's work in the order in which it is due; its students by name, with marks by assignment_id."""

    as_of: date
    work: Sequence[GradebookWork]
    rows: Sequence[GradebookRow]


@dataclass(frozen=True, slots=True)
class GpasOut:
    """One page of students by number, of those with a final course grade."""

    as_of: date
    data: Sequence[StudentGpa]
    next_cursor: str | None


@router.get("/students/{student_id}/transcript")
def get_transcript(viewer: Viewing, student_id: UUID, as_of: AsOf = "") -> Transcript:
    """A student's final course grades by school year, with GPA and credits, as known on a day."""
    day = day_of(viewer.db, viewer.tenant, as_of).on_day
    find_student(viewer.db, viewer.tenant.tenant_id, student_id, day)
    return transcript_of(viewer.db, viewer.tenant, student_id, day)


@router.get("/students/{student_id}/grades")
def get_grades(viewer: Viewing, student_id: UUID, since: IsoDay = date.min, as_of: AsOf = "") -> GradesOut:
    """A student's course grades, and the work that was due or came in from ``since`` to ``as_of``."""
    day = day_of(viewer.db, viewer.tenant, as_of).on_day
    find_student(viewer.db, viewer.tenant.tenant_id, student_id, day)
    work = coursework_of(viewer.db, viewer.tenant.tenant_id, student_id, since, day).work
    return GradesOut(day, course_grades_of(viewer.db, viewer.tenant, student_id, day), work)


@router.get("/sections/{section_id}/gradebook")
def get_gradebook(viewer: Viewing, section_id: UUID, as_of: AsOf = "") -> GradebookOut:
    """The gradebook of a section; of one that is over, on its last day."""
    section = find_section(viewer.db, viewer.tenant.tenant_id, section_id).section
    day = day_of(viewer.db, viewer.tenant, as_of).within(section.starts_on, section.ends_on)
    known = day.known_until or clock.now()
    book = gradebook_of(viewer.db, viewer.tenant, section_id, day.on_day, known_until=known)
    return GradebookOut(day.on_day, book.work, book.rows)


@router.get("/gpa")
def get_gpas(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    viewer: Viewing,
    as_of: AsOf = "",
    school: CodeText = None,
    grade_level: Annotated[Annotated[int, Query(ge=0, le=12)] | Literal[""], Query()] = "",
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> GpasOut:
    """Grade point averages and credits of the students whom you may see, as known on a day."""
    day = day_of(viewer.db, viewer.tenant, as_of).on_day
    wanted = GpaFilter(school, None if grade_level == "" else grade_level)
    page = list_gpa(viewer.db, viewer.tenant, day, wanted, cursor=cursor or None, limit=limit)
    return GpasOut(day, page.rows, page.next_cursor)
