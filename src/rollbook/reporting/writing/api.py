"""The API of the daily work in classes and schools: attendance, incidents, lesson plans."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from rollbook.access.writing import Work, require_school, require_section, staff_of
from rollbook.attendance import classes
from rollbook.attendance.models import AttendanceStatus
from rollbook.attendance.recording import MOST_MINUTES, MOST_PERIODS, NewMark, Submitted
from rollbook.conduct.models import ParticipantRole
from rollbook.conduct.recording import Incident, Participant, add_action, add_participant
from rollbook.conduct.service import Action
from rollbook.core.paging import is_storable
from rollbook.curriculum.lessons import LessonPlanDraft, PeDraft, find_lesson_plan
from rollbook.curriculum.sections import find_section
from rollbook.reporting.writing import incidents, lessons
from rollbook.reporting.writing.desk import WRITE_PROBLEMS, AtDesk
from rollbook.roster.schools import find_school
from rollbook.ui.params import IsoDay

router = APIRouter(prefix="/api/v1", tags=["writing"], responses=WRITE_PROBLEMS)


def storable(value: str) -> str:
    """See that the database can hold a text.

    Raises: ``ValueError``.
    """
    if not is_storable(value):
        raise ValueError("no text has this character")
    return value.strip()


def storable_document(value: dict[str, Any]) -> dict[str, Any]:
    """See that the database can hold a document.

    Raises: ``ValueError``.
    """
    storable(json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\\u0000", "\0"))
    return value


Line = Annotated[str, Field(max_length=200), AfterValidator(storable)]
Long = Annotated[str, Field(max_length=10_000), AfterValidator(storable)]
Told = Annotated[dict[str, Any], AfterValidator(storable_document)]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]


class Body(BaseModel):
    """What a program sends; a name that is not known is refused, since it would be lost."""

    model_config = ConfigDict(extra="forbid")


class MarkIn(Body):
    """A student's mark other than present. Units: minutes, only of a tardy one."""

    student_id: UUID
    status: AttendanceStatus
    minutes_late: Annotated[int, Field(ge=0, le=MOST_MINUTES)] = 0
    reason: Line | None = None


class AttendanceIn(Body):
    """A class's day: the marks are the whole truth, who is not in them was present.

    ``period`` none: the first of the section's, or the whole day.
    """

    date: IsoDay
    period: Annotated[int, Field(ge=0, le=MOST_PERIODS)] | None = None
    marks: Annotated[list[MarkIn], Field(max_length=1000)] = []


class DayIn(Body):
    """A school's day that is complete."""

    date: IsoDay


class ActionIn(Body):
    """What was done about a student's part."""

    action_type: Name
    starts_on: IsoDay | None = None
    ends_on: IsoDay | None = None
    days_lost: Annotated[Decimal, Field(ge=0, lt=366)] | None = None
    notes: Long | None = None


class ParticipantIn(Body):
    """Who took part, how, and what was done about it."""

    student_id: UUID
    role: ParticipantRole = ParticipantRole.PERPETRATOR
    injury: Line | None = None
    note: Long | None = None
    actions: Annotated[list[ActionIn], Field(max_length=20)] = []


class IncidentIn(Body):
    """What happened. ``incident_number`` none: one is made; with one, sending it twice records it once."""

    incident_on: IsoDay
    incident_type: Name
    severity_level: Annotated[int, Field(ge=1, le=5)]
    incident_number: Name | None = None
    incident_time: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] | None = None
    school_id: UUID | None = None
    location: Line | None = None
    description: Long | None = None
    participants: Annotated[list[ParticipantIn], Field(min_length=1, max_length=50)]


class PeIn(Body):
    """What a plan of physical education says besides."""

    warm_up: Long | None = None
    main_activity: Long | None = None
    cool_down: Long | None = None
    equipment: Annotated[list[Line], Field(max_length=50)] | None = None
    safety_notes: Long | None = None
    adaptations: Long | None = None


class LessonPlanChange(Body):
    """What a lesson plan is to say; what is not sent stays as it is."""

    title: Name | None = None
    section_id: UUID | None = None
    planned_on: IsoDay | None = None
    duration_minutes: Annotated[int, Field(ge=1, le=600)] | None = None
    objectives: Long | None = None
    content: Told | None = None
    standard_codes: Annotated[list[Name], Field(max_length=50)] | None = None
    pe: PeIn | None = None


class LessonPlanIn(LessonPlanChange):
    """A new lesson plan; its author is who sends it. ``section_id`` none: for every section of the course."""

    lesson_plan_code: Name
    course_id: UUID
    title: Name


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What was written: marks that say something new, of a class of ``students``."""

    section_id: UUID
    date: date
    period: int
    students: int
    exceptions: int
    written: int


@dataclass(frozen=True, slots=True)
class IncidentMade:
    """The incident's id."""

    incident_id: UUID


@dataclass(frozen=True, slots=True)
class LessonPlanMade:
    """The lesson plan's id."""

    lesson_plan_id: UUID


@router.post("/sections/{section_id}/attendance")
def post_attendance(desk: AtDesk, section_id: UUID, body: AttendanceIn) -> TakenOut:
    """Take a class's attendance by exception; sending it again corrects it."""
    section = find_section(desk.db, desk.tenant_id, section_id).section
    require_section(desk.db, desk.viewer.user, section_id, Work.ATTENDANCE)
    period = classes.periods_of(section)[0] if body.period is None else body.period
    desk.ensure_marks(body.date)
    marks = [NewMark(m.student_id, m.status, period, m.minutes_late, m.reason) for m in body.marks]
    taken = classes.take_attendance(
        desk.db, desk.tenant_id, section, body.date, marks, period=period, today=desk.today
    )
    desk.note(
        "attendance_taken",
        details={"section_id": section_id, "date": body.date, "period": period, "written": taken.written},
    )
    return TakenOut(section_id, body.date, period, taken.students, taken.exceptions, taken.written)


@router.post("/schools/{school_id}/attendance/submissions")
def post_submission(desk: AtDesk, school_id: UUID, body: DayIn) -> Submitted:
    """Submit a school's day: whoever has no mark was there."""
    find_school(desk.db, desk.tenant_id, school_id, desk.today)
    require_school(desk.db, desk.viewer.user, school_id, Work.SUBMISSION)
    desk.ensure_marks(body.date)
    done = classes.close_day(desk.db, desk.tenant_id, school_id, body.date, today=desk.today)
    desk.note("attendance_submitted", details={"school_id": school_id, "date": body.date})
    return done


@router.post("/incidents", status_code=201)
def post_incident(desk: AtDesk, body: IncidentIn) -> IncidentMade:
    """Record an incident with those who took part and what was done."""
    desk.require(Work.INCIDENT)
    told = body.model_dump(exclude={"participants", "incident_time"})
    at = None if body.incident_time is None else time.fromisoformat(body.incident_time)
    staff = staff_of(desk.db, desk.viewer.user)
    who = None if staff else desk.viewer.user.full_name
    incident = Incident(**told, incident_time=at, reported_by_staff_id=staff, reported_by=who)
    return IncidentMade(incidents.record(desk, incident, [_participant(each) for each in body.participants]))


@router.post("/incidents/{incident_id}/participants", status_code=201)
def post_participant(desk: AtDesk, incident_id: UUID, body: ParticipantIn) -> IncidentMade:
    """Say who else took part."""
    desk.require(Work.INCIDENT)
    add_participant(desk.db, desk.tenant_id, incident_id, _participant(body))
    desk.note("incident_participant_added", student_id=body.student_id, details={"incident_id": incident_id})
    return IncidentMade(incident_id)


@router.post("/incidents/{incident_id}/participants/{student_id}/actions", status_code=201)
def post_action(desk: AtDesk, incident_id: UUID, student_id: UUID, body: ActionIn) -> IncidentMade:
    """Say what was done about a student's part."""
    desk.require(Work.INCIDENT)
    add_action(desk.db, desk.tenant_id, incident_id, student_id, Action(**body.model_dump()))
    desk.note("incident_action_added", student_id=student_id, details={"incident_id": incident_id})
    return IncidentMade(incident_id)


@router.post("/lesson-plans", status_code=201)
def post_lesson_plan(desk: AtDesk, body: LessonPlanIn) -> LessonPlanMade:
    """Write a lesson plan for a section of one's own."""
    draft = LessonPlanDraft(
        body.lesson_plan_code, body.course_id, body.title, staff_id=staff_of(desk.db, desk.viewer.user)
    )
    return LessonPlanMade(lessons.create(desk, _said(draft, body)))


@router.patch("/lesson-plans/{lesson_plan_id}")
def patch_lesson_plan(desk: AtDesk, lesson_plan_id: UUID, body: LessonPlanChange) -> LessonPlanMade:
    """Change what a lesson plan says; what it said before is kept."""
    desk.require(Work.LESSON_PLAN)
    plan = find_lesson_plan(desk.db, desk.tenant_id, lesson_plan_id)
    line = plan.line
    draft = LessonPlanDraft(
        line.lesson_plan_code,
        line.course_id,
        line.title,
        line.section_id,
        plan.staff_id,
        line.planned_on,
        line.duration_minutes,
        plan.objectives,
        plan.content,
        [standard.standard_code for standard in plan.standards],
        plan.pe,
    )
    lessons.change(desk, lesson_plan_id, _said(draft, body))
    return LessonPlanMade(lesson_plan_id)


def _participant(told: ParticipantIn) -> Participant:
    actions: Sequence[Action] = [Action(**action.model_dump()) for action in told.actions]
    return Participant(told.student_id, told.role, told.injury, told.note, actions)


def _said(draft: LessonPlanDraft, body: LessonPlanChange) -> LessonPlanDraft:
    """Return the draft with what was sent; a null empties what may be empty."""
    names = {field.name for field in fields(LessonPlanDraft)} & body.model_fields_set
    told = {name: getattr(body, name) for name in names}
    if told.get("pe") is not None:
        told["pe"] = PeDraft(**told["pe"].model_dump())
    empty: dict[str, Any] = {"title": draft.title, "content": {}, "standard_codes": ()}
    said: dict[str, Any] = {name: empty.get(name) if v is None else v for name, v in told.items()}
    return replace(draft, **said)
