"""Recording an incident: what happened, who took part, what was done."""

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Query, Request, Response

from rollbook.access.writing import Work, staff_of
from rollbook.conduct.models import ParticipantRole
from rollbook.conduct.recording import (
    Incident,
    IncidentNumberTaken,
    NobodyTookPart,
    Participant,
    TookPartAlready,
)
from rollbook.conduct.service import SEVERITIES, Action
from rollbook.reporting.writing.desk import AtDesk, Desk
from rollbook.reporting.writing.incidents import record, school_choices
from rollbook.reporting.writing.sent import WHOLE, ASent, Sent
from rollbook.roster.listing import StudentFilter, find_students
from rollbook.roster.service import find_student
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)

MOST_PARTICIPANTS: Final = 20
_ROLES: Final = [role.value for role in ParticipantRole]
_LONG: Final = 10_000
_SHOWN: Final = 5
_PART: Final = ("who", "role", "injury", "note", "action", "starts", "ends", "lost")
_FAULTS: Final = {IncidentNumberTaken: WHOLE, NobodyTookPart: "who-0", TookPartAlready: WHOLE}


@dataclass(frozen=True, slots=True)
class Named:
    """The student whom a line of the form means."""

    student_id: UUID
    name: str


@router.get("/incidents/new")
def incident_form(
    request: Request,
    desk: AtDesk,
    student: UUID | None = None,
    done: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """The form; from a student's page with that student in it."""
    desk.require(Work.INCIDENT)
    # the number is made with the form, so that sending it twice records one incident
    number = f"I-{uuid4().hex[-12:]}"
    values = {"incident_on": str(desk.today), "severity": "1", "lines": "1", "number": number}
    if student is not None:
        card = find_student(desk.db, desk.tenant_id, student, desk.today)
        values["who-0"] = card.student_number
    return _show(request, desk, Sent(values), {}, saved=bool(done))


@router.post("/incidents/new")
def save_incident(request: Request, desk: AtDesk, sent: ASent) -> Response:
    """Record it; or the form again, with a line more or with what is wrong."""
    desk.require(Work.INCIDENT)
    lines = _lines(sent)
    if sent.get("more"):
        sent.values = dict(sent.values) | {"lines": str(min(lines + 1, MOST_PARTICIPANTS))}
        named = {n: who for n in range(lines) if (who := _who(desk, Sent(sent.values), n))}
        return _show(request, desk, Sent(sent.values), named)
    incident = _incident(desk, sent)
    named = {n: who for n in range(lines) if (who := _who(desk, sent, n))}
    read = [_part(sent, n, named.get(n)) for n in range(lines)]
    parts = [part for part in read if part]
    if not named:
        sent.fault("who-0", "Name at least one student who took part.")
    if incident is not None and not sent.faults:
        with sent.trying(desk.db, _FAULTS):
            record(desk, incident, parts)
    if sent.faults:
        return _show(request, desk, sent, named)
    return Response(status_code=303, headers={"Location": "/incidents/new?done=1"})


def _lines(sent: Sent) -> int:
    said = sent.get("lines")
    return min(max(int(said), 1), MOST_PARTICIPANTS) if said.isascii() and said.isdecimal() else 1


def _incident(desk: Desk, sent: Sent) -> Incident | None:
    day = sent.day("incident_on", need="Say on which day it happened.")
    kind = sent.text("incident_type", need="Say what it was, such as disruption.")
    severity = sent.number("severity", range(min(SEVERITIES), max(SEVERITIES) + 1), need="Choose how severe.")
    told = {
        "incident_number": sent.text("number", most=40),
        "incident_time": sent.time("incident_time"),
        "school_id": sent.id("school_id", need=""),
        "location": sent.text("location"),
        "description": sent.text("description", most=_LONG),
    }
    if day is not None and day > desk.today:
        sent.fault("incident_on", "That day has not come yet.")
    if day is None or kind is None or severity is None:
        return None
    staff = staff_of(desk.db, desk.viewer.user)
    reported = {"reported_by_staff_id": staff} if staff else {"reported_by": desk.viewer.user.full_name}
    return Incident(day, kind, severity, **told, **reported)  # type: ignore[arg-type]  # each as it is named


def _who(desk: Desk, sent: Sent, line: int) -> Named | None:
    """Return whom a line names, by number or by name; one whom it cannot be is a fault."""
    name = f"who-{line}"
    said = sent.text(name)
    if said is None:
        if any(sent.get(f"{part}-{line}") for part in _PART if part not in {"who", "role"}):
            sent.fault(name, "Say who this is about.")
        return None
    found = find_students(
        desk.db, desk.tenant_id, desk.today, StudentFilter(q=said), page_size=_SHOWN + 1
    ).rows
    exact = [row for row in found if said in {row.student_number, row.name}]
    match exact if len(exact) == 1 else found:
        case [only]:
            return Named(only.student_id, only.name)
        case []:
            sent.fault(name, "None of your students has this number or name.")
        case several:
            numbers = ", ".join(f"{row.student_number} ({row.name})" for row in several[:_SHOWN])
            sent.fault(name, f"Several students fit: give the number, such as {numbers}.")
    return None


def _part(sent: Sent, line: int, who: Named | None) -> Participant | None:
    """Read a line, also where it is not yet known whom it means: all that is wrong is told at once."""
    role = sent.choice(f"role-{line}", _ROLES) if who or sent.get(f"role-{line}") else None
    injury = sent.text(f"injury-{line}")
    note = sent.text(f"note-{line}", most=_LONG)
    actions = (action,) if (action := _action(sent, line)) else ()
    if who is None or role is None:
        return None
    return Participant(who.student_id, ParticipantRole(role), injury, note, actions)


def _action(sent: Sent, line: int) -> Action | None:
    kind = sent.text(f"action-{line}")
    starts, ends = sent.day(f"starts-{line}"), sent.day(f"ends-{line}")
    lost = sent.amount(f"lost-{line}")
    if starts and ends and ends < starts:
        sent.fault(f"ends-{line}", "It ends before it begins.")
    if lost is not None and not 0 <= lost < 366:  # noqa: PLR2004 -- a year
        sent.fault(f"lost-{line}", "Days lost are from 0 to a year.")
    if kind is None and (starts or ends or lost is not None):
        sent.fault(f"action-{line}", "Say what was done.")
    return Action(kind, starts, ends, lost) if kind else None


def _show(
    request: Request, desk: Desk, sent: Sent, named: dict[int, Named], *, saved: bool = False
) -> Response:
    context: dict[str, Any] = {
        "sent": sent,
        "lines": range(_lines(sent)),
        "named": named,
        "has_room": _lines(sent) < MOST_PARTICIPANTS,
        "roles": _ROLES,
        "severities": SEVERITIES,
        "schools": school_choices(desk),
        "saved": saved,
    }
    return render(
        request,
        "reporting/incident_form.html",
        context,
        frame=desk.viewer.frame,
        status_code=sent.status,
    )
