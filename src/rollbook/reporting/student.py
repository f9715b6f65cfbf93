"""One student across the rooms: the scores with their reasons, and the record they rest on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.activity.fitness import Result, fitness_results
from rollbook.activity.performances import Improvement, improvement_of
from rollbook.activity.service import Activity, activity_of
from rollbook.attendance.service import Attendance, attendance_of
from rollbook.conduct.service import StudentIncident, incidents_of
from rollbook.core import clock
from rollbook.core.tenancy import Tenant
from rollbook.curriculum.service import StudentSection, sections_of
from rollbook.grades.gpa import Transcript, transcript_of
from rollbook.grades.service import Coursework, coursework_of
from rollbook.risk.lists import RiskList, lists_until
from rollbook.risk.student import SubjectRisk, risk_of
from rollbook.roster.service import StudentCard, find_student, school_year_entry

WINDOW: Final = timedelta(days=370)
OLD: Final = timedelta(weeks=3)


@dataclass(frozen=True, slots=True)
class StudentRecord:
    """What is shown of a student: scores up to ``until``, and the record of [since, until].

    ``attended_since``: attendance is counted from here, as a rate of two school years is none of either.
    """

    card: StudentCard
    risks: Sequence[SubjectRisk]
    since: date
    until: date
    is_past: bool
    sections: Sequence[StudentSection]
    attended_since: date
    attendance: Attendance
    coursework: Coursework
    transcript: Transcript
    activity: Activity
    incidents: Sequence[StudentIncident]
    fitness: Sequence[Result]
    improvement: Sequence[Improvement]


def student_record(db: Session, tenant: Tenant, student_id: UUID, as_of: date | None = None) -> StudentRecord:
    """Return the student as things stood on ``as_of``; without it as they stand.

    Where the newest list is old, the tenant's data is of a time gone by: things stand as on that list's day.
    The record reaches back about a year from the newest score, or from the end of the last course.
    Raises: ``StudentNotFound``, also for a student whom this transaction may not see.
    """
    lists = lists_until(db, tenant, as_of)
    until = as_of or _present(tenant, lists)
    card = find_student(db, tenant.tenant_id, student_id, until)
    risks = risk_of(db, tenant, student_id, lists)
    reference = min(until, _reference(db, tenant, student_id, risks) or until)
    window = (db, tenant.tenant_id, student_id, _before(reference), until)
    sections = sections_of(*window)
    attended_since = _year_began(db, tenant, student_id, window[3], until, sections)
    return StudentRecord(
        card=card,
        risks=risks,
        since=window[3],
        until=until,
        is_past=until < clock.now().date() - timedelta(days=1),
        sections=sections,
        attended_since=attended_since,
        attendance=attendance_of(db, tenant.tenant_id, student_id, attended_since, until),
        coursework=coursework_of(*window),
        transcript=transcript_of(db, tenant, student_id, until),
        activity=activity_of(*window),
        incidents=incidents_of(*window),
        fitness=fitness_results(db, tenant, window[3], until, student_id=student_id),
        improvement=improvement_of(db, tenant, student_id, window[3], until),
    )


def _present(tenant: Tenant, lists: Sequence[RiskList]) -> date:
    today = clock.today_in(tenant.time_zone)
    newest = lists[0].as_of if lists else today
    return newest if newest < today - OLD else today


def _reference(db: Session, tenant: Tenant, student_id: UUID, risks: Sequence[SubjectRisk]) -> date | None:
    if risks:
        return risks[0].latest.as_of
    sections = sections_of(db, tenant.tenant_id, student_id, date.min, date.max)
    return max((section.ends_on for section in sections), default=None)


def _year_began(  # noqa: PLR0913, PLR0917 -- the record's window and what is in it
    db: Session,
    tenant: Tenant,
    student_id: UUID,
    since: date,
    until: date,
    sections: Sequence[StudentSection],
) -> date:
    """Return the student's first day of the school year, or of the first section that runs.

    Shape:  not before ``since``.
    Source: ED FS195 counts the days missed within a school year.
    """
    entered = school_year_entry(db, tenant.tenant_id, student_id, until)
    if entered is not None and since <= entered <= until:
        return entered
    running = (section.starts_on for section in sections if section.starts_on <= until <= section.ends_on)
    return max(since, min(running, default=since))


def _before(day: date) -> date:
    """Return the day a window earlier, if the calendar goes that far."""
    return day - WINDOW if day - date.min > WINDOW else date.min
