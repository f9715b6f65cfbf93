"""Tables of what is to be learned, and of lessons planned for it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from rollbook.core.schema import (
    Json,
    TenantOwned,
    created_at,
    entity_id,
    import_id,
    known_at,
    references,
    versioned,
)


@versioned
class LearningStandard(TenantOwned):
    """Something that students are to learn, as the state or district words it.

    Grain: one row per (tenant, standard).
    """

    __tablename__ = "learning_standards"
    __table_args__ = (
        UniqueConstraint("tenant_id", "standard_code"),
        CheckConstraint("grade_level BETWEEN 0 AND 12", name="grade_level_range"),
    )

    standard_id: Mapped[UUID] = entity_id()
    standard_code: Mapped[str]
    description: Mapped[str]
    subject: Mapped[str | None]
    grade_level: Mapped[int | None] = mapped_column(SmallInteger, comment="kindergarten is 0")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class CourseStandard(TenantOwned):
    """A standard that a course teaches. Grain: one row per (tenant, course, standard)."""

    __tablename__ = "course_standards"
    __table_args__ = (
        references("courses", "course_id"),
        references("learning_standards", "standard_id"),
        Index(None, "tenant_id", "standard_id"),
    )

    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    standard_id: Mapped[UUID] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class LessonPlan(TenantOwned):
    """What a teacher plans for a lesson. Grain: one row per (tenant, lesson plan)."""

    __tablename__ = "lesson_plans"
    __table_args__ = (
        UniqueConstraint("tenant_id", "lesson_plan_code"),
        references("courses", "course_id"),
        references("sections", "section_id"),
        references("staff", "staff_id"),
        CheckConstraint("duration_minutes BETWEEN 1 AND 600", name="duration_minutes_range"),
        Index(None, "tenant_id", "course_id"),
        Index(None, "tenant_id", "section_id", "planned_on"),
        Index(None, "tenant_id", "staff_id"),
    )

    lesson_plan_id: Mapped[UUID] = entity_id()
    lesson_plan_code: Mapped[str]
    course_id: Mapped[UUID]
    section_id: Mapped[UUID | None] = mapped_column(comment="none for every section of the course")
    staff_id: Mapped[UUID | None] = mapped_column(comment="who wrote it")
    title: Mapped[str]
    planned_on: Mapped[date | None]
    duration_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    objectives: Mapped[str | None]
    content: Mapped[Json] = mapped_column(server_default=text("'{}'"), comment="steps, materials, assessment")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()


@versioned
class PeLessonPlan(TenantOwned):
    """What a lesson plan of physical education says besides. Grain: one row per (tenant, lesson plan)."""

    __tablename__ = "pe_lesson_plans"
    __table_args__ = (references("lesson_plans", "lesson_plan_id"),)

    lesson_plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    warm_up: Mapped[str | None]
    main_activity: Mapped[str | None]
    cool_down: Mapped[str | None]
    equipment: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    safety_notes: Mapped[str | None]
    adaptations: Mapped[str | None] = mapped_column(comment="for students who cannot do it as planned")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class LessonPlanStandard(TenantOwned):
    """A standard that a lesson works on. Grain: one row per (tenant, lesson plan, standard)."""

    __tablename__ = "lesson_plan_standards"
    __table_args__ = (
        references("lesson_plans", "lesson_plan_id"),
        references("learning_standards", "standard_id"),
        Index(None, "tenant_id", "standard_id"),
    )

    lesson_plan_id: Mapped[UUID] = mapped_column(primary_key=True)
    standard_id: Mapped[UUID] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
