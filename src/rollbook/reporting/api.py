"""The API of students."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from rollbook.access.viewing import Viewing
from rollbook.curriculum.service import StudentSection, sections_of
from rollbook.reporting.audience import sees_meals
from rollbook.reporting.days import AsOf, day_of
from rollbook.roster.profiles import (
    Contact,
    Enrollment,
    GuardianLine,
    Program,
    enrollments_of,
    profile_of,
)
from rollbook.roster.service import COUNTED_TO, StudentCard, StudentLine, find_student, list_students
from rollbook.ui.params import CodeText, CursorText, SearchText
from rollbook.ui.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", tags=["students"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class StudentsOut:
    """One page of students by number. ``total``: all you may see; ``total_is_capped``: at least so many."""

    data: Sequence[StudentLine]
    total: int
    total_is_capped: bool
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class StudentOut:
    """A student, who answers for them, their programs, and every section they are or were in."""

    student: StudentCard
    contact: Contact
    guardians: Sequence[GuardianLine]
    programs: Sequence[Program]
    sections: Sequence[StudentSection]


@dataclass(frozen=True, slots=True)
class EnrollmentsOut:
    """A student's time at schools, newest first."""

    data: Sequence[Enrollment]


@router.get("/students")
def get_students(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    viewer: Viewing,
    q: SearchText = "",
    grade_level: Annotated[int | None, Query(ge=0, le=12)] = None,
    school: CodeText = None,
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> StudentsOut:
    """The students whom you may see, by number; ``q``: words of the name or number."""
    page = list_students(
        viewer.db,
        viewer.tenant.tenant_id,
        today=day_of(viewer.db, viewer.tenant).on_day,
        q=q,
        grade_level=grade_level,
        school=school,
        cursor=cursor or None,
        limit=limit,
    )
    capped = page.total > COUNTED_TO
    return StudentsOut(page.rows, min(page.total, COUNTED_TO), capped, page.next_cursor)


@router.get("/students/{student_id}")
def get_student(viewer: Viewing, student_id: UUID) -> StudentOut:
    """One student."""
    key = (viewer.db, viewer.tenant.tenant_id, student_id)
    card = find_student(*key, day_of(viewer.db, viewer.tenant).on_day)
    profile = profile_of(*key, with_meals=sees_meals(viewer))
    sections = sections_of(*key, date.min, date.max)
    return StudentOut(card, profile.contact, profile.guardians, profile.programs, sections)


@router.get("/students/{student_id}/enrollments")
def get_enrollments(viewer: Viewing, student_id: UUID, as_of: AsOf = "") -> EnrollmentsOut:
    """A student's time at schools; ``as_of``: as known when that day closed."""
    day = day_of(viewer.db, viewer.tenant, as_of)
    key = (viewer.db, viewer.tenant.tenant_id, student_id)
    find_student(*key, day.on_day)
    return EnrollmentsOut(enrollments_of(*key, known_until=day.known_until))
