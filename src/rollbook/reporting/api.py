"""The API of students."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from rollbook.access.viewing import Viewer, Viewing
from rollbook.core import clock
from rollbook.curriculum.service import StudentSection, sections_of
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
    """A student, and every section they are or were in."""

    student: StudentCard
    sections: Sequence[StudentSection]


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
        today=_today(viewer),
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
    card = find_student(viewer.db, viewer.tenant.tenant_id, student_id, _today(viewer))
    return StudentOut(card, sections_of(viewer.db, viewer.tenant.tenant_id, student_id, date.min, date.max))


def _today(viewer: Viewer) -> date:
    return clock.now().astimezone(ZoneInfo(viewer.tenant.time_zone)).date()
