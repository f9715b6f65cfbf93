"""Incidents, who took part and what was done as files bring them."""

from dataclasses import replace
from typing import Final

from rollbook.conduct.models import DisciplineAction, DisciplineIncident, IncidentParticipant
from rollbook.intake.kinds import Field, Kind, Lookup, Part, fields_of
from rollbook.intake.target import Delete, table_of
from rollbook.intake.values import Line
from rollbook.roster.load import STUDENT, STUDENT_NUMBER, not_ahead, not_before, same_names
from rollbook.roster.models import School, Staff

_INCIDENT: Final = {
    "incident_on": "2025-10-14",
    "incident_time": "12:30",
    "incident_type": "disruption",
    "severity_level": "2",
    "location": "cafeteria",
    "description": "",
    "reported_by": "",
}
_PARTICIPANT: Final = {"participant_role": "perpetrator", "injury": "", "note": ""}
_ACTION: Final = {
    "action_type": "detention",
    "starts_on": "2025-10-15",
    "ends_on": "2025-10-15",
    "days_lost": "0",
    "notes": "",
}
_IN_FILE: Final = {"starts_on": "action_starts_on", "ends_on": "action_ends_on", "notes": "action_notes"}
INCIDENTS: Final = Kind(
    "incidents",
    "Incidents, one line each, or one for each student who took part and each action that followed.",
    fields=(
        Field("incident_number", Line(), "I-0001", "the district's own number", is_required=True),
        Field("school_code", Line(), "OAK", is_code=True),
        *fields_of(
            DisciplineIncident,
            _INCIDENT,
            within={"severity_level": (1, 5)},
            long=("description",),
            codes=("incident_type",),
        ),
        Field("reporter_number", Line(), "", "staff number of who reported it"),
        replace(STUDENT_NUMBER, is_required=False),
        *fields_of(IncidentParticipant, _PARTICIPANT, long=("note",)),
        *fields_of(
            DisciplineAction,
            _ACTION,
            within={"days_lost": (0, 1000)},
            long=("notes",),
            codes=("action_type",),
            rename=_IN_FILE,
        ),
    ),
    lookups=(
        Lookup("school_id", table_of(School), {"school_code": "school_code"}, is_optional=True),
        Lookup(
            "reported_by_staff_id",
            table_of(Staff),
            {"staff_number": "reporter_number"},
            "staff_id",
            is_optional=True,
        ),
        STUDENT,
        Lookup(
            "incident_id",
            table_of(DisciplineIncident),
            {"incident_number": "incident_number"},
            is_brought=True,
        ),
    ),
    parts=(
        Part(
            table=table_of(DisciplineIncident),
            columns=same_names("incident_number", "school_id", "reported_by_staff_id", *_INCIDENT),
            key=("incident_number",),
            entity="incident_id",
            is_shared=True,
        ),
        Part(
            table=table_of(IncidentParticipant),
            columns=same_names("incident_id", "student_id", *_PARTICIPANT),
            key=("incident_id", "student_id"),
            where="student_number",
            is_shared=True,
            is_optional=True,
            scope=("incident_id",),
            leaving=Delete(),
        ),
        Part(
            table=table_of(DisciplineAction),
            columns=same_names("incident_id", "student_id", *_ACTION) | _IN_FILE,
            key=("incident_id", "student_id", "action_type", "starts_on"),
            where="action_type",
            is_optional=True,
            scope=("incident_id",),
            leaving=Delete(),
        ),
    ),
    rules=(
        not_ahead("incident_on"),
        not_before("action_starts_on", "action_ends_on"),
    ),
)
KINDS: Final = (INCIDENTS,)
