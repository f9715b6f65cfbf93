"""The list of sections, a page for each with its class, and lesson plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from rollbook.access.viewing import Viewer, Viewing
from rollbook.access.writing import Work, may_for_section
from rollbook.core.paging import Page
from rollbook.curriculum.courses import find_course
from rollbook.curriculum.lessons import LessonPlanLine, find_lesson_plan, list_lesson_plans
from rollbook.curriculum.sections import (
    SectionFilter,
    SectionLine,
    class_list,
    find_section,
    list_sections,
)
from rollbook.reporting.audience import sees_all
from rollbook.reporting.days import AsOf, day_of
from rollbook.reporting.pages_roster import EVERYTHING, as_file
from rollbook.reporting.writing.lessons import may_change
from rollbook.roster.schools import list_schools
from rollbook.ui.addresses import addresses
from rollbook.ui.page import render
from rollbook.ui.params import CodeText, CursorText, SearchText

router = APIRouter(include_in_schema=False)
Kind = Literal["csv", "json"]
_MOST_PLANS: Final = 20
_BEFORE: Final = timedelta(weeks=2)
_CLASS: Final = ("student_number", "name", "grade_level", "enrolled_on", "withdrawn_on")
_PLANS: Final = (
    "lesson_plan_code",
    "title",
    "course_code",
    "section_code",
    "planned_on",
    "duration_minutes",
    "author",
    "is_pe",
)
_SECTIONS: Final = (
    "course_code",
    "section_code",
    "title",
    "subject",
    "school",
    "teacher",
    "starts_on",
    "ends_on",
    "location",
    "periods",
    "students",
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which sections the reader wants. ``whose`` empty: their own, if they work in any."""

    q: str
    course: str | None
    school: str | None
    whose: Literal["", "mine", "all"]
    when: Literal["", "any"]

    def filter(self, user_id: UUID | None) -> SectionFilter:
        """Return it as curriculum understands it."""
        return SectionFilter(self.q, self.course, self.school, user_id, is_running=not self.when)

    @property
    def is_set(self) -> bool:
        """Whether it leaves any section out, or lets in those that are over."""
        return any((self.q, self.course, self.school, self.when))


@dataclass(frozen=True, slots=True)
class FlatSection:
    """A section on one line, as a file has it."""

    section_id: UUID
    course_code: str
    section_code: str
    title: str
    subject: str | None
    school: str | None
    teacher: str | None
    starts_on: date
    ends_on: date
    location: str | None
    periods: str | None
    students: int


def _chosen(
    q: SearchText = "",
    course: CodeText = None,
    school: CodeText = None,
    whose: Literal["", "mine", "all"] = "",
    when: Literal["", "any"] = "",
) -> Chosen:
    return Chosen(q, course, school, whose, when)


Wanted = Annotated[Chosen, Depends(_chosen)]


@router.get("/sections")
def sections_page(request: Request, viewer: Viewing, wanted: Wanted, after: CursorText = None) -> Response:
    """The sections that run, one's own first choice."""
    page, is_mine = _find(viewer, wanted, after or None)
    day = day_of(viewer.db, viewer.tenant).on_day
    kept = {"q": wanted.q, "course": wanted.course, "school": wanted.school, "when": wanted.when}
    context = {
        "page": page,
        "wanted": wanted,
        "is_mine": is_mine,
        "after": after,
        "day": day,
        "schools": list_schools(viewer.db, viewer.tenant.tenant_id, day)[0],
        "sees_all": sees_all(viewer),
        "address": addresses("/sections", kept, always={"whose": wanted.whose}),
    }
    response = render(request, "reporting/sections.html", context, frame=viewer.frame)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


@router.get("/sections.{kind}")
def sections_file(viewer: Viewing, wanted: Wanted, kind: Kind) -> Response:
    """All the sections, as filtered, as a file."""
    page, _ = _find(viewer, wanted, None, page_size=EVERYTHING)
    return as_file(viewer, "sections", kind, _SECTIONS, [_flat(row) for row in page.rows])


@router.get("/sections/{section_id}")
def section_page(
    request: Request, viewer: Viewing, section_id: UUID, as_of: AsOf = "", after: CursorText = None
) -> Response:
    """One section: who is in it, who teaches it, what is planned."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    card = find_section(db, tenant_id, section_id)
    day = day_of(db, viewer.tenant, as_of).within(card.section.starts_on, card.section.ends_on)
    page = class_list(db, tenant_id, section_id, day.on_day, known_until=day.known_until, after=after or None)
    plans, has_more, since = _plans_about(viewer, section_id, day.on_day)
    context: dict[str, Any] = {
        "card": card,
        "course": find_course(db, tenant_id, card.section.course_id, day.on_day),
        "day": day,
        "page": page,
        "after": after,
        "plans": plans,
        "has_more_plans": has_more,
        "plans_since": since,
        "sees_all": sees_all(viewer),
        "may_take": may_for_section(db, viewer.user, section_id, Work.ATTENDANCE),
        "may_record_pe": may_for_section(db, viewer.user, section_id, Work.ACTIVITY),
        "may_plan": may_for_section(db, viewer.user, section_id, Work.LESSON_PLAN),
        "address": addresses(f"/sections/{section_id}", {}, always={"as_of": as_of}),
    }
    return render(request, "reporting/section.html", context, frame=viewer.frame)


@router.get("/sections/{section_id}/students.{kind}")
def class_file(viewer: Viewing, section_id: UUID, kind: Kind, as_of: AsOf = "") -> Response:
    """The whole class list, as a file."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    section = find_section(db, tenant_id, section_id).section
    day = day_of(db, viewer.tenant, as_of).within(section.starts_on, section.ends_on)
    page = class_list(
        db, tenant_id, section_id, day.on_day, known_until=day.known_until, page_size=EVERYTHING
    )
    name = f"class-{section.course_code}-{section.section_code}-{day.on_day}"
    return as_file(viewer, name, kind, _CLASS, page.rows, day)


@router.get("/sections/{section_id}/lesson-plans.{kind}")
def lesson_plans_file(viewer: Viewing, section_id: UUID, kind: Kind) -> Response:
    """All lesson plans for the section, as a file."""
    section = find_section(viewer.db, viewer.tenant.tenant_id, section_id).section
    plans, _ = list_lesson_plans(viewer.db, viewer.tenant.tenant_id, section_id=section_id, limit=EVERYTHING)
    name = f"lesson-plans-{section.course_code}-{section.section_code}"
    return as_file(viewer, name, kind, _PLANS, plans)


@router.get("/lesson-plans/{lesson_plan_id}")
def lesson_plan_page(request: Request, viewer: Viewing, lesson_plan_id: UUID) -> Response:
    """One lesson plan."""
    plan = find_lesson_plan(viewer.db, viewer.tenant.tenant_id, lesson_plan_id)
    context = {"plan": plan, "may_change": may_change(viewer, plan)}
    return render(request, "reporting/lesson_plan.html", context, frame=viewer.frame)


def _find(
    viewer: Viewer, wanted: Chosen, after: str | None, *, page_size: int = 50
) -> tuple[Page[SectionLine], bool]:
    """Return the sections wanted, and whether they are the reader's own."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    day = day_of(db, viewer.tenant).on_day
    if wanted.whose != "all":
        mine = wanted.filter(viewer.user.user_id)
        page = list_sections(db, tenant_id, day, mine, after=after, page_size=page_size)
        if wanted.whose == "mine" or page.rows or _works_somewhere(viewer):
            return page, True
    everybody = wanted.filter(None)
    return list_sections(db, tenant_id, day, everybody, after=after, page_size=page_size), False


def _plans_about(
    viewer: Viewer, section_id: UUID, on_day: date
) -> tuple[Sequence[LessonPlanLine], bool, date | None]:
    """Return the lessons planned for about the day, whether there are later ones, and the day they begin.

    Where none is planned for then, those from the first on.
    """
    for since in (on_day - _BEFORE, None):
        plans, more = list_lesson_plans(
            viewer.db,
            viewer.tenant.tenant_id,
            section_id=section_id,
            since=since or date.min,
            limit=_MOST_PLANS,
        )
        if since is None or any(plan.planned_on for plan in plans):
            break
    return plans, more is not None, since


def _works_somewhere(viewer: Viewer) -> bool:
    day = day_of(viewer.db, viewer.tenant).on_day
    own = SectionFilter(user_id=viewer.user.user_id)
    return bool(list_sections(viewer.db, viewer.tenant.tenant_id, day, own, page_size=1).rows)


def _flat(line: SectionLine) -> FlatSection:
    section = line.section
    return FlatSection(
        section.section_id,
        section.course_code,
        section.section_code,
        section.title,
        section.subject,
        section.school,
        line.teacher,
        section.starts_on,
        section.ends_on,
        section.location,
        _joined(section.periods),
        line.students,
    )


def _joined(parts: Sequence[str] | None) -> str | None:
    return " ".join(parts) if parts else None
