"""Incidents as both the page and the API record them: of one's own students, at a school of theirs."""

from collections.abc import Sequence
from uuid import UUID

from rollbook.access.writing import schools_of
from rollbook.conduct.recording import Incident, Participant, record_incident
from rollbook.core.errors import Forbidden
from rollbook.core.sql import named_sql
from rollbook.reporting.writing.desk import Desk
from rollbook.roster.schools import SchoolLine, list_schools

_SQL = named_sql("rollbook.reporting")


class IncidentElsewhere(Forbidden):
    """You may not record incidents for that school: none of your students is there. Nothing was recorded."""


def record(desk: Desk, incident: Incident, participants: Sequence[Participant]) -> UUID:
    """Record an incident, and note that it was.

    Raises: ``IncidentElsewhere``; what ``record_incident`` raises.
    """
    if incident.school_id is not None and incident.school_id not in _schools(desk):
        raise IncidentElsewhere
    incident_id = record_incident(desk.db, desk.viewer.tenant, incident, participants)
    for participant in participants:
        desk.note(
            "incident_recorded", student_id=participant.student_id, details={"incident_id": incident_id}
        )
    return incident_id


def school_choices(desk: Desk) -> list[SchoolLine]:
    """Return the schools that an incident of one's students can be at."""
    known, _ = list_schools(desk.db, desk.tenant_id, desk.today)
    among = _schools(desk)
    return [school for school in known if school.school_id in among]


def _schools(desk: Desk) -> frozenset[UUID]:
    """Return one's own schools, and those that one's students are or were at this year."""
    of_students = desk.db.scalars(_SQL["schools_in_sight"], {"tenant_id": desk.tenant_id})
    return schools_of(desk.db, desk.viewer.user) | frozenset(of_students)
