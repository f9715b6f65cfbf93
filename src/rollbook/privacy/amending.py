"""Ask to amend a record; grant or refuse it, after a hearing if one is asked; keep the family's statement.

Granting does not change the record by itself: whoever keeps that part writes it, and the history has both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.acting import acting
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.core.sql import named_sql
from rollbook.privacy.models import AmendmentRequest
from rollbook.privacy.titles import PARTS
from rollbook.roster.models import Student
from rollbook.roster.names import student_name
from rollbook.roster.service import StudentNotFound

_SQL: Final = named_sql("rollbook.privacy")


@dataclass(frozen=True, slots=True)
class AmendmentLine:
    """A request in a list of them, with whose record it is about."""

    student_id: UUID
    name: str
    about: str
    asked_by: str
    asked_at: datetime
    state: str
    hearing_on: date | None
    decided_at: datetime | None


class PartUnknown(Invalid):
    """'{about}' is no part of a record. It is one of: {parts}."""


class WordsMissing(Invalid):
    """Say it in words: what is asked, the reason of a decision, or the statement."""


class AmendmentNotFound(NotFound):
    """There is no such request, or it is about a student whom you may not see."""


class AmendmentDecided(Conflict):
    """This request was {state} already. The family may ask anew."""


class NotRefused(Conflict):
    """Only a refused request has a statement of the family attached."""


def request_amendment(  # noqa: PLR0913 -- who asks what about whom
    db: Session, tenant_id: int, student_id: UUID, *, about: str, asked: str, asked_by: str
) -> AmendmentRequest:
    """Note that a family asks to amend a part of the record.

    Raises: ``StudentNotFound``; ``PartUnknown``; ``WordsMissing``.
    """
    if about not in PARTS:
        raise PartUnknown(about=about, parts=", ".join(PARTS))
    if db.get(Student, (tenant_id, student_id)) is None:
        raise StudentNotFound
    request = AmendmentRequest(
        tenant_id=tenant_id,
        student_id=student_id,
        about=about,
        asked=_words(asked),
        asked_by=_words(asked_by),
        asked_at=clock.now(),
        state="asked",
    )
    db.add(request)
    db.flush()
    return request


def hold_hearing(db: Session, tenant_id: int, amendment_id: UUID, on: date) -> AmendmentRequest:
    """Note the day of the hearing that the family has a right to (34 CFR 99.21).

    Raises: ``AmendmentNotFound``; ``AmendmentDecided`` for one that was granted.
    """
    request = find_amendment(db, tenant_id, amendment_id)
    if request.state == "granted":
        raise AmendmentDecided(state=request.state)
    request.state, request.hearing_on = "heard", on
    request.decision = request.decided_by = request.decided_at = None
    request.statement = request.stated_at = None
    db.flush()
    return request


def decide(  # noqa: PLR0913 -- who decides what about which, and why
    db: Session,
    tenant_id: int,
    amendment_id: UUID,
    *,
    is_granted: bool,
    reason: str,
    decided_by: str | None = None,
) -> AmendmentRequest:
    """Grant or refuse a request, with the reason that the family is told; by default as who acts here.

    Raises: ``AmendmentNotFound``; ``AmendmentDecided``; ``WordsMissing``.
    """
    request = find_amendment(db, tenant_id, amendment_id)
    if request.decided_at is not None:
        raise AmendmentDecided(state=request.state)
    request.state = "granted" if is_granted else "refused"
    request.decision, request.decided_at = _words(reason), clock.now()
    request.decided_by = decided_by or acting().who
    db.flush()
    return request


def attach_statement(db: Session, tenant_id: int, amendment_id: UUID, statement: str) -> AmendmentRequest:
    """Attach the family's statement to a refused request: it is shown with the record ever after (99.21(c)).

    Raises: ``AmendmentNotFound``; ``NotRefused``; ``WordsMissing``.
    """
    request = find_amendment(db, tenant_id, amendment_id)
    if request.state != "refused":
        raise NotRefused
    request.statement, request.stated_at = _words(statement), clock.now()
    db.flush()
    return request


def find_amendment(db: Session, tenant_id: int, amendment_id: UUID) -> AmendmentRequest:
    """Return a request.

    Raises: ``AmendmentNotFound``.
    """
    request = db.get(AmendmentRequest, (tenant_id, amendment_id))
    if request is None:
        raise AmendmentNotFound
    return request


def amendments_of(db: Session, tenant_id: int, student_id: UUID) -> Sequence[AmendmentRequest]:
    """Return what was asked to be amended of a student's record, the oldest first."""
    same = AmendmentRequest.tenant_id == tenant_id, AmendmentRequest.student_id == student_id
    return db.scalars(select(AmendmentRequest).where(*same).order_by(AmendmentRequest.asked_at)).all()


def list_amendments(
    db: Session, tenant_id: int, *, is_decided: bool, most: int
) -> tuple[Sequence[AmendmentLine], int]:
    """Return the requests in sight that wait, the oldest first, or were decided, the newest first.

    Shape:  at most ``most`` of them, and how many there are.
    """
    facts = {"tenant_id": tenant_id, "is_decided": is_decided, "most": most}
    rows = db.execute(_SQL["amendments_in_sight"], facts).all()
    return [_line(*row[:-1]) for row in rows], rows[0].total if rows else 0


def _line(
    student_id: UUID, number: str, first: str | None, last: str | None, preferred: str | None, *told: object
) -> AmendmentLine:
    return AmendmentLine(student_id, student_name(number, first, last, preferred), *told)  # type: ignore[arg-type]  # as the query has them


def _words(said: str) -> str:
    if not said.strip():
        raise WordsMissing
    return said.strip()
