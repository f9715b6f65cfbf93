"""Tables of the roster."""

import datetime as dt
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

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


class SchoolType(StrEnum):
    """The span of grades a school serves."""

    ELEMENTARY = "elementary"
    MIDDLE = "middle"
    HIGH = "high"
    POSTSECONDARY = "postsecondary"


class School(TenantOwned):
    """A school. Grain: one row per (tenant, school)."""

    __tablename__ = "schools"
    __table_args__ = (
        UniqueConstraint("tenant_id", "school_code"),
        CheckConstraint(
            "low_grade BETWEEN 0 AND 12 AND high_grade BETWEEN low_grade AND 12", name="grade_span"
        ),
    )

    school_id: Mapped[UUID] = entity_id()
    school_code: Mapped[str]
    name: Mapped[str]
    school_type: Mapped[SchoolType] = mapped_column(text_enum(SchoolType))
    low_grade: Mapped[int | None] = mapped_column(SmallInteger, comment="kindergarten is 0")
    high_grade: Mapped[int | None] = mapped_column(SmallInteger)
    created_at: Mapped[datetime] = created_at()


class Staff(TenantOwned):
    """A person who works for the tenant. Grain: one row per (tenant, staff)."""

    __tablename__ = "staff"
    __table_args__ = (
        UniqueConstraint("tenant_id", "staff_number"),
        references("schools", "school_id"),
        references("users", "user_id"),
        Index(None, "tenant_id", "user_id"),
        Index(None, "tenant_id", "school_id"),
    )

    staff_id: Mapped[UUID] = entity_id()
    staff_number: Mapped[str]
    first_name: Mapped[str]
    last_name: Mapped[str]
    school_id: Mapped[UUID | None] = mapped_column(comment="where they work; none for the whole tenant")
    user_id: Mapped[UUID | None] = mapped_column(comment="how they sign in")
    created_at: Mapped[datetime] = created_at()


@versioned
class Student(StudentOwned):
    """A student, one identity across schools and years. Grain: one row per (tenant, student)."""

    __tablename__ = "students"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"]),
        UniqueConstraint("tenant_id", "student_number"),
        CheckConstraint("grade_level BETWEEN 0 AND 12", name="grade_level_range"),
        CheckConstraint("birth_date > DATE '1900-01-01'", name="birth_date_plausible"),
        Index(None, "tenant_id", "last_name", "first_name"),
    )

    student_id: Mapped[UUID] = entity_id()
    student_number: Mapped[str] = mapped_column(comment="the district's own number")
    first_name: Mapped[str | None] = mapped_column(comment="none where the source has no names")
    last_name: Mapped[str | None]
    preferred_name: Mapped[str | None]
    birth_date: Mapped[date | None]
    gender: Mapped[str | None]
    race_ethnicity: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    grade_level: Mapped[int | None] = mapped_column(SmallInteger, comment="kindergarten is 0")
    is_english_learner: Mapped[bool | None]
    is_special_education: Mapped[bool | None]
    economic_status: Mapped[str | None]
    metadata_: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))
    known_at: Mapped[datetime] = known_at()
    created_at: Mapped[datetime] = created_at()


@versioned
class StudentSchoolEnrollment(StudentOwned):
    """A student's time at one school. Grain: one row per (tenant, enrollment); [entry_on, exit_on)."""

    __tablename__ = "student_school_enrollments"
    __table_args__ = (
        UniqueConstraint("tenant_id", "student_id", "school_id", "entry_on"),
        references("students", "student_id"),
        references("schools", "school_id"),
        references("staff", "counselor_staff_id", target=["staff_id"]),
        CheckConstraint("exit_on >= entry_on", name="exit_after_entry"),
        CheckConstraint("grade_level BETWEEN 0 AND 12", name="grade_level_range"),
        Index(None, "tenant_id", "school_id", "school_year"),
        Index(None, "tenant_id", "counselor_staff_id"),
    )

    enrollment_id: Mapped[UUID] = entity_id()
    student_id: Mapped[UUID]
    school_id: Mapped[UUID]
    school_year: Mapped[int] = mapped_column(SmallInteger, comment="the calendar year it ends in")
    grade_level: Mapped[int | None] = mapped_column(SmallInteger, comment="kindergarten is 0")
    entry_on: Mapped[date]
    exit_on: Mapped[date | None] = mapped_column(comment="first day no longer enrolled")
    exit_code: Mapped[str | None]
    is_primary: Mapped[bool] = mapped_column(server_default=text("true"))
    counselor_staff_id: Mapped[UUID | None]
    known_at: Mapped[datetime] = known_at()
    created_at: Mapped[datetime] = created_at()


class SchoolCalendarDay(TenantOwned):
    """A day of a school's calendar. Grain: one row per (tenant, school, date)."""

    __tablename__ = "school_calendar_days"
    __table_args__ = (references("schools", "school_id"),)

    school_id: Mapped[UUID] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    is_instructional: Mapped[bool]
    term_code: Mapped[str | None]
