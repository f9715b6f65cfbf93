"""Requests to amend a record (34 CFR 99.20-99.22): a family asks, its school's office decides."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from rollbook.access.viewing import Viewing
from rollbook.access.writing import Work, may
from rollbook.privacy import amending
from rollbook.privacy.handing import AMENDERS, AmendmentsNotYours, check_amender
from rollbook.privacy.models import AmendmentRequest
from rollbook.privacy.titles import PARTS
from rollbook.reporting.writing.desk import AtDesk, Desk
from rollbook.reporting.writing.sent import WHOLE, ASent, Sent
from rollbook.roster.models import Student
from rollbook.roster.service import StudentNotFound, find_student
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)

MOST: Final = 50
_LONG: Final = 10_000
_ABOUT: Final = {name: part.title for name, part in PARTS.items() if not part.is_derived}


@router.get("/amendments")
def amendments_page(
    request: Request, viewer: Viewing, state: Literal["waiting", "decided"] = "waiting"
) -> Response:
    """What families asked to be amended of the records of students in sight."""
    if viewer.user.role not in AMENDERS:
        raise AmendmentsNotYours
    lines, total = amending.list_amendments(
        viewer.db, viewer.tenant.tenant_id, is_decided=state == "decided", most=MOST
    )
    zone = ZoneInfo(viewer.tenant.time_zone)
    context = {"lines": lines, "total": total, "most": MOST, "state": state, "zone": zone, "parts": PARTS}
    return render(request, "reporting/amendments.html", context, frame=viewer.frame)


@router.get("/students/{student_id}/amendments")
def student_amendments(
    request: Request, desk: AtDesk, student_id: UUID, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """What was asked of one student's record, and the forms to ask and to decide."""
    _check(desk, student_id)
    return _show(request, desk, student_id, Sent(), done=done)


@router.post("/students/{student_id}/amendments")
def save_amendment(request: Request, desk: AtDesk, student_id: UUID, sent: ASent) -> Response:
    """Ask; or decide on a request, note its hearing, attach the family's statement to it."""
    _check(desk, student_id)
    deed = sent.get("deed")
    if not sent.faults:  # a form that is of no page of theirs
        (_ask if deed == "ask" else _go_on)(desk, student_id, sent)
    if sent.faults:
        return _show(request, desk, student_id, sent)
    return Response(status_code=303, headers={"Location": f"/students/{student_id}/amendments?done={deed}"})


def _check(desk: Desk, student_id: UUID) -> None:
    student = desk.db.get(Student, (desk.tenant_id, student_id))
    if student is None:
        raise StudentNotFound
    check_amender(desk.db, desk.viewer.user, student)


def _ask(desk: Desk, student_id: UUID, sent: Sent) -> None:
    about = sent.choice("about", _ABOUT)
    asked = sent.text("asked", most=_LONG, need="Say what is wrong, and what it should say.")
    asked_by = _asker(desk, sent)
    if sent.faults or about is None or asked is None or asked_by is None:
        return
    made = amending.request_amendment(
        desk.db, desk.tenant_id, student_id, about=about, asked=asked, asked_by=asked_by
    )
    desk.note("amendment_asked", student_id=student_id, details={"amendment_id": made.amendment_id})


def _asker(desk: Desk, sent: Sent) -> str | None:
    """Return who asks: a family that is signed in; else whom the office names."""
    user = desk.viewer.user
    if user.role.is_family:
        return f"{user.full_name} ({user.role.value})"
    return sent.text("asked_by", need="Say who of the family asks.")


def _go_on(desk: Desk, student_id: UUID, sent: Sent) -> None:
    """Do with a request what the form says."""
    deed = sent.get("deed")
    which = sent.id("amendment", need="Choose a request.")
    if which is None:
        return
    known = [one.amendment_id for one in amending.amendments_of(desk.db, desk.tenant_id, student_id)]
    if which not in known:
        raise amending.AmendmentNotFound
    place = known.index(which)
    told: dict[type[Any], str] = {amending.WordsMissing: f"reason-{place}"}
    if deed != "statement":
        desk.require(Work.AMENDMENT)
    with sent.trying(desk.db, told):
        if _do(desk, sent, deed, which, place):
            desk.note(f"amendment_{deed}", student_id=student_id, details={"amendment_id": which})


def _do(desk: Desk, sent: Sent, deed: str, amendment_id: UUID, place: int) -> bool:
    """Do it, if the form says all that it needs; say whether it did."""
    key = desk.db, desk.tenant_id, amendment_id
    match deed:
        case "grant" | "refuse":
            reason = sent.text(f"reason-{place}", most=_LONG, need="Say why: the family is told.")
            if reason and not sent.faults:
                by = desk.viewer.user.full_name
                amending.decide(*key, is_granted=deed == "grant", reason=reason, decided_by=by)
        case "hearing":
            day = sent.day(f"hearing-{place}", need="Say on which day it is.")
            if day and not sent.faults:
                amending.hold_hearing(*key, day)
        case "statement":
            said = sent.text(f"statement-{place}", most=_LONG, need="Write what the family says.")
            if said and not sent.faults:
                amending.attach_statement(*key, said)
        case _:
            sent.fault(WHOLE, "Choose what is to be done with the request.")
    return not sent.faults


def _show(request: Request, desk: Desk, student_id: UUID, sent: Sent, *, done: str = "") -> Response:
    found: Sequence[AmendmentRequest] = amending.amendments_of(desk.db, desk.tenant_id, student_id)
    context: dict[str, Any] = {
        "card": find_student(desk.db, desk.tenant_id, student_id, desk.today),
        "student_id": student_id,
        "requests": found,
        "waiting": sum(one.decided_at is None for one in found),
        "may_decide": may(desk.viewer.user, Work.AMENDMENT),
        "is_family": desk.viewer.user.role.is_family,
        "parts": PARTS,
        "about": list(_ABOUT.items()),
        "zone": ZoneInfo(desk.viewer.tenant.time_zone),
        "sent": sent,
        "done": done,
    }
    return render(
        request,
        "reporting/student_amendments.html",
        context,
        frame=desk.viewer.frame,
        status_code=sent.status,
    )
