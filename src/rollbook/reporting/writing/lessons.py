"""Lesson plans as both the page and the API write them: for one's own sections."""

from uuid import UUID

from rollbook.access.viewing import Viewer
from rollbook.access.writing import SectionNotYours, Work, may_for_section, require, staff_of
from rollbook.accounts.models import Role
from rollbook.curriculum.lessons import (
    LessonPlanCard,
    LessonPlanDraft,
    change_lesson_plan,
    create_lesson_plan,
    find_lesson_plan,
)
from rollbook.reporting.writing.desk import Desk


def create(desk: Desk, draft: LessonPlanDraft) -> UUID:
    """Write a lesson plan.

    Raises: ``WorkNotYours``; ``SectionNotYours``; what ``create_lesson_plan`` raises.
    """
    _require_section(desk, draft.section_id)
    made = create_lesson_plan(desk.db, desk.tenant_id, draft)
    desk.note("lesson_plan_written", details={"lesson_plan_id": made})
    return made


def change(desk: Desk, lesson_plan_id: UUID, draft: LessonPlanDraft) -> None:
    """Let a lesson plan say what ``draft`` says.

    Raises: ``WorkNotYours``; ``SectionNotYours``; what ``change_lesson_plan`` raises.
    """
    require(desk.viewer.user, Work.LESSON_PLAN)
    plan = find_lesson_plan(desk.db, desk.tenant_id, lesson_plan_id)
    if not may_change(desk.viewer, plan):
        raise SectionNotYours(work=Work.LESSON_PLAN.value)
    if draft.section_id != plan.line.section_id:
        _require_section(desk, draft.section_id)
    change_lesson_plan(desk.db, desk.tenant_id, lesson_plan_id, draft)
    desk.note("lesson_plan_changed", details={"lesson_plan_id": lesson_plan_id})


def may_change(viewer: Viewer, plan: LessonPlanCard) -> bool:
    """Say whether the plan is the user's to change: of their section, or their own for every section."""
    user = viewer.user
    if plan.line.section_id is not None:
        return may_for_section(viewer.db, user, plan.line.section_id, Work.LESSON_PLAN)
    is_own = plan.staff_id is not None and plan.staff_id == staff_of(viewer.db, user)
    return is_own or user.role is Role.DISTRICT_ADMIN


def _require_section(desk: Desk, section_id: UUID | None) -> None:
    """See that the section is the user's; a plan for every section of a course is the district's to write."""
    user = desk.viewer.user
    require(user, Work.LESSON_PLAN)
    if user.role is Role.DISTRICT_ADMIN:
        return
    if section_id is None or not may_for_section(desk.db, user, section_id, Work.LESSON_PLAN):
        raise SectionNotYours(work=Work.LESSON_PLAN.value)
