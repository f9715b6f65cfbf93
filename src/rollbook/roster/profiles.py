"""What a school keeps of a student besides name and grade: contact, guardians, programs, enrollments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.encryption import open_row
from rollbook.core.sql import named_sql
from rollbook.roster.models_families import ProgramType
from rollbook.roster.service import StudentNotFound

_SQL: Final = named_sql("rollbook.roster", "families.sql")
# Who eats free or at a reduced price is known to those who run the meals, not to all who teach
# (42 U.S.C. 1758(b)(6)).
MEALS: Final = (ProgramType.FREE_LUNCH, ProgramType.REDUCED_LUNCH)

_NAMES: Final = {
    ProgramType.IEP: "Individualized education program (IEP)",
    ProgramType.SECTION_504: "Section 504 plan",
    ProgramType.TITLE_I: "Title I",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """How a student is called and reached."""

    preferred_name: str | None
    email: str | None
    phone: str | None
    address: str | None
    languages: Sequence[str] | None
    is_directory_opt_out: bool


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A student's time at one school. Shape: [entry_on, exit_on)."""

    enrollment_id: UUID
    school_id: UUID
    school_code: str
    school: str
    school_year: int
    grade_level: int | None
    entry_on: date
    entry_code: str | None
    exit_on: date | None
    exit_code: str | None
    is_primary: bool
    counselor: str | None
    known_at: datetime


@dataclass(frozen=True, slots=True)
class Program:
    """A student's time in a program. Shape: [begins_on, ends_on)."""

    program_type: str
    begins_on: date
    ends_on: date | None

    @property
    def name(self) -> str:
        """What people call it."""
        known = ProgramType(self.program_type)
        return _NAMES.get(known, known.value.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class GuardianLine:
    """Someone who answers for a student. ``may_see_records`` false: a court or the district says so."""

    guardian_id: UUID
    guardian_number: str
    name: str
    relation: str
    email: str | None
    phone: str | None
    preferred_language: str | None
    contact_order: int | None
    lives_with: bool | None
    may_see_records: bool


@dataclass(frozen=True, slots=True)
class StudentProfile:
    """What a school keeps of a student besides name and grade."""

    contact: Contact
    guardians: Sequence[GuardianLine]
    programs: Sequence[Program]
    enrollments: Sequence[Enrollment]


def profile_of(
    db: Session,
    tenant_id: int,
    student_id: UUID,
    *,
    with_meals: bool = False,
    known_until: datetime | None = None,
) -> StudentProfile:
    """Return contact and guardians as they are, programs and enrollments as known before ``known_until``.

    ``with_meals``: name programs of free and reduced-price meals too.
    Raises: ``StudentNotFound``, also for a student whom this transaction may not see.
    """
    key = {"tenant_id": tenant_id, "student_id": student_id}
    contact = db.execute(_SQL["contact"], key).mappings().one_or_none()
    if contact is None:
        raise StudentNotFound
    return StudentProfile(
        Contact(**open_row(tenant_id, "students", student_id, dict(contact))),
        [_guardian(tenant_id, dict(row)) for row in db.execute(_SQL["guardians_of"], key).mappings()],
        programs_of(db, tenant_id, student_id, with_meals=with_meals, known_until=known_until),
        enrollments_of(db, tenant_id, student_id, known_until=known_until),
    )


def _guardian(tenant_id: int, row: Mapping[str, Any]) -> GuardianLine:
    return GuardianLine(**open_row(tenant_id, "guardians", row["guardian_id"], row))


def enrollments_of(
    db: Session, tenant_id: int, student_id: UUID, *, known_until: datetime | None = None
) -> list[Enrollment]:
    """Return the student's time at schools, newest first, as known before ``known_until``, or now."""
    key = {"tenant_id": tenant_id, "student_id": student_id, "known_until": known_until}
    return [Enrollment(*row) for row in db.execute(_SQL["enrollments_of"], key)]


def programs_of(
    db: Session,
    tenant_id: int,
    student_id: UUID,
    *,
    with_meals: bool = False,
    known_until: datetime | None = None,
) -> list[Program]:
    """Return the student's programs, newest first, as known before ``known_until``, or now.

    Source: 42 U.S.C. 1758(b)(6) limits who may know of free and reduced-price meals: ``with_meals``.
    """
    key = {
        "tenant_id": tenant_id,
        "student_id": student_id,
        "hidden": [] if with_meals else [meal.value for meal in MEALS],
        "known_until": known_until,
    }
    return [Program(*row) for row in db.execute(_SQL["programs_of"], key)]
