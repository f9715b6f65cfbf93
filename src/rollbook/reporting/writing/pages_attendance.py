"""Taking a class's attendance by exception, and submitting a school's day."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from rollbook.access.writing import Work, require_school, require_section
from rollbook.attendance import classes
from rollbook.attendance.classes import ClassMark
from rollbook.attendance.models import AttendanceStatus
from rollbook.attendance.recording import (
    MOST_MINUTES,
    DayLeftOut,
    MonthMissing,
    NewMark,
    NotInstructional,
)
from rollbook.curriculum.sections import SectionFacts, find_section
from rollbook.reporting.days import On
from rollbook.reporting.writing.desk import AtDesk, DayTooOld, Desk
from rollbook.reporting.writing.sent import ASent, Sent
from rollbook.roster.schools import find_school
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)

STATUSES: Final = [status.value for status in AttendanceStatus]
_PRESENT: Final = AttendanceStatus.PRESENT.value
_MINUTES: Final = range(1, MOST_MINUTES + 1)
_DAY_FAULTS: Final = {
    classes.DayAhead: "on",
    classes.DayOutsideSection: "on",
    NotInstructional: "on",
    MonthMissing: "on",
    DayLeftOut: "on",
    DayTooOld: "on",
    classes.PeriodNotOfSection: "period",
}


@router.get("/sections/{section_id}/attendance")
def attendance_form(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    request: Request,
    desk: AtDesk,
    section_id: UUID,
    on: On = "",
    period: Annotated[str, Query(max_length=10)] = "",
    done: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """A class on a day: everyone is present, but for those who are marked otherwise."""
    section = _section(desk, section_id)
    nearest = min(max(desk.today, section.starts_on), section.ends_on)
    day = on if isinstance(on, date) else nearest
    sent = Sent({"on": str(day), "period": period})
    chosen = _period(sent, section)
    marks = classes.class_marks(desk.db, desk.tenant_id, section_id, day, chosen)
    sent.values = {"on": str(day), "period": str(chosen), **_typed(marks)}
    with sent.trying(desk.db, _DAY_FAULTS):
        desk.ensure_marks(day)
        classes.check_class_day(desk.db, section, day, today=desk.today)
    sent.status = 200
    return _show(request, desk, section, sent, day, marks, saved=bool(done))


@router.post("/sections/{section_id}/attendance")
def save_attendance(request: Request, desk: AtDesk, section_id: UUID, sent: ASent) -> Response:
    """Write the class's marks; saving again corrects them."""
    section = _section(desk, section_id)
    day = sent.day("on", need="Say for which day.")
    period = _period(sent, section)
    marks = classes.class_marks(desk.db, desk.tenant_id, section_id, day or desk.today, period)
    exceptions = [mark for each in marks if (mark := _read(sent, each, period))]
    if not sent.faults and day is not None:
        with sent.trying(desk.db, _DAY_FAULTS):
            desk.ensure_marks(day)
            taken = classes.take_attendance(
                desk.db, desk.tenant_id, section, day, exceptions, period=period, today=desk.today
            )
            desk.note(
                "attendance_taken",
                details={"section_id": section_id, "date": day, "period": period, "written": taken.written},
            )
    if sent.faults:
        return _show(request, desk, section, sent, day or desk.today, marks)
    where = f"/sections/{section_id}/attendance?on={day}&period={period}&done=1"
    return Response(status_code=303, headers={"Location": where})


@router.get("/schools/{school_id}/attendance")
def submission_form(
    request: Request,
    desk: AtDesk,
    school_id: UUID,
    on: On = "",
    done: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """A school's day before it is submitted: who is marked other than present."""
    require_school(desk.db, desk.viewer.user, school_id, Work.SUBMISSION)
    return _show_day(request, desk, school_id, on or desk.today, Sent(), saved=bool(done))


@router.post("/schools/{school_id}/attendance")
def submit(request: Request, desk: AtDesk, school_id: UUID, sent: ASent) -> Response:
    """Submit the day: whoever has no mark was there."""
    require_school(desk.db, desk.viewer.user, school_id, Work.SUBMISSION)
    day = sent.day("on", need="Say which day.")
    if not sent.faults and day is not None:
        with sent.trying(desk.db, _DAY_FAULTS):
            desk.ensure_marks(day)
            classes.close_day(desk.db, desk.tenant_id, school_id, day, today=desk.today)
            desk.note("attendance_submitted", details={"school_id": school_id, "date": day})
    if sent.faults:
        return _show_day(request, desk, school_id, day or desk.today, sent)
    return Response(status_code=303, headers={"Location": f"/schools/{school_id}/attendance?on={day}&done=1"})


def _section(desk: Desk, section_id: UUID) -> SectionFacts:
    section = find_section(desk.db, desk.tenant_id, section_id).section
    require_section(desk.db, desk.viewer.user, section_id, Work.ATTENDANCE)
    return section


def _period(sent: Sent, section: SectionFacts) -> int:
    """Return the period that was chosen, or the first."""
    periods = classes.periods_of(section)
    if sent.get("period") in map(str, periods):
        return int(sent.get("period"))
    if sent.get("period"):
        sent.fault("period", "Choose one of these.")
    return periods[0]


def _typed(marks: Sequence[ClassMark]) -> dict[str, str]:
    """Return the fields that say what the marks say."""
    said: dict[str, str] = {}
    for mark in marks:
        said[f"s-{mark.student_id}"] = mark.status.value if mark.status else _PRESENT
        said[f"m-{mark.student_id}"] = str(mark.minutes_late or "")
        said[f"r-{mark.student_id}"] = mark.reason or ""
    return said


def _read(sent: Sent, member: ClassMark, period: int) -> NewMark | None:
    """Return the mark that the form gives a student; none for who was present, or whose fields are wrong."""
    key = member.student_id
    status = sent.choice(f"s-{key}", STATUSES) if sent.get(f"s-{key}") else _PRESENT
    minutes = sent.number(f"m-{key}", _MINUTES)
    reason = sent.text(f"r-{key}")
    if status != AttendanceStatus.TARDY and minutes is not None:
        sent.fault(f"m-{key}", "Minutes are for a student who came late: mark them tardy, or clear this.")
    if status in {None, _PRESENT}:
        if reason is not None:
            sent.fault(f"r-{key}", "A reason is for a mark other than present: choose one, or clear this.")
        return None
    return NewMark(key, AttendanceStatus(status), period, minutes or 0, reason)


def _show(  # noqa: PLR0913, PLR0917 -- what the page shows
    request: Request,
    desk: Desk,
    section: SectionFacts,
    sent: Sent,
    day: date,
    marks: Sequence[ClassMark],
    *,
    saved: bool = False,
) -> Response:
    away = {AttendanceStatus.ABSENT.value, AttendanceStatus.EXCUSED.value}
    context: dict[str, Any] = {
        "section": section,
        "day": day,
        "marks": marks,
        "sent": sent,
        "statuses": STATUSES,
        "periods": classes.periods_of(section),
        "absent": sum(sent.values.get(f"s-{mark.student_id}") in away for mark in marks),
        "is_taken": any(mark.status for mark in marks),
        "saved": saved,
    }
    return render(
        request,
        "reporting/take_attendance.html",
        context,
        frame=desk.viewer.frame,
        status_code=sent.status,
    )


def _show_day(  # noqa: PLR0913 -- what the page shows
    request: Request, desk: Desk, school_id: UUID, day: date, sent: Sent, *, saved: bool = False
) -> Response:
    context: dict[str, Any] = {
        "school": find_school(desk.db, desk.tenant_id, school_id, day),
        "day": day,
        "told": classes.school_day(desk.db, desk.tenant_id, school_id, day),
        "sent": sent,
        "saved": saved,
    }
    sent.values = {"on": str(day)} | dict(sent.values)
    return render(
        request, "reporting/submit_day.html", context, frame=desk.viewer.frame, status_code=sent.status
    )
