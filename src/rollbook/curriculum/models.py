"""Tables of the curriculum."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from rollbook.core.schema import (
    Json,
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


class CourseResult(StrEnum):
    """How a course ended for a student."""

    DISTINCTION = "distinction"
    PASS = "pass"  # noqa: S105 - a result, not a secret
    FAIL = "fail"
    WITHDRAWN = "withdrawn"


class CourseLevel(StrEnum):
    """How demanding a course is; a weighted GPA adds to the points of the upper ones."""

    REGULAR = "regular"
    HONORS = "honors"
    ADVANCED_PLACEMENT = "advanced_placement"
    DUAL_CREDIT = "dual_credit"


@versioned
class Course(TenantOwned):
    """A course of the catalogue. Grain: one row per (tenant, course)."""

    __tablename__ = "courses"
    __table_args__ = (
        UniqueConstraint("tenant_id", "course_code"),
        references("schools", "school_id"),
        CheckConstraint("credits >= 0", name="credits_range"),
        CheckConstraint(
            "max_completions_for_credit BETWEEN 1 AND 99", name="max_completions_for_credit_range"
        ),
        CheckConstraint(
            "low_grade BETWEEN 0 AND 12 AND high_grade BETWEEN low_grade AND 12", name="grade_span"
        ),
    )

    course_id: Mapped[UUID] = entity_id()
    course_code: Mapped[str]
    title: Mapped[str]
    subject: Mapped[str | None]
    school_id: Mapped[UUID | None] = mapped_column(comment="none where the whole tenant offers it")
    description: Mapped[str | None]
    low_grade: Mapped[int | None] = mapped_column(SmallInteger, comment="kindergarten is 0")
    high_grade: Mapped[int | None] = mapped_column(SmallInteger)
    credits: Mapped[float | None] = mapped_column(Numeric(5, 2), comment="earned by passing it")
    level: Mapped[CourseLevel] = mapped_column(text_enum(CourseLevel), server_default=text("'regular'"))
    max_completions_for_credit: Mapped[int | None] = mapped_column(
        SmallInteger, comment="how often it brings credit; none = once"
    )
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()


@versioned
class Section(TenantOwned):
    """One offering of a course. Grain: one row per (tenant, section)."""

    __tablename__ = "sections"
    __table_args__ = (
        UniqueConstraint("tenant_id", "course_id", "section_code"),
        references("courses", "course_id"),
        references("schools", "school_id"),
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
        Index(None, "tenant_id", "school_id"),
    )

    section_id: Mapped[UUID] = entity_id()
    course_id: Mapped[UUID]
    school_id: Mapped[UUID | None]
    section_code: Mapped[str] = mapped_column(comment="unique in its course, such as 2013J")
    starts_on: Mapped[date]
    ends_on: Mapped[date] = mapped_column(comment="last day")
    title: Mapped[str | None] = mapped_column(comment="none = that of the course")
    location: Mapped[str | None]
    periods: Mapped[list[str] | None] = mapped_column(ARRAY(Text), comment="of the school day")
    is_homeroom: Mapped[bool] = mapped_column(server_default=text("false"))
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
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
    source_id: Mapped[str | None] = mapped_column(comment="what the source calls this row")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


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
    import_id: Mapped[int | None] = import_id()


class SectionRole(StrEnum):
    """What someone does in a section (OneRoster)."""

    TEACHER = "teacher"
    AIDE = "aide"
    ADMINISTRATOR = "administrator"
    PROCTOR = "proctor"


@versioned
class SectionStaff(TenantOwned):
    """A teaching assignment: [begins_on, ends_on), none = open on that side.

    Grain: one row per (tenant, section, staff, role).
    """

    __tablename__ = "section_staff"
    __table_args__ = (
        references("sections", "section_id"),
        references("staff", "staff_id"),
        CheckConstraint("ends_on >= begins_on", name="ends_after_begin"),
        Index(None, "tenant_id", "staff_id"),
    )

    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(primary_key=True)
    section_role: Mapped[SectionRole] = mapped_column(
        text_enum(SectionRole), primary_key=True, server_default=text("'teacher'")
    )
    is_primary: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="the one who is named first"
    )
    begins_on: Mapped[date | None]
    ends_on: Mapped[date | None] = mapped_column(comment="first day no longer")
    source_id: Mapped[str | None] = mapped_column(comment="what the source calls this row")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class SectionSession(TenantOwned):
    """A term in which a section meets. Grain: one row per (tenant, section, session)."""

    __tablename__ = "section_sessions"
    __table_args__ = (
        references("sections", "section_id"),
        references("academic_sessions", "session_id"),
        Index(None, "tenant_id", "session_id"),
    )

    section_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


@versioned
class CoursePrerequisite(TenantOwned):
    """A course that another asks for. Grain: one row per (tenant, course, prerequisite)."""

    __tablename__ = "course_prerequisites"
    __table_args__ = (
        references("courses", "course_id"),
        references("courses", "prerequisite_course_id", target=["course_id"]),
        CheckConstraint("course_id <> prerequisite_course_id", name="not_itself"),
        Index(None, "tenant_id", "prerequisite_course_id"),
    )

    course_id: Mapped[UUID] = mapped_column(primary_key=True)
    prerequisite_course_id: Mapped[UUID] = mapped_column(primary_key=True)
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
