"""Tables of the curriculum."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import (
    Json,
    StudentOwned,
    TenantOwned,
    created_at,
    entity_id,
    known_at,
    references,
    text_enum,
    versioned,
)


class CourseResult(StrEnum):
    """How a course ended for a student."""

    DISTINCTION = "distinction"
    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    WITHDRAWN = "withdrawn"


class Course(TenantOwned):
    """A course of the catalogue. Grain: one row per (tenant, course)."""

    __tablename__ = "courses"
    __table_args__ = (UniqueConstraint("tenant_id", "course_code"),)

    course_id: Mapped[UUID] = entity_id()
    course_code: Mapped[str]
    title: Mapped[str]
    subject: Mapped[str | None]
    created_at: Mapped[datetime] = created_at()


class Section(TenantOwned):
    """One offering of a course. Grain: one row per (tenant, section)."""

    __tablename__ = "sections"
    __table_args__ = (
        UniqueConstraint("tenant_id", "course_id", "section_code"),
        references("courses", "course_id"),
        references("schools", "school_id"),
        references("staff", "teacher_staff_id", target=["staff_id"]),
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
        Index(None, "tenant_id", "school_id"),
        Index(None, "tenant_id", "teacher_staff_id"),
    )

    section_id: Mapped[UUID] = entity_id()
    course_id: Mapped[UUID]
    school_id: Mapped[UUID | None]
    section_code: Mapped[str] = mapped_column(comment="unique in its course, such as 2013J")
    teacher_staff_id: Mapped[UUID | None]
    starts_on: Mapped[date]
    ends_on: Mapped[date] = mapped_column(comment="last day")
    created_at: Mapped[datetime] = created_at()


@versioned
class CourseEnrollment(StudentOwned):
    """A student's place in a section. Grain: one row per (tenant, student, section).

    A withdrawal is a later version of the row: the one without it stays in the history.
    """

    __tablename__ = "course_enrollments"
    __table_args__ = (
        references("students", "student_id"),
        references("sections", "section_id"),
        CheckConstraint("prior_attempts >= 0", name="prior_attempts_range"),
        CheckConstraint("load_credits >= 0", name="load_credits_range"),
        # All of the key: the planner, without statistics, takes this index for the primary key's lookups too.
        Index(None, "tenant_id", "section_id", "student_id"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    enrolled_on: Mapped[date | None] = mapped_column(comment="none where the source does not say")
    withdrawn_on: Mapped[date | None] = mapped_column(comment="first day no longer enrolled")
    prior_attempts: Mapped[int | None] = mapped_column(SmallInteger, comment="earlier tries at this course")
    load_credits: Mapped[float | None] = mapped_column(
        Numeric(6, 1), comment="credits the student takes in all at that time"
    )
    entry_facts: Mapped[Json] = mapped_column(
        server_default=text("'{}'"), comment="what the source says of the student at entry, such as region"
    )
    known_at: Mapped[datetime] = known_at()


@versioned
class CourseOutcome(StudentOwned):
    """How a course ended for a student. Grain: one row per (tenant, student, section)."""

    __tablename__ = "course_outcomes"
    __table_args__ = (
        references("course_enrollments", "student_id", "section_id"),
        Index(None, "tenant_id", "section_id"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    result: Mapped[CourseResult] = mapped_column(text_enum(CourseResult))
    known_at: Mapped[datetime] = known_at()
