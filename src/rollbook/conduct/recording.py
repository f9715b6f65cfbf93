"""Verbs that write what happened: an incident with those who took part, and what was done about it.

In a transaction that sees some students only, these can take part and no others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from rollbook.conduct.models import (
    DisciplineAction,
    DisciplineIncident,
    IncidentParticipant,
    ParticipantRole,
)
from rollbook.conduct.service import SEVERITIES, Action
from rollbook.core import clock
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.core.schema import TenantOwned
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.roster.models import School, Staff
from rollbook.roster.service import StudentNotFound

_SQL: Final = named_sql("rollbook.conduct")
_MOST_DAYS: Final = 366


class IncidentNotFound(NotFound):
    """There is no such incident, or you see nobody who took part in it."""


class IncidentNumberTaken(Conflict):
    """There is an incident '{number}' already. Nothing was recorded."""


class NobodyTookPart(Invalid):
    """An incident needs at least one student who took part in it."""


class TookPartAlready(Conflict):
    """The student is named in this incident already: one role each. Nothing was recorded."""


class IncidentInvalid(Invalid):
    """The incident is not valid: {reason}. Nothing was recorded."""


class ActionTaken(Conflict):
    """This action is recorded already, for this student and the same day. Nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Participant:
    """A student's part. ``note`` is about this student only: it may be shown to the family."""

    student_id: UUID
    role: ParticipantRole = ParticipantRole.PERPETRATOR
    injury: str | None = None
    note: str | None = None
    actions: Sequence[Action] = ()


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happened. ``incident_number`` None: one is made up."""

    incident_on: date
    incident_type: str
    severity_level: int
    incident_number: str | None = None
    incident_time: time | None = None
    school_id: UUID | None = None
    location: str | None = None
    description: str | None = None
    reported_by_staff_id: UUID | None = None
    reported_by: str | None = None


def record_incident(
    db: Session, tenant: Tenant, incident: Incident, participants: Sequence[Participant]
) -> UUID:
    """Record what happened, who took part and what was done; return the incident's id.

    Raises: ``IncidentInvalid``; ``NobodyTookPart``; ``TookPartAlready``; ``StudentNotFound``;
            ``IncidentNumberTaken``; ``ActionTaken``.
    """
    _check(db, tenant, incident)
    if not participants:
        raise NobodyTookPart
    if len({participant.student_id for participant in participants}) < len(participants):
        raise TookPartAlready
    _require_students(db, tenant.tenant_id, [participant.student_id for participant in participants])
    incident_id: UUID = db.execute(select(func.uuidv7(type_=Uuid))).scalar_one()
    told = {name: getattr(incident, name) for name in Incident.__dataclass_fields__}
    row = {"tenant_id": tenant.tenant_id, "incident_id": incident_id}
    if not _insert(db, DisciplineIncident, row | {name: value for name, value in told.items() if value}):
        raise IncidentNumberTaken(number=incident.incident_number)
    for participant in participants:
        _write(db, tenant.tenant_id, incident_id, participant)
    return incident_id


def add_participant(db: Session, tenant_id: int, incident_id: UUID, participant: Participant) -> None:
    """Say who else took part in an incident.

    Raises: ``IncidentNotFound``; ``StudentNotFound``; ``TookPartAlready``; ``IncidentInvalid``;
            ``ActionTaken``.
    """
    if db.get(DisciplineIncident, (tenant_id, incident_id)) is None:
        raise IncidentNotFound
    _require_students(db, tenant_id, [participant.student_id])
    _write(db, tenant_id, incident_id, participant)


def add_action(db: Session, tenant_id: int, incident_id: UUID, student_id: UUID, action: Action) -> None:
    """Say what was done about a student's part in an incident.

    Raises: ``IncidentNotFound``, also for a student who had no part in it; ``IncidentInvalid``;
            ``ActionTaken``.
    """
    if db.get(IncidentParticipant, (tenant_id, incident_id, student_id)) is None:
        raise IncidentNotFound
    _act(db, tenant_id, incident_id, student_id, action)


def _write(db: Session, tenant_id: int, incident_id: UUID, participant: Participant) -> None:
    row = {
        "tenant_id": tenant_id,
        "incident_id": incident_id,
        "student_id": participant.student_id,
        "participant_role": participant.role,
        "injury": participant.injury,
        "note": participant.note,
    }
    if not _insert(db, IncidentParticipant, row):
        raise TookPartAlready
    for action in participant.actions:
        _act(db, tenant_id, incident_id, participant.student_id, action)


def _act(db: Session, tenant_id: int, incident_id: UUID, student_id: UUID, action: Action) -> None:
    if not action.action_type.strip():
        raise IncidentInvalid(reason="an action needs a name")
    if action.starts_on and action.ends_on and action.ends_on < action.starts_on:
        raise IncidentInvalid(reason="an action ends before it begins")
    if action.days_lost is not None and not 0 <= action.days_lost < _MOST_DAYS:
        raise IncidentInvalid(reason="the days lost are not from 0 to a year")
    values = {name: getattr(action, name) for name in Action.__dataclass_fields__}
    row = {"tenant_id": tenant_id, "incident_id": incident_id, "student_id": student_id, **values}
    if not _insert(db, DisciplineAction, row):
        raise ActionTaken


def _insert(db: Session, model: type[TenantOwned], row: dict[str, Any]) -> bool:
    """Write the row unless its key is taken; say whether it was written.

    No RETURNING: nobody sees an incident before somebody took part in it.
    """
    statement = insert(model).values(row).on_conflict_do_nothing().inline()
    options = {"preserve_rowcount": True}
    return db.connection().execute(statement, execution_options=options).rowcount == 1


def _require_students(db: Session, tenant_id: int, student_ids: Sequence[UUID]) -> None:
    key = {"tenant_id": tenant_id, "student_ids": list(student_ids)}
    if set(db.scalars(_SQL["students_in_sight"], key)) != set(student_ids):
        raise StudentNotFound


def _check(db: Session, tenant: Tenant, incident: Incident) -> None:
    today = clock.today_in(tenant.time_zone)
    school, staff = incident.school_id, incident.reported_by_staff_id
    faults = {
        "its severity is from 1 (minor) to 5 (critical)": incident.severity_level not in SEVERITIES,
        "it needs a type, such as disruption": not incident.incident_type.strip(),
        "it is in the future": incident.incident_on > today,
        "there is no such school": school and db.get(School, (tenant.tenant_id, school)) is None,
        "there is no such staff member": staff and db.get(Staff, (tenant.tenant_id, staff)) is None,
    }
    for reason, is_so in faults.items():
        if is_so:
            raise IncidentInvalid(reason=reason)
