"""Somebody new: a student whom the district has no record of yet, with their first enrollment."""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rollbook.core.errors import Conflict, Invalid
from rollbook.core.tenancy import whole_tenant
from rollbook.intake.erased import NUMBER, is_erased
from rollbook.roster.enrolling import Placement, enroll_student
from rollbook.roster.models import Student

_BORN_AFTER: Final = date(1900, 1, 1)


class NumberTaken(Conflict):
    """The district has a student with that number already. Nothing was changed."""


class MayBeThere(Conflict):
    """The district has a student of that name and birth date already. Nothing was changed.

    Ask your Rollbook administrator to transfer them, so that they keep one record.
    """


class AdmittedAgain(Conflict):
    """That number is of somebody whose record was erased. Nothing was changed.

    Your Rollbook administrator can let them in again: `rollbook privacy readmit`.
    """


class BirthInvalid(Invalid):
    """A student was born after 1900, and before the day on which they enter."""


@dataclass(frozen=True, slots=True)
class NewStudent:
    """Who somebody is."""

    student_number: str
    first_name: str
    last_name: str
    birth_date: date | None = None
    middle_name: str | None = None
    preferred_name: str | None = None
    gender: str | None = None


def admit_student(db: Session, tenant_id: int, new: NewStudent, placement: Placement) -> UUID:
    """Make a student's record with their first enrollment, also where few students are in sight.

    It looks over the whole district, that nobody gets a second record, and tells no more than that.
    Raises: ``NumberTaken``; ``MayBeThere``; ``AdmittedAgain``; ``BirthInvalid``; what ``enroll_student``
        raises.
    """
    if new.birth_date is not None and not _BORN_AFTER < new.birth_date < placement.entry_on:
        raise BirthInvalid
    with whole_tenant(db):
        _check_new(db, tenant_id, new)
        values = {name: getattr(new, name) for name in NewStudent.__dataclass_fields__}
        student = Student(tenant_id=tenant_id, grade_level=placement.grade_level, **values)
        _write(db, student)
        enroll_student(db, tenant_id, student.student_id, placement)
        db.flush()
    return student.student_id


def _check_new(db: Session, tenant_id: int, new: NewStudent) -> None:
    if is_erased(db, tenant_id, NUMBER, new.student_number):
        raise AdmittedAgain
    if new.birth_date is None:
        return
    same = (
        Student.tenant_id == tenant_id,
        Student.birth_date == new.birth_date,
        func.lower(Student.last_name) == new.last_name.lower(),
        func.lower(Student.first_name) == new.first_name.lower(),
    )
    if db.scalar(select(select(Student.student_id).where(*same).exists())):
        raise MayBeThere


def _write(db: Session, student: Student) -> None:
    try:
        with db.begin_nested():
            db.add(student)
    except IntegrityError as refused:
        # Not "from refused": what PostgreSQL says names the student.
        if isinstance(refused.orig, UniqueViolation):
            raise NumberTaken from None
        raise
