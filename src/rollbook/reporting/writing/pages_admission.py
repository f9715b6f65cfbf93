"""Admitting somebody new: their record and their first enrollment, on one page."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from rollbook.access.writing import Work, schools_of
from rollbook.reporting.writing import enrolling
from rollbook.reporting.writing.desk import AtDesk, Desk
from rollbook.reporting.writing.sent import ASent, Sent
from rollbook.roster.admitting import AdmittedAgain, BirthInvalid, MayBeThere, NewStudent, NumberTaken
from rollbook.roster.enrolling import Placement
from rollbook.roster.schools import list_schools
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)

_GRADES: Final = range(13)
_FAULTS: Final = {
    NumberTaken: "student_number",
    AdmittedAgain: "student_number",
    MayBeThere: "birth_date",
    BirthInvalid: "birth_date",
}


@router.get("/students/new")
def admission_form(request: Request, desk: AtDesk) -> Response:
    """The form for somebody new."""
    desk.require(Work.ENROLLMENT)
    return _show(request, desk, Sent({"entry_on": str(desk.today)}))


@router.post("/students/new")
def save_admission(request: Request, desk: AtDesk, sent: ASent) -> Response:
    """Make the record and enroll the student."""
    desk.require(Work.ENROLLMENT)
    new, placement = _new(sent), _placement(sent)
    made: UUID | None = None
    if new and placement and not sent.faults:
        with sent.trying(desk.db, _FAULTS):
            made = enrolling.admit(desk, new, placement)
    if made is None:
        return _show(request, desk, sent)
    where = f"/students/{made}/enrollment" if enrolling.sees_still(desk, made) else "/students"
    return Response(status_code=303, headers={"Location": f"{where}?done=enrolled"})


def _new(sent: Sent) -> NewStudent | None:
    number = sent.text("student_number", need="Say which is the district's number of the student.")
    first = sent.text("first_name", need="Say what the student is called.")
    last = sent.text("last_name", need="Say what the student is called.")
    more = {name: sent.text(name) for name in ("middle_name", "preferred_name", "gender")}
    born = sent.day("birth_date", need="Say when the student was born: it tells them from others.")
    return NewStudent(number, first, last, born, **more) if number and first and last else None


def _placement(sent: Sent) -> Placement | None:
    school_id = sent.id("school_id", need="Choose the school.")
    entry_on = sent.day("entry_on", need="Say which is the first day.")
    entry_code = sent.text("entry_code", most=20)
    grade = sent.number("grade_level", _GRADES)
    return Placement(school_id, entry_on, entry_code, grade) if school_id and entry_on else None


def _show(request: Request, desk: Desk, sent: Sent) -> Response:
    own = schools_of(desk.db, desk.viewer.user)
    schools, _ = list_schools(desk.db, desk.tenant_id, desk.today)
    context: dict[str, Any] = {
        "schools": [school for school in schools if school.school_id in own],
        "grades": _GRADES,
        "sent": sent,
    }
    return render(
        request, "reporting/admission.html", context, frame=desk.viewer.frame, status_code=sent.status
    )
