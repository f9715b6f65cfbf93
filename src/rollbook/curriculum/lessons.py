"""Lesson plans, those of physical education among them: found, read, written, changed."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.by_hand import revise
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.core.paging import read_cursor, write_cursor
from rollbook.core.sql import named_sql
from rollbook.curriculum.courses import CourseNotFound, Standard
from rollbook.curriculum.models import Course, Section
from rollbook.curriculum.models_lessons import LessonPlan, PeLessonPlan
from rollbook.curriculum.sections import SectionNotFound
from rollbook.roster.models import Staff

_SQL: Final = named_sql("rollbook.curriculum", "lessons.sql")
_MINUTES: Final = range(1, 601)


class LessonPlanNotFound(NotFound):
    """There is no such lesson plan. The list of lesson plans names them all."""


class LessonPlanExists(Conflict):
    """There is a lesson plan {lesson_plan_code} already. Nothing was changed."""


class SectionOfAnotherCourse(Invalid):
    """The section belongs to another course than the lesson plan."""


class AuthorNotFound(NotFound):
    """There is no such member of staff to have written the lesson plan."""


class LessonTooLong(Invalid):
    """A lesson of {duration_minutes} minutes cannot be: give 1 to 600."""


class StandardsUnknown(Invalid):
    """There is no standard {codes}. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class LessonPlanLine:
    """A lesson plan in a list. ``section_code``: none where it is for every section of the course."""

    lesson_plan_id: UUID
    lesson_plan_code: str
    title: str
    course_id: UUID
    course_code: str
    section_id: UUID | None
    section_code: str | None
    planned_on: date | None
    duration_minutes: int | None
    author: str | None
    is_pe: bool


@dataclass(frozen=True, slots=True)
class PeDraft:
    """What a plan of physical education says besides. ``adaptations``: for who cannot do it as planned."""

    warm_up: str | None = None
    main_activity: str | None = None
    cool_down: str | None = None
    equipment: Sequence[str] | None = None
    safety_notes: str | None = None
    adaptations: str | None = None


@dataclass(frozen=True, slots=True)
class LessonPlanDraft:
    """What a lesson plan says. ``section_id`` none: for every section; ``pe``: of physical education."""

    lesson_plan_code: str
    course_id: UUID
    title: str
    section_id: UUID | None = None
    staff_id: UUID | None = None
    planned_on: date | None = None
    duration_minutes: int | None = None
    objectives: str | None = None
    content: dict[str, Any] = field(default_factory=dict)
    standard_codes: Sequence[str] = ()
    pe: PeDraft | None = None


@dataclass(frozen=True, slots=True)
class LessonPlanCard:
    """A lesson plan in full."""

    line: LessonPlanLine
    staff_id: UUID | None
    objectives: str | None
    content: dict[str, Any]
    standards: Sequence[Standard]
    pe: PeDraft | None


def list_lesson_plans(  # noqa: PLR0913 -- each is a part of the address
    db: Session,
    tenant_id: int,
    *,
    course_id: UUID | None = None,
    section_id: UUID | None = None,
    since: date = date.min,
    until: date = date.max,
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[list[LessonPlanLine], str | None]:
    """Return lesson plans by day, those after ``cursor``, and the cursor of the next ones.

    Shape:  of a section: its own, and its course's for every section.
    Raises: ``CursorInvalid``.
    """
    wanted = {
        "tenant_id": tenant_id,
        "course_id": course_id,
        "section_id": section_id,
        "since": since,
        "until": until,
        "after_key": read_cursor(cursor, str)[0] if cursor else None,
        "page_size": limit + 1,
    }
    found = db.execute(_SQL["lesson_plans_page"], wanted).all()
    rows = [LessonPlanLine(*row[:-1]) for row in found[:limit]]
    return rows, write_cursor(found[limit - 1].sort_key) if len(found) > limit else None


def find_lesson_plan(db: Session, tenant_id: int, lesson_plan_id: UUID) -> LessonPlanCard:
    """Return one lesson plan.

    Raises: ``LessonPlanNotFound``.
    """
    key = {"tenant_id": tenant_id, "lesson_plan_id": lesson_plan_id}
    row = db.execute(_SQL["lesson_plan_card"], key).mappings().one_or_none()
    if row is None:
        raise LessonPlanNotFound
    return LessonPlanCard(
        LessonPlanLine(**{name: row[name] for name in LessonPlanLine.__dataclass_fields__}),
        row["staff_id"],
        row["objectives"],
        row["content"],
        [Standard(*standard) for standard in db.execute(_SQL["standards_of_lesson"], key)],
        PeDraft(**{name: row[name] for name in PeDraft.__dataclass_fields__}) if row["is_pe"] else None,
    )


def create_lesson_plan(db: Session, tenant_id: int, draft: LessonPlanDraft) -> UUID:
    """Write a lesson plan; return its id.

    Raises: ``LessonPlanExists``; ``CourseNotFound``; ``SectionNotFound``; ``SectionOfAnotherCourse``;
            ``AuthorNotFound``; ``LessonTooLong``; ``StandardsUnknown``.
    """
    _check(db, tenant_id, draft)
    _check_code_is_free(db, tenant_id, draft.lesson_plan_code, None)
    plan = LessonPlan(tenant_id=tenant_id, **_facts(draft))
    db.add(plan)
    db.flush()
    _write_rest(db, tenant_id, plan.lesson_plan_id, draft)
    return plan.lesson_plan_id


def change_lesson_plan(db: Session, tenant_id: int, lesson_plan_id: UUID, draft: LessonPlanDraft) -> None:
    """Let a lesson plan say what ``draft`` says; what it said before stays in the history.

    Raises: ``LessonPlanNotFound``; what ``create_lesson_plan`` raises.
    """
    plan = db.get(LessonPlan, (tenant_id, lesson_plan_id), with_for_update=True)
    if plan is None:
        raise LessonPlanNotFound
    _check(db, tenant_id, draft)
    _check_code_is_free(db, tenant_id, draft.lesson_plan_code, lesson_plan_id)
    revise(plan, **_facts(draft))
    db.flush()
    _write_rest(db, tenant_id, lesson_plan_id, draft)


def _facts(draft: LessonPlanDraft) -> dict[str, Any]:
    """Return what stands in the plan's own row."""
    elsewhere = {"standard_codes", "pe"}
    names = LessonPlanDraft.__dataclass_fields__.keys() - elsewhere
    return {name: getattr(draft, name) for name in names}


def _check(db: Session, tenant_id: int, draft: LessonPlanDraft) -> None:
    if db.get(Course, (tenant_id, draft.course_id)) is None:
        raise CourseNotFound
    if draft.section_id is not None:
        section = db.get(Section, (tenant_id, draft.section_id))
        if section is None:
            raise SectionNotFound
        if section.course_id != draft.course_id:
            raise SectionOfAnotherCourse
    if draft.staff_id is not None and db.get(Staff, (tenant_id, draft.staff_id)) is None:
        raise AuthorNotFound
    if draft.duration_minutes is not None and draft.duration_minutes not in _MINUTES:
        raise LessonTooLong(duration_minutes=draft.duration_minutes)
    codes = {"tenant_id": tenant_id, "standard_codes": list(draft.standard_codes)}
    unknown = db.scalars(_SQL["unknown_standards"], codes).all()
    if unknown:
        raise StandardsUnknown(codes=", ".join(unknown))


def _check_code_is_free(db: Session, tenant_id: int, code: str, own_id: UUID | None) -> None:
    table = LessonPlan
    holder = db.scalar(
        select(table.lesson_plan_id).where(table.tenant_id == tenant_id, table.lesson_plan_code == code)
    )
    if holder is not None and holder != own_id:
        raise LessonPlanExists(lesson_plan_code=code)


def _write_rest(db: Session, tenant_id: int, lesson_plan_id: UUID, draft: LessonPlanDraft) -> None:
    key = {"tenant_id": tenant_id, "lesson_plan_id": lesson_plan_id}
    codes = key | {"standard_codes": list(draft.standard_codes)}
    db.execute(_SQL["drop_lesson_standards"], codes)
    db.execute(_SQL["add_lesson_standards"], codes)
    written = db.get(PeLessonPlan, (tenant_id, lesson_plan_id))
    if draft.pe is None:
        if written is not None:
            db.delete(written)
    elif written is None:
        db.add(PeLessonPlan(**key, **_pe_facts(draft.pe)))
    else:
        revise(written, **_pe_facts(draft.pe))
    db.flush()


def _pe_facts(pe: PeDraft) -> dict[str, Any]:
    return asdict(pe) | {"equipment": None if pe.equipment is None else list(pe.equipment)}
