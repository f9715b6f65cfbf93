"""Tables of who answers for a student, and of the programmes that students are in."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.encryption import Sealed
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


@versioned
class Guardian(TenantOwned):
    """A parent or another who answers for a student. Grain: one row per (tenant, guardian).

    Seen by those who may see one of their students.
    """

    __tablename__ = "guardians"
    __table_args__ = (
        UniqueConstraint("tenant_id", "guardian_number"),
        references("users", "user_id"),
        Index(None, "tenant_id", "user_id"),
    )

    guardian_id: Mapped[UUID] = entity_id()
    guardian_number: Mapped[str] = mapped_column(comment="the district's own number")
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[bytes | None] = mapped_column(Sealed)
    phone: Mapped[bytes | None] = mapped_column(Sealed)
    preferred_language: Mapped[str | None] = mapped_column(comment="ISO 639")
    user_id: Mapped[UUID | None] = mapped_column(comment="how they sign in")
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
    created_at: Mapped[datetime] = created_at()


@versioned
class StudentGuardian(StudentOwned):
    """What a guardian is to a student. Grain: one row per (tenant, student, guardian)."""

    __tablename__ = "student_guardians"
    __table_args__ = (
        references("students", "student_id"),
        references("guardians", "guardian_id"),
        CheckConstraint("contact_order > 0", name="contact_order_positive"),
        Index(None, "tenant_id", "guardian_id"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    guardian_id: Mapped[UUID] = mapped_column(primary_key=True)
    relation: Mapped[str] = mapped_column(comment="such as mother, father, guardian, relative")
    contact_order: Mapped[int | None] = mapped_column(SmallInteger, comment="1 = first to be called")
    lives_with: Mapped[bool | None]
    may_see_records: Mapped[bool] = mapped_column(
        server_default=text("true"), comment="false where a court or the district says so"
    )
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()


class ProgramType(StrEnum):
    """A programme a student takes part in (CEDS)."""

    IEP = "iep"
    SECTION_504 = "504"
    ENGLISH_LEARNER = "english_learner"
    FREE_LUNCH = "free_lunch"
    REDUCED_LUNCH = "reduced_lunch"
    GIFTED = "gifted"
    TITLE_I = "title_i"
    HOMELESS = "homeless"
    FOSTER_CARE = "foster_care"
    MIGRANT = "migrant"
    MILITARY_FAMILY = "military_family"
    OTHER = "other"


@versioned
class StudentProgram(StudentOwned):
    """A student's time in a programme. Grain: one row per (tenant, student, type, begin); [begins, ends)."""

    __tablename__ = "student_programs"
    __table_args__ = (
        references("students", "student_id"),
        CheckConstraint("ends_on >= begins_on", name="ends_after_begin"),
        Index(None, "tenant_id", "program_type"),
    )

    student_id: Mapped[UUID] = mapped_column(primary_key=True)
    program_type: Mapped[ProgramType] = mapped_column(text_enum(ProgramType), primary_key=True)
    begins_on: Mapped[date] = mapped_column(primary_key=True)
    ends_on: Mapped[date | None] = mapped_column(comment="first day no longer")
    notes: Mapped[str | None]
    known_at: Mapped[datetime] = known_at()
    import_id: Mapped[int | None] = import_id()
