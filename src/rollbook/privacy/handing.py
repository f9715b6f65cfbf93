"""Who may ask for a record, and what is noted of it."""

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from rollbook.access.service import interest_of, today_of
from rollbook.accounts.models import Role, User
from rollbook.core.errors import Forbidden
from rollbook.privacy.record import Handing
from rollbook.roster.models import Student

_ADULT: Final = 18
_FAMILY: Final = frozenset({Role.GUARDIAN, Role.STUDENT})
ASKERS: Final = _FAMILY | {Role.DISTRICT_ADMIN}


class RecordNotYours(Forbidden):
    """A guardian, an adult student or a district admin asks for a whole record. Ask your school for it."""


class StudentNotAdult(Forbidden):
    """Until a student is 18 their guardians ask for the whole record. Ask them, or your school."""


def handing_to(db: Session, user: User, student: Student, because: str = "") -> Handing:
    """Return how ``user``, who sees ``student``, is handed the record.

    Raises: ``RecordNotYours``; ``StudentNotAdult``.
    Source: 34 CFR 99.3 and 99.5: at 18 the rights of the parents become the student's.
    """
    if user.role not in ASKERS:
        raise RecordNotYours
    if user.role is Role.STUDENT and not _is_adult(student, today_of(db, user)):
        raise StudentNotAdult
    return Handing(
        to=f"{user.full_name} ({user.role.value.replace('_', ' ')})",
        because=because or "asked for on the student's page",
        interest=interest_of(db, user),
        guardian=user.user_id if user.role is Role.GUARDIAN else None,
        is_to_family=user.role in _FAMILY,
    )


def _is_adult(student: Student, today: date) -> bool:
    """A district that knows no birth date has not said that the student is a child: a university's tenant."""
    born = student.birth_date
    if born is None:
        return student.grade_level is None
    return (today.year - born.year, today.month, today.day) >= (_ADULT, born.month, born.day)
