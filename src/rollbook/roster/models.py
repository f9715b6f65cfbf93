"""Tables of the roster."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    UniqueConstraint,
    column,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from rollbook.core.encryption import Sealed
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


class SchoolType(StrEnum):
    """The span of grades a school serves."""

    ELEMENTARY = "elementary"
    MIDDLE = "middle"
    HIGH = "high"
    POSTSECONDARY = "postsecondary"


@versioned
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
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()


@versioned
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
    email: Mapped[str | None]
    phone: Mapped[str | None]
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
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
    middle_name: Mapped[str | None]
    preferred_name: Mapped[str | None]
    birth_date: Mapped[date | None]
    gender: Mapped[str | None]
    race_ethnicity: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    grade_level: Mapped[int | None] = mapped_column(SmallInteger, comment="kindergarten is 0")
    is_english_learner: Mapped[bool | None]
    is_special_education: Mapped[bool | None]
    economic_status: Mapped[str | None]
    languages: Mapped[list[str] | None] = mapped_column(
        ARRAY(Text), comment="ISO 639, that of the home first"
    )
    email: Mapped[str | None]
    phone: Mapped[bytes | None] = mapped_column(Sealed)
    address: Mapped[bytes | None] = mapped_column(Sealed)
    is_directory_opt_out: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="the family forbids handing out directory information"
    )
    metadata_: Mapped[Json] = mapped_column("metadata", server_default=text("'{}'"))
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
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
        ExcludeConstraint(
            ("tenant_id", "="),
            ("student_id", "="),
            (func.daterange(column("entry_on"), column("exit_on")), "&&"),
            where=text("is_primary"),
            using="gist",
            name="ex_student_school_enrollments_one_primary",
        ),
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
    entry_code: Mapped[str | None]
    exit_on: Mapped[date | None] = mapped_column(comment="first day no longer enrolled")
    exit_code: Mapped[str | None]
    is_primary: Mapped[bool] = mapped_column(server_default=text("true"))
    counselor_staff_id: Mapped[UUID | None]
    source_id: Mapped[str | None] = mapped_column(comment="what the source calls this row")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()


class StaffRole(StrEnum):
    """What someone does at a school (OneRoster)."""

    TEACHER = "teacher"
    AIDE = "aide"
    COUNSELOR = "counselor"
    PRINCIPAL = "principal"
    SITE_ADMINISTRATOR = "siteAdministrator"
    DISTRICT_ADMINISTRATOR = "districtAdministrator"
    SYSTEM_ADMINISTRATOR = "systemAdministrator"
    PROCTOR = "proctor"


@versioned
class StaffAssignment(TenantOwned):
    """A person's work at a school, or for the whole tenant. Grain: one row per (tenant, assignment).

    It stands in [begins_on, ends_on); none = open on that side.
    """

    __tablename__ = "staff_assignments"
    __table_args__ = (
        references("staff", "staff_id"),
        references("schools", "school_id"),
        UniqueConstraint(
            "tenant_id",
            "staff_id",
            "school_id",
            "staff_role",
            "begins_on",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("ends_on >= begins_on", name="ends_after_begin"),
        Index(None, "tenant_id", "school_id"),
    )

    staff_assignment_id: Mapped[UUID] = entity_id()
    staff_id: Mapped[UUID]
    school_id: Mapped[UUID | None] = mapped_column(comment="none for the whole tenant")
    staff_role: Mapped[StaffRole] = mapped_column(text_enum(StaffRole))
    is_primary: Mapped[bool] = mapped_column(server_default=text("true"))
    begins_on: Mapped[date | None]
    ends_on: Mapped[date | None] = mapped_column(comment="first day no longer")
    source_id: Mapped[str | None] = mapped_column(comment="what the source calls this row")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
