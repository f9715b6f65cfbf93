"""Writing a lesson plan and changing it; what it said before is kept."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response

from rollbook.access.writing import SectionNotYours, Work, require_section, staff_of
from rollbook.curriculum.lessons import (
    LessonPlanCard,
    LessonPlanDraft,
    LessonPlanExists,
    PeDraft,
    StandardsUnknown,
    find_lesson_plan,
)
from rollbook.curriculum.sections import SectionFacts, find_section
from rollbook.reporting.writing import lessons
from rollbook.reporting.writing.desk import AtDesk, Desk
from rollbook.reporting.writing.sent import ASent, Sent
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)

_MINUTES: Final = range(1, 601)
_LONG: Final = 10_000
_LISTS: Final = ("steps", "materials")  # of the plan's content, a line each
_PE: Final = ("warm_up", "main_activity", "cool_down", "safety_notes", "adaptations")
_FAULTS: Final = {LessonPlanExists: "code", StandardsUnknown: "standards"}
_SEPARATOR: Final = re.compile(r"[,;\s]+")


@router.get("/lesson-plans/new")
def new_plan_form(request: Request, desk: AtDesk, section: UUID) -> Response:
    """The form for a plan of a section."""
    facts = _section(desk, section)
    return _show(request, desk, Sent({"planned_on": str(desk.today)}), section=facts)


@router.post("/lesson-plans/new")
def save_new_plan(request: Request, desk: AtDesk, section: UUID, sent: ASent) -> Response:
    """Write the plan."""
    facts = _section(desk, section)
    draft = _draft(desk, sent, facts.course_id, section, None)
    made: UUID | None = None
    if not sent.faults and draft is not None:
        with sent.trying(desk.db, _FAULTS):
            made = lessons.create(desk, draft)
    if made is None:
        return _show(request, desk, sent, section=facts)
    return Response(status_code=303, headers={"Location": f"/lesson-plans/{made}"})


@router.get("/lesson-plans/{lesson_plan_id}/edit")
def plan_form(request: Request, desk: AtDesk, lesson_plan_id: UUID) -> Response:
    """The form with what the plan says."""
    plan = _plan(desk, lesson_plan_id)
    return _show(request, desk, Sent(_typed(plan)), plan=plan)


@router.post("/lesson-plans/{lesson_plan_id}/edit")
def save_plan(request: Request, desk: AtDesk, lesson_plan_id: UUID, sent: ASent) -> Response:
    """Let the plan say what was typed."""
    plan = _plan(desk, lesson_plan_id)
    draft = _draft(desk, sent, plan.line.course_id, plan.line.section_id, plan)
    if not sent.faults and draft is not None:
        with sent.trying(desk.db, _FAULTS):
            lessons.change(desk, lesson_plan_id, draft)
    if sent.faults:
        return _show(request, desk, sent, plan=plan)
    return Response(status_code=303, headers={"Location": f"/lesson-plans/{lesson_plan_id}"})


def _section(desk: Desk, section_id: UUID) -> SectionFacts:
    facts = find_section(desk.db, desk.tenant_id, section_id).section
    require_section(desk.db, desk.viewer.user, section_id, Work.LESSON_PLAN)
    return facts


def _plan(desk: Desk, lesson_plan_id: UUID) -> LessonPlanCard:
    plan = find_lesson_plan(desk.db, desk.tenant_id, lesson_plan_id)
    desk.require(Work.LESSON_PLAN)
    if not lessons.may_change(desk.viewer, plan):
        raise SectionNotYours(work=Work.LESSON_PLAN.value)
    return plan


def _draft(
    desk: Desk, sent: Sent, course_id: UUID, section_id: UUID | None, plan: LessonPlanCard | None
) -> LessonPlanDraft | None:
    title = sent.text("title", need="A lesson needs a title.")
    code = sent.text("code", most=100) or f"LP-{uuid4().hex[-12:]}"
    told = {
        "planned_on": sent.day("planned_on"),
        "duration_minutes": sent.number("duration_minutes", _MINUTES),
        "objectives": sent.text("objectives", most=_LONG),
        "content": _content(sent, plan.content if plan else {}),
        "standard_codes": _SEPARATOR.split(codes) if (codes := sent.text("standards", most=1000)) else (),
        "pe": _pe(sent),
        "section_id": section_id,
        "staff_id": plan.staff_id if plan else staff_of(desk.db, desk.viewer.user),
    }
    return LessonPlanDraft(code, course_id, title, **told) if title else None  # type: ignore[arg-type]  # by name


def _content(sent: Sent, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the plan says, with what of it this form does not know left as it was."""
    content = {name: value for name, value in before.items() if name not in _own(before)}
    for name in _LISTS:
        if name in content:
            continue
        lines = [line.strip() for line in (sent.text(name, most=_LONG) or "").split("\n")]
        if any(lines):
            content[name] = [line for line in lines if line]
    if "assessment" not in content and (said := sent.text("assessment", most=_LONG)):
        content["assessment"] = said
    return content


def _own(content: Mapping[str, Any]) -> set[str]:
    """Return which parts of the content this form can show: lines, and a text."""
    lists = {
        name
        for name in _LISTS
        if isinstance(content.get(name), list) and all(isinstance(line, str) for line in content[name])
    }
    return lists | ({"assessment"} if isinstance(content.get("assessment"), str) else set())


def _pe(sent: Sent) -> PeDraft | None:
    told = {name: sent.text(name, most=_LONG) for name in _PE}
    equipment = [part.strip() for part in (sent.text("equipment", most=1000) or "").split(",")]
    said = [part for part in equipment if part]
    if sent.get("is_pe") != "1":
        if said or any(told.values()):
            sent.fault("is_pe", "Tick this, or clear what is said of the physical education lesson.")
        return None
    told_of: dict[str, Any] = {**told, "equipment": said or None}
    return PeDraft(**told_of)


def _typed(plan: LessonPlanCard) -> dict[str, str]:
    """Return the fields that say what the plan says."""
    own = _own(plan.content)
    typed: dict[str, str] = {
        "title": plan.line.title,
        "code": plan.line.lesson_plan_code,
        "planned_on": str(plan.line.planned_on or ""),
        "duration_minutes": str(plan.line.duration_minutes or ""),
        "objectives": plan.objectives or "",
        "standards": ", ".join(standard.standard_code for standard in plan.standards),
        "assessment": plan.content["assessment"] if "assessment" in own else "",
        **{name: "\n".join(plan.content[name]) for name in _LISTS if name in own},
    }
    if plan.pe is None:
        return typed
    said = {name: getattr(plan.pe, name) or "" for name in _PE}
    return typed | said | {"is_pe": "1", "equipment": ", ".join(plan.pe.equipment or ())}


def _show(
    request: Request,
    desk: Desk,
    sent: Sent,
    *,
    section: SectionFacts | None = None,
    plan: LessonPlanCard | None = None,
) -> Response:
    before = plan.content if plan else {}
    context: dict[str, Any] = {
        "sent": sent,
        "section": section,
        "plan": plan,
        "kept": sorted(before.keys() - _own(before)),
        "shows": [name for name in (*_LISTS, "assessment") if name not in before or name in _own(before)],
    }
    return render(
        request,
        "reporting/lesson_plan_form.html",
        context,
        frame=desk.viewer.frame,
        status_code=sent.status,
    )
