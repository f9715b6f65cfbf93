"""Who answers for a student, and who of them may see the record."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Uuid, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rollbook.core.by_hand import revise
from rollbook.core.encryption import seal_version
from rollbook.core.errors import Conflict, NotFound
from rollbook.intake.target import table_of
from rollbook.roster.models import Student
from rollbook.roster.models_families import Guardian, StudentGuardian
from rollbook.roster.service import StudentNotFound


class GuardianNotFound(NotFound):
    """There is no such guardian, or none of their students is one whom you may see."""


class GuardianNumberTaken(Conflict):
    """Another guardian has the number {guardian_number}: link that one instead. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Tie:
    """What a guardian is to a student. ``contact_order``: 1 is called first."""

    relation: str
    contact_order: int | None = None
    lives_with: bool | None = None
    may_see_records: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """A guardian as the district knows them."""

    guardian_number: str
    first_name: str
    last_name: str
    email: str | None = None
    phone: str | None = None
    preferred_language: str | None = None


def add_guardian(db: Session, tenant_id: int, student_id: UUID, person: Person, tie: Tie) -> UUID:
    """Add a guardian of a student; return their id. Whoever sees the student may add one.

    Raises: ``StudentNotFound``; ``GuardianNumberTaken``.
    """
    _check_student(db, tenant_id, student_id)
    guardian_id: UUID = db.execute(select(func.uuidv7(type_=Uuid))).scalar_one()
    # Not by the ORM, which asks for the row back: nobody sees it before the student is tied to it.
    told = {name: getattr(person, name) for name in Person.__dataclass_fields__}
    key = {"tenant_id": tenant_id, "guardian_id": guardian_id}
    row = key | seal_version(table_of(Guardian), key, told)
    try:
        with db.begin_nested():
            db.connection().execute(insert(Guardian).values(**row))
    except IntegrityError:
        raise GuardianNumberTaken(guardian_number=person.guardian_number) from None
    _tie(db, tenant_id, student_id, guardian_id, tie)
    return guardian_id


def link_guardian(db: Session, tenant_id: int, student_id: UUID, guardian_id: UUID, tie: Tie) -> None:
    """Tie a guardian to a student, or change what ties them.

    Raises: ``StudentNotFound``; ``GuardianNotFound``.
    """
    _check_student(db, tenant_id, student_id)
    if db.get(Guardian, (tenant_id, guardian_id)) is None:
        raise GuardianNotFound
    _tie(db, tenant_id, student_id, guardian_id, tie)


def unlink_guardian(db: Session, tenant_id: int, student_id: UUID, guardian_id: UUID) -> None:
    """Take a guardian from a student; that they were tied stays in the history.

    Raises: ``GuardianNotFound``.
    """
    link = db.get(StudentGuardian, (tenant_id, student_id, guardian_id))
    if link is None:
        raise GuardianNotFound
    db.delete(link)
    db.flush()


def _check_student(db: Session, tenant_id: int, student_id: UUID) -> None:
    if db.get(Student, (tenant_id, student_id)) is None:
        raise StudentNotFound


def _tie(db: Session, tenant_id: int, student_id: UUID, guardian_id: UUID, tie: Tie) -> None:
    facts = {name: getattr(tie, name) for name in Tie.__dataclass_fields__}
    link = db.get(StudentGuardian, (tenant_id, student_id, guardian_id))
    if link is None:
        key = {"tenant_id": tenant_id, "student_id": student_id, "guardian_id": guardian_id}
        db.add(StudentGuardian(**key, **facts))
    else:
        revise(link, **facts)
    db.flush()
