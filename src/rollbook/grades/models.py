"""Tables of grades."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import (
    StudentOwned,
    TenantOwned,
    created_at,
    entity_id,
    import_id,
    known_at,
    references,
    text_enum,
    versioned,
)


class AssignmentType(StrEnum):
    """What kind of work an assignment is."""

    HOMEWORK = "homework"
    QUIZ = "quiz"
    TEST = "test"
    PROJECT = "project"
    EXAM = "exam"
    TUTOR_MARKED = "tutor_marked"
    COMPUTER_MARKED = "computer_marked"
    CLASSWORK = "classwork"
    PARTICIPATION = "participation"
    OTHER = "other"


class RepeatPolicy(StrEnum):
    """Which tries at a repeated course count."""

    BEST = "best"
    LATEST = "latest"
    ALL = "all"


@versioned
class AssignmentCategory(TenantOwned):
    """A kind of work as the district or teacher names it. Grain: one row per (tenant, category)."""

    __tablename__ = "assignment_categories"
    __table_args__ = (
        UniqueConstraint("tenant_id", "category_code"),
        CheckConstraint("weight_percent BETWEEN 0 AND 100", name="weight_percent_range"),
    )

    category_id: Mapped[UUID] = entity_id()
    category_code: Mapped[str]
    title: Mapped[str]
    weight_percent: Mapped[float | None] = mapped_column(Numeric(6, 3), comment="share of the course mark")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class Assignment(TenantOwned):
    """A piece of work set to a section. Grain: one row per (tenant, assignment)."""

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "section_id", "assignment_code"),
        references("sections", "section_id"),
        references("assignment_categories", "category_id"),
        references("academic_sessions", "session_id"),
        CheckConstraint("max_value > 0", name="max_value_positive"),
        CheckConstraint("weight_percent BETWEEN 0 AND 100", name="weight_percent_range"),
        CheckConstraint("min_value < max_value", name="min_below_max"),
        Index(None, "tenant_id", "category_id"),
        Index(None, "tenant_id", "session_id"),
    )

    assignment_id: Mapped[UUID] = entity_id()
    section_id: Mapped[UUID]
    assignment_code: Mapped[str]
    title: Mapped[str | None]
    assignment_type: Mapped[AssignmentType] = mapped_column(text_enum(AssignmentType))
    max_value: Mapped[float] = mapped_column(Numeric(8, 2), server_default=text("100"))
    weight_percent: Mapped[float | None] = mapped_column(
        Numeric(6, 3), comment="share of the course mark; none = all weigh alike"
    )
    due_on: Mapped[date | None] = mapped_column(comment="none = at the end of the section")
    description: Mapped[str | None]
    assigned_on: Mapped[date | None]
    min_value: Mapped[float | None] = mapped_column(Numeric(8, 2), comment="none = 0")
    category_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None] = mapped_column(comment="the grading period it counts for")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()


@versioned
class Grade(StudentOwned):
    """A student's work on an assignment. Grain: one row per (tenant, student, assignment)."""

    __tablename__ = "grades"
    __table_args__ = (
        references("students", "student_id"),
        references("assignments", "assignment_id"),
        CheckConstraint("grade_value BETWEEN 0 AND 100000", name="grade_value_range"),
        Index(None, "tenant_id", "assignment_id"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    assignment_id: Mapped[UUID] = mapped_column(primary_key=True)
    grade_value: Mapped[float | None] = mapped_column(
        Numeric(8, 2), comment="points out of the assignment's max_value; none = not marked"
    )
    submitted_on: Mapped[date | None]
    is_carried_over: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="taken from an earlier try at the course (OULAD: banked)"
    )
    grade_letter: Mapped[str | None]
    is_late: Mapped[bool | None] = mapped_column(comment="as the source says; none = by the dates")
    is_missing: Mapped[bool] = mapped_column(server_default=text("false"), comment="due and never handed in")
    is_exempt: Mapped[bool] = mapped_column(server_default=text("false"), comment="does not count")
    comment: Mapped[str | None]
    source_id: Mapped[str | None] = mapped_column(comment="what the source calls this row")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


def _bonus(usual: str) -> Mapped[Decimal]:
    return mapped_column(
        Numeric(3, 2),
        server_default=text(usual),
        comment="added to the points of such a course in a weighted GPA",
    )


@versioned
class GradeScale(TenantOwned):
    """How letters become points. Grain: one row per (tenant, scale)."""

    __tablename__ = "grade_scales"
    __table_args__ = (
        UniqueConstraint("tenant_id", "scale_code"),
        CheckConstraint("honors_bonus BETWEEN 0 AND 5", name="honors_bonus_range"),
        CheckConstraint("advanced_placement_bonus BETWEEN 0 AND 5", name="advanced_placement_bonus_range"),
        CheckConstraint("dual_credit_bonus BETWEEN 0 AND 5", name="dual_credit_bonus_range"),
        Index("ix_grade_scales_one_default", "tenant_id", unique=True, postgresql_where=text("is_default")),
    )

    grade_scale_id: Mapped[UUID] = entity_id()
    scale_code: Mapped[str]
    title: Mapped[str]
    is_default: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="the one that a GPA is reckoned by"
    )
    honors_bonus: Mapped[Decimal] = _bonus("0.5")
    advanced_placement_bonus: Mapped[Decimal] = _bonus("1")
    dual_credit_bonus: Mapped[Decimal] = _bonus("1")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class GradeScaleStep(TenantOwned):
    """A letter of a scale. Grain: one row per (tenant, scale, letter)."""

    __tablename__ = "grade_scale_steps"
    __table_args__ = (
        references("grade_scales", "grade_scale_id"),
        CheckConstraint("grade_points BETWEEN 0 AND 5", name="grade_points_range"),
        CheckConstraint("min_percent BETWEEN 0 AND 100", name="min_percent_range"),
    )

    grade_scale_id: Mapped[UUID] = mapped_column(primary_key=True)
    grade_letter: Mapped[str] = mapped_column(primary_key=True)
    min_percent: Mapped[Decimal | None] = mapped_column(Numeric(6, 3), comment="from here on, up to the next")
    grade_points: Mapped[Decimal | None] = mapped_column(Numeric(4, 2), comment="none = counts in no GPA")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


class GradeRule(TenantOwned):
    """What a tenant counts. Grain: at most one row per tenant; none = the defaults."""

    __tablename__ = "grade_rules"

    repeat_policy: Mapped[RepeatPolicy] = mapped_column(
        text_enum(RepeatPolicy),
        server_default=text("'best'"),
        comment="which tries at a course count in GPA and credits",
    )


@versioned
class CourseGrade(StudentOwned):
    """A student's mark for a section in a grading period. Grain: (tenant, student, section, session)."""

    __tablename__ = "course_grades"
    __table_args__ = (
        references("students", "student_id"),
        references("sections", "section_id"),
        references("academic_sessions", "session_id"),
        CheckConstraint("grade_percent BETWEEN 0 AND 200", name="grade_percent_range"),
        CheckConstraint("credits_earned BETWEEN 0 AND credits_attempted", name="credits_range"),
        Index(None, "tenant_id", "section_id"),
        Index(None, "tenant_id", "session_id"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    grade_percent: Mapped[float | None] = mapped_column(Numeric(6, 3))
    grade_letter: Mapped[str | None]
    is_final: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="stands on the transcript and counts in the GPA"
    )
    credits_attempted: Mapped[float | None] = mapped_column(Numeric(5, 2))
    credits_earned: Mapped[float | None] = mapped_column(Numeric(5, 2))
    awarded_on: Mapped[date]
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class Progress(StudentOwned):
    """How far a student has come in a course by a day. Grain: one row per (tenant, student, course, day)."""

    __tablename__ = "progress"
    __table_args__ = (
        references("students", "student_id"),
        references("courses", "course_id"),
        CheckConstraint("assignments_done BETWEEN 0 AND assignments_set", name="assignments_range"),
        CheckConstraint("mean_percent >= 0", name="mean_percent_range"),
        Index(None, "tenant_id", "course_id", "measured_on"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    measured_on: Mapped[date] = mapped_column(primary_key=True)
    assignments_set: Mapped[int] = mapped_column(comment="due by then")
    assignments_done: Mapped[int] = mapped_column(comment="of those, handed in or exempt")
    mean_percent: Mapped[float | None] = mapped_column(Numeric(6, 3), comment="of what was marked")
    credits_earned: Mapped[float | None] = mapped_column(Numeric(5, 2))
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
