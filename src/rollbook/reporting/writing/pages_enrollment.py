"""Enrolling a student, and withdrawing them with the places in their sections."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from rollbook.access.writing import Work, schools_of
from rollbook.reporting.writing.desk import AtDesk, Desk
from rollbook.reporting.writing.enrolling import enroll, sees_still, withdraw
from rollbook.reporting.writing.sent import ASent, Sent
from rollbook.roster.enrolling import (
    AlreadyWithdrawn,
    EnrollmentExists,
    EnrollmentOverlaps,
    ExitBeforeEntry,
    Placement,
)
from rollbook.roster.profiles import Enrollment, enrollments_of
from rollbook.roster.schools import SchoolNotFound, list_schools
from rollbook.roster.service import find_student
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)

_GRADES: Final = range(13)
_ENROLL_FAULTS: Final = {
    EnrollmentOverlaps: "entry_on",
    EnrollmentExists: "entry_on",
    SchoolNotFound: "school_id",
}
_LEAVE_FAULTS: Final = {ExitBeforeEntry: "exit_on", AlreadyWithdrawn: "exit_on"}


@router.get("/students/{student_id}/enrollment")
def enrollment_form(
    request: Request, desk: AtDesk, student_id: UUID, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Where a student is and was enrolled: withdraw who is, enroll who is not."""
    desk.require(Work.ENROLLMENT)
    grade = find_student(desk.db, desk.tenant_id, student_id, desk.today).grade_level
    today = str(desk.today)
    values = {"entry_on": today, "exit_on": today, "grade_level": "" if grade is None else str(grade)}
    return _show(request, desk, student_id, Sent(values), done=done)


@router.post("/students/{student_id}/enrollment")
def save_enrollment(request: Request, desk: AtDesk, student_id: UUID, sent: ASent) -> Response:
    """Enroll the student."""
    desk.require(Work.ENROLLMENT)
    find_student(desk.db, desk.tenant_id, student_id, desk.today)
    school_id = sent.id("school_id", need="Choose the school.")
    entry_on = sent.day("entry_on", need="Say which is the first day.")
    entry_code = sent.text("entry_code", most=20)
    grade = sent.number("grade_level", _GRADES)
    if not sent.faults and school_id is not None and entry_on is not None:
        with sent.trying(desk.db, _ENROLL_FAULTS):
            enroll(desk, student_id, Placement(school_id, entry_on, entry_code, grade))
    if sent.faults:
        return _show(request, desk, student_id, sent)
    return _to(f"/students/{student_id}/enrollment?done=enrolled")


@router.post("/students/{student_id}/enrollment/{enrollment_id}/exit")
def save_exit(request: Request, desk: AtDesk, student_id: UUID, enrollment_id: UUID, sent: ASent) -> Response:
    """Withdraw the student from a school and its sections."""
    desk.require(Work.ENROLLMENT)
    find_student(desk.db, desk.tenant_id, student_id, desk.today)
    exit_on = sent.day("exit_on", need="Say which is the first day no longer enrolled.")
    exit_code = sent.text("exit_code", most=20)
    if not sent.faults and exit_on is not None:
        with sent.trying(desk.db, _LEAVE_FAULTS):
            withdraw(desk, enrollment_id, exit_on, exit_code)
    if sent.faults:
        return _show(request, desk, student_id, sent)
    if sees_still(desk, student_id):
        return _to(f"/students/{student_id}/enrollment?done=withdrawn")
    return _to("/students?done=withdrawn")


def _to(where: str) -> Response:
    return Response(status_code=303, headers={"Location": where})


def _show(request: Request, desk: Desk, student_id: UUID, sent: Sent, *, done: str = "") -> Response:
    own = schools_of(desk.db, desk.viewer.user)
    stays = enrollments_of(desk.db, desk.tenant_id, student_id)
    current = _open(stays)
    schools, _ = list_schools(desk.db, desk.tenant_id, desk.today)
    context: dict[str, Any] = {
        "card": find_student(desk.db, desk.tenant_id, student_id, desk.today),
        "student_id": student_id,
        "stays": stays,
        "current": current,
        "is_own": current is not None and current.school_id in own,
        "schools": [school for school in schools if school.school_id in own],
        "grades": _GRADES,
        "sent": sent,
        "done": done,
    }
    return render(
        request, "reporting/enrollment.html", context, frame=desk.viewer.frame, status_code=sent.status
    )


def _open(stays: list[Enrollment]) -> Enrollment | None:
    return next((stay for stay in stays if stay.is_primary and stay.exit_on is None), None)
