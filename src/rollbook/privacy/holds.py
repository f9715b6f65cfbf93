"""Legal holds, and letting somebody in again who was erased."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.acting import acting
from rollbook.core.errors import Invalid, NotFound
from rollbook.intake.erased import NUMBER, digest, has_erased
from rollbook.intake.models import ErasedName
from rollbook.privacy.models import LegalHold
from rollbook.roster.models import Student
from rollbook.roster.service import StudentNotFound


class HoldReasonMissing(Invalid):
    """Say why nothing may be erased, such as the case's number."""


class HoldNotFound(NotFound):
    """No legal hold stands on this student."""


class NobodyErased(NotFound):
    """Nobody with this number was erased from this tenant."""


def place_hold(db: Session, tenant_id: int, student_id: UUID, reason: str) -> LegalHold:
    """Let nothing of the student be erased or run out until the hold is ended.

    Raises: ``StudentNotFound``; ``HoldReasonMissing``.
    """
    if not reason.strip():
        raise HoldReasonMissing
    if db.get(Student, (tenant_id, student_id)) is None:
        raise StudentNotFound
    hold = LegalHold(
        tenant_id=tenant_id, student_id=student_id, reason=reason.strip(), placed_by=acting().who
    )
    db.add(hold)
    db.flush()
    return hold


def end_hold(db: Session, tenant_id: int, student_id: UUID) -> int:
    """End every hold that stands on the student; return how many that were.

    Raises: ``HoldNotFound``.
    """
    standing = [one for one in list_holds(db, tenant_id) if one.student_id == student_id]
    if not standing:
        raise HoldNotFound
    for hold in standing:
        hold.ended_at = clock.now()
    db.flush()
    return len(standing)


def list_holds(db: Session, tenant_id: int) -> Sequence[LegalHold]:
    """Return the holds that stand, the oldest first."""
    stands = LegalHold.tenant_id == tenant_id, LegalHold.ended_at.is_(None)
    return db.scalars(select(LegalHold).where(*stands).order_by(LegalHold.placed_at)).all()


def readmit(db: Session, tenant_id: int, student_number: str) -> int:
    """Let imports bring in again whoever had this number; return of how many names. ``db``: the owner's.

    Raises: ``NobodyErased``.
    """
    if not has_erased(db, tenant_id):
        raise NobodyErased
    name = db.get(ErasedName, (tenant_id, digest(db, tenant_id, NUMBER, student_number)))
    if name is None:
        raise NobodyErased
    same = ErasedName.tenant_id == tenant_id, ErasedName.erasure_id == name.erasure_id
    gone = delete(ErasedName).where(*same).returning(ErasedName.digest)
    return len(db.execute(gone).all())
