"""Lesson plans: written, changed, found; what a plan of physical education says besides."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from rollbook.core.errors import RollbookError
from rollbook.core.schema import Base
from rollbook.core.tenancy import Tenant
from rollbook.curriculum import lessons
from rollbook.curriculum.courses import CourseNotFound
from rollbook.curriculum.lessons import (
    LessonPlanDraft,
    PeDraft,
    change_lesson_plan,
    create_lesson_plan,
    find_lesson_plan,
    list_lesson_plans,
)
from rollbook.curriculum.models import Course
from rollbook.curriculum.models_lessons import LearningStandard
from rollbook.curriculum.sections import SectionNotFound
from rollbook.testing import factories as make
from rollbook.testing.rows import add

DAY = date(2025, 11, 3)


def draft(course: Course, code: str = "L1") -> LessonPlanDraft:
    return LessonPlanDraft(lesson_plan_code=code, course_id=course.course_id, title="Fractions")


def test_a_plan_is_written_and_read_back(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, course=make.create_course(db, code="MATH"))
    author = make.create_staff(db, name="Tara Teach")
    add(db, LearningStandard(standard_code="3.NF.1", description="Understand a fraction"))
    written = LessonPlanDraft(
        lesson_plan_code="L1",
        course_id=section.course_id,
        title="Fractions",
        section_id=section.section_id,
        staff_id=author.staff_id,
        planned_on=DAY,
        duration_minutes=45,
        objectives="Halves and quarters",
        content={"steps": ["fold", "cut"]},
        standard_codes=["3.NF.1"],
    )

    card = find_lesson_plan(db, tenant.tenant_id, create_lesson_plan(db, tenant.tenant_id, written))

    assert (card.line.course_code, card.line.author, card.line.planned_on) == ("MATH", "Tara Teach", DAY)
    assert (card.objectives, card.content) == ("Halves and quarters", {"steps": ["fold", "cut"]})
    assert [standard.standard_code for standard in card.standards] == ["3.NF.1"]
    assert card.pe is None
    assert not card.line.is_pe


def test_a_plan_of_physical_education_changes_and_may_cease_to_be_one(db: Session, tenant: Tenant) -> None:
    first = replace(draft(make.create_course(db)), pe=PeDraft(warm_up="Jog", equipment=["cones"]))
    plan_id = create_lesson_plan(db, tenant.tenant_id, first)
    changed = replace(first, title="Relay", pe=PeDraft(warm_up="Skip", adaptations="Walk"))

    change_lesson_plan(db, tenant.tenant_id, plan_id, changed)
    card = find_lesson_plan(db, tenant.tenant_id, plan_id)
    assert (card.line.title, card.line.is_pe) == ("Relay", True)
    assert card.pe == PeDraft(warm_up="Skip", adaptations="Walk")

    change_lesson_plan(db, tenant.tenant_id, plan_id, replace(changed, pe=None))
    assert find_lesson_plan(db, tenant.tenant_id, plan_id).pe is None
    kept = {
        table: db.scalar(select(func.count()).select_from(Base.metadata.tables[f"{table}_history"]))
        for table in ("lesson_plans", "pe_lesson_plans")
    }
    assert kept == {"lesson_plans": 1, "pe_lesson_plans": 2}, "what was said before is kept"


def test_a_change_that_changes_nothing_makes_no_version(db: Session, tenant: Tenant) -> None:
    same = replace(draft(make.create_course(db)), pe=PeDraft(warm_up="Jog"))
    plan_id = create_lesson_plan(db, tenant.tenant_id, same)

    change_lesson_plan(db, tenant.tenant_id, plan_id, same)

    assert db.scalar(select(func.count()).select_from(Base.metadata.tables["lesson_plans_history"])) == 0


def test_standards_are_those_named_last(db: Session, tenant: Tenant) -> None:
    for code in "ABC":
        add(db, LearningStandard(standard_code=code, description=code))
    first = replace(draft(make.create_course(db)), standard_codes=["A", "B"])
    plan_id = create_lesson_plan(db, tenant.tenant_id, first)

    change_lesson_plan(db, tenant.tenant_id, plan_id, replace(first, standard_codes=["B", "C"]))

    standards = find_lesson_plan(db, tenant.tenant_id, plan_id).standards
    assert [standard.standard_code for standard in standards] == ["B", "C"]


def test_what_cannot_be_is_refused_and_nothing_is_written(db: Session, tenant: Tenant) -> None:
    course, other = make.create_course(db), make.create_section(db)
    good = draft(course)
    plan_id = create_lesson_plan(db, tenant.tenant_id, good)
    again = replace(good, lesson_plan_code="L2")
    refusals: list[tuple[LessonPlanDraft, type[RollbookError]]] = [
        (good, lessons.LessonPlanExists),
        (replace(again, course_id=UUID(int=7)), CourseNotFound),
        (replace(again, section_id=UUID(int=7)), SectionNotFound),
        (replace(again, section_id=other.section_id), lessons.SectionOfAnotherCourse),
        (replace(again, staff_id=UUID(int=7)), lessons.AuthorNotFound),
        (replace(again, duration_minutes=0), lessons.LessonTooLong),
        (replace(again, standard_codes=["X", "Y"]), lessons.StandardsUnknown),
    ]

    for wrong, refusal in refusals:
        with pytest.raises(refusal):
            create_lesson_plan(db, tenant.tenant_id, wrong)
    with pytest.raises(lessons.LessonPlanNotFound):
        change_lesson_plan(db, tenant.tenant_id, UUID(int=7), good)
    rows, _ = list_lesson_plans(db, tenant.tenant_id)
    assert [row.lesson_plan_id for row in rows] == [plan_id]


def test_plans_come_by_day_those_without_one_last(db: Session, tenant: Tenant) -> None:
    course = make.create_course(db)
    mine, other = (make.create_section(db, course=course, code=code) for code in "12")
    for code, section, planned_on in (
        ("A", mine, None),
        ("B", mine, DAY),
        ("C", other, DAY),
        ("D", None, date(2025, 10, 1)),
    ):
        section_id = section.section_id if section else None
        planned = replace(draft(course, code), section_id=section_id, planned_on=planned_on)
        create_lesson_plan(db, tenant.tenant_id, planned)
    create_lesson_plan(db, tenant.tenant_id, draft(make.create_course(db), "E"))

    def codes(**wanted: UUID | date) -> str:
        rows, _ = list_lesson_plans(db, tenant.tenant_id, **wanted)  # type: ignore[arg-type]  # as a test says it
        return "".join(row.lesson_plan_code for row in rows)

    assert codes() == "DBCAE"
    assert codes(course_id=course.course_id) == "DBCA"
    assert codes(section_id=mine.section_id) == "DBA", "its own, and the course's"
    assert codes(since=DAY, until=DAY) == "BCAE"
    first, cursor = list_lesson_plans(db, tenant.tenant_id, limit=3)
    rest, end = list_lesson_plans(db, tenant.tenant_id, cursor=cursor, limit=3)
    assert "".join(row.lesson_plan_code for row in first + rest) == "DBCAE"
    assert end is None
