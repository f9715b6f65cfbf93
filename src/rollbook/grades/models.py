"""Tables of grades."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import (
    StudentOwned,
    TenantOwned,
    created_at,
    entity_id,
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


class Assignment(TenantOwned):
    """A piece of work set to a section. Grain: one row per (tenant, assignment)."""

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "section_id", "assignment_code"),
        references("sections", "section_id"),
        CheckConstraint("max_value > 0", name="max_value_positive"),
        CheckConstraint("weight_percent BETWEEN 0 AND 100", name="weight_percent_range"),
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
    known_at: Mapped[datetime] = known_at()
