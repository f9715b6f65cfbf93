"""The API of courses, sections and lesson plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from rollbook.access.viewing import Viewing
from rollbook.curriculum.courses import CourseCard, CourseFilter, CourseLine, find_course, list_courses
from rollbook.curriculum.lessons import (
    LessonPlanCard,
    LessonPlanLine,
    find_lesson_plan,
    list_lesson_plans,
)
from rollbook.curriculum.sections import (
    Classmate,
    SectionCard,
    SectionFilter,
    SectionLine,
    class_list,
    find_section,
    list_sections,
)
from rollbook.reporting.days import AsOf, On, day_of, day_on
from rollbook.ui.params import CodeText, CursorText, IsoDay, SearchText
from rollbook.ui.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", tags=["courses"], responses=PROBLEMS)
Limit = Annotated[int, Query(ge=1, le=200)]


@dataclass(frozen=True, slots=True)
class CoursesOut:
    """One page of courses by code."""

    data: Sequence[CourseLine]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SectionsOut:
    """One page of sections by course and code. ``total``: all that fit."""

    data: Sequence[SectionLine]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class ClassOut:
    """One page of those in your sight who are in the section on the day, by name. ``total``: all of them."""

    on_day: date
    data: Sequence[Classmate]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class LessonPlansOut:
    """One page of lesson plans by day, those without a day last."""

    data: Sequence[LessonPlanLine]
    next_cursor: str | None


@router.get("/courses")
def get_courses(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    viewer: Viewing,
    q: SearchText = "",
    subject: CodeText = None,
    school: CodeText = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> CoursesOut:
    """The courses of the catalogue, by code; ``q``: words of the code or title."""
    day = day_of(viewer.db, viewer.tenant).on_day
    wanted = CourseFilter(q, subject, school)
    rows, following = list_courses(
        viewer.db, viewer.tenant.tenant_id, day, wanted, cursor=cursor or None, limit=limit
    )
    return CoursesOut(rows, following)


@router.get("/courses/{course_id}")
def get_course(viewer: Viewing, course_id: UUID) -> CourseCard:
    """One course: all that it asks for, and what it teaches."""
    day = day_of(viewer.db, viewer.tenant).on_day
    return find_course(viewer.db, viewer.tenant.tenant_id, course_id, day)


@router.get("/sections")
def get_sections(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    viewer: Viewing,
    q: SearchText = "",
    course: CodeText = None,
    school: CodeText = None,
    on: On = "",
    cursor: CursorText = None,
    limit: Limit = 50,
    *,
    mine: bool = False,
    running: bool = True,
) -> SectionsOut:
    """The sections that run ``on`` a day, or all; ``mine``: those you work in."""
    wanted = SectionFilter(q, course, school, viewer.user.user_id if mine else None, running)
    day = day_on(viewer.db, viewer.tenant, on).on_day
    page = list_sections(
        viewer.db, viewer.tenant.tenant_id, day, wanted, after=cursor or None, page_size=limit
    )
    return SectionsOut(page.rows, page.total, page.next_cursor)


@router.get("/sections/{section_id}")
def get_section(viewer: Viewing, section_id: UUID) -> SectionCard:
    """One section, who works in it, and the terms in which it meets."""
    return find_section(viewer.db, viewer.tenant.tenant_id, section_id)


@router.get("/sections/{section_id}/students")
def get_class_list(
    viewer: Viewing, section_id: UUID, as_of: AsOf = "", cursor: CursorText = None, limit: Limit = 50
) -> ClassOut:
    """Who of those whom you may see is in the section; of one that is over, on its last day."""
    section = find_section(viewer.db, viewer.tenant.tenant_id, section_id).section
    day = day_of(viewer.db, viewer.tenant, as_of).within(section.starts_on, section.ends_on)
    page = class_list(
        viewer.db,
        viewer.tenant.tenant_id,
        section_id,
        day.on_day,
        known_until=day.known_until,
        after=cursor or None,
        page_size=limit,
    )
    return ClassOut(day.on_day, page.rows, page.total, page.next_cursor)


@router.get("/lesson-plans")
def get_lesson_plans(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    viewer: Viewing,
    course_id: UUID | None = None,
    section_id: UUID | None = None,
    since: IsoDay = date.min,
    until: IsoDay = date.max,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> LessonPlansOut:
    """Lesson plans from ``since`` to ``until``, and those without a day; of a section also its course's."""
    rows, following = list_lesson_plans(
        viewer.db,
        viewer.tenant.tenant_id,
        course_id=course_id,
        section_id=section_id,
        since=since,
        until=until,
        cursor=cursor or None,
        limit=limit,
    )
    return LessonPlansOut(rows, following)


@router.get("/lesson-plans/{lesson_plan_id}")
def get_lesson_plan(viewer: Viewing, lesson_plan_id: UUID) -> LessonPlanCard:
    """One lesson plan."""
    return find_lesson_plan(viewer.db, viewer.tenant.tenant_id, lesson_plan_id)
