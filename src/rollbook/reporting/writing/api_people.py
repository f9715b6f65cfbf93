"""The API of the daily work with one student: enrollment, places in sections, PE and other activities."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from rollbook.access.writing import Work, require_section
from rollbook.activity import fitness, performances
from rollbook.activity.measuring import MOST_RESULT
from rollbook.activity.performances import Given, Preference
from rollbook.attendance.classes import DayAhead
from rollbook.core.errors import Invalid
from rollbook.curriculum.leaving import place_in_section
from rollbook.reporting.writing import enrolling
from rollbook.reporting.writing.api import Body, Line, Long, Name
from rollbook.reporting.writing.desk import WRITE_PROBLEMS, AtDesk, Desk
from rollbook.roster.admitting import NewStudent
from rollbook.roster.enrolling import Placement
from rollbook.roster.service import find_student
from rollbook.ui.params import IsoDay

router = APIRouter(prefix="/api/v1", tags=["writing"], responses=WRITE_PROBLEMS)

Code = Annotated[Line, StringConstraints(max_length=20)]
Score = Annotated[Decimal, Field(ge=0, le=100_000)]
Minutes = Annotated[Decimal, Field(ge=0, le=600)]
_MOST_METRICS = 50


class PerformanceTwice(Invalid):
    """The list has a student's attempt of a day twice. Nothing was recorded."""


class ResultTwice(Invalid):
    """The list has a student twice. Nothing was recorded."""


class EnrollmentIn(Body):
    """Where a student is to be from a day on. ``grade_level`` none: as the student's."""

    school_id: UUID
    entry_on: IsoDay
    entry_code: Code | None = None
    grade_level: Annotated[int, Field(ge=0, le=12)] | None = None
    counselor_staff_id: UUID | None = None
    is_primary: bool = True

    def placement(self) -> Placement:
        """Return it as the roster understands it."""
        return Placement(**{name: getattr(self, name) for name in EnrollmentIn.model_fields})


class StudentIn(Body):
    """Somebody whom the district has no record of, and where they begin."""

    student_number: Name
    first_name: Name
    last_name: Name
    birth_date: IsoDay
    middle_name: Line | None = None
    preferred_name: Line | None = None
    gender: Line | None = None
    enrollment: EnrollmentIn


class ExitIn(Body):
    """The first day on which the student is no longer enrolled."""

    exit_on: IsoDay
    exit_code: Code | None = None


class TransferIn(EnrollmentIn):
    """A school that the student enters on the day on which they leave their own."""

    exit_code: Code | None = None


class PlaceIn(Body):
    """A student's place in a section from a day on."""

    student_id: UUID
    enrolled_on: IsoDay


class PerformanceIn(Body):
    """How a student did once. ``score``: out of the activity's highest."""

    student_id: UUID
    performed_on: IsoDay
    score: Score | None = None
    duration_minutes: Minutes | None = None
    attempt: Annotated[int, Field(ge=1, le=1000)] = 1
    notes: Long | None = None


class PerformancesIn(Body):
    """Performances in one activity; what is there already is corrected."""

    performances: Annotated[list[PerformanceIn], Field(min_length=1, max_length=500)]


class ResultIn(Body):
    """A student's result. Units: the test's."""

    student_id: UUID
    result_value: Annotated[Decimal, Field(ge=-MOST_RESULT, le=MOST_RESULT, decimal_places=3)]


class ResultsIn(Body):
    """Results in one test on a day; what is there already is corrected."""

    tested_on: IsoDay
    results: Annotated[list[ResultIn], Field(min_length=1, max_length=500)]


class PreferenceIn(Body):
    """How much the student likes it: 1 dislikes ... 5 loves."""

    preference_level: Annotated[int, Field(ge=1, le=5)]
    notes: Long | None = None


class RoutineIn(Body):
    """What was measured when the student did a routine."""

    routine_code: Name
    performed_on: IsoDay
    metrics: Annotated[dict[Name, Score], Field(min_length=1, max_length=_MOST_METRICS)]


@dataclass(frozen=True, slots=True)
class StudentMade:
    """The student's id."""

    student_id: UUID


@dataclass(frozen=True, slots=True)
class EnrollmentMade:
    """The enrollment's id."""

    enrollment_id: UUID


@dataclass(frozen=True, slots=True)
class ExitOut:
    """The enrollment that ended, and how many places in sections ended with it."""

    enrollment_id: UUID
    exit_on: date
    sections_left: int


@dataclass(frozen=True, slots=True)
class Written:
    """How many facts were kept; of a place, whether it was not open before."""

    written: int


@router.post("/students", status_code=201)
def post_student(desk: AtDesk, body: StudentIn) -> StudentMade:
    """Admit somebody new to a school of one's own."""
    desk.require(Work.ENROLLMENT)
    new = NewStudent(**body.model_dump(exclude={"enrollment"}))
    return StudentMade(enrolling.admit(desk, new, body.enrollment.placement()))


@router.post("/students/{student_id}/enrollments", status_code=201)
def post_enrollment(desk: AtDesk, student_id: UUID, body: EnrollmentIn) -> EnrollmentMade:
    """Enroll a student at a school of one's own."""
    desk.require(Work.ENROLLMENT)
    return EnrollmentMade(enrolling.enroll(desk, student_id, body.placement()).enrollment_id)


@router.post("/students/{student_id}/transfers", status_code=201)
def post_transfer(desk: AtDesk, student_id: UUID, body: TransferIn) -> EnrollmentMade:
    """Let a student leave one school, with its sections, and enter another."""
    desk.require(Work.ENROLLMENT)
    made = enrolling.transfer(desk, student_id, body.placement(), body.exit_code)
    return EnrollmentMade(made.enrollment_id)


@router.patch("/enrollments/{enrollment_id}")
def patch_enrollment(desk: AtDesk, enrollment_id: UUID, body: ExitIn) -> ExitOut:
    """Withdraw a student from a school and from its sections."""
    desk.require(Work.ENROLLMENT)
    left = enrolling.withdraw(desk, enrollment_id, body.exit_on, body.exit_code)
    return ExitOut(enrollment_id, body.exit_on, left)


@router.post("/sections/{section_id}/students", status_code=201)
def post_place(desk: AtDesk, section_id: UUID, body: PlaceIn) -> Written:
    """Give a student a place in a section of one's school, also one who comes back to it."""
    desk.require(Work.ENROLLMENT)
    require_section(desk.db, desk.viewer.user, section_id, Work.ENROLLMENT)
    was_new = place_in_section(desk.db, desk.tenant_id, body.student_id, section_id, body.enrolled_on)
    desk.note("student_placed", student_id=body.student_id, details={"section_id": section_id})
    return Written(int(was_new))


@router.post("/activities/{activity_code}/performances", status_code=201)
def post_performances(desk: AtDesk, activity_code: str, body: PerformancesIn) -> Written:
    """Record how students did in an activity."""
    desk.require(Work.ACTIVITY)
    given = [Given(**each.model_dump()) for each in body.performances]
    if len({(each.student_id, each.performed_on, each.attempt) for each in given}) < len(given):
        raise PerformanceTwice
    _check_days(desk, *{each.performed_on for each in given})
    for student_id in {each.student_id for each in given}:
        find_student(desk.db, desk.tenant_id, student_id, desk.today)
        desk.note("performance_recorded", student_id=student_id, details={"activity": activity_code})
    performances.record_performances(desk.db, desk.viewer.tenant, activity_code, given)
    return Written(len(given))


@router.post("/fitness-tests/{test_code}/results", status_code=201)
def post_results(desk: AtDesk, test_code: str, body: ResultsIn) -> Written:
    """Record students' results in a fitness test on a day."""
    desk.require(Work.ACTIVITY)
    given = {each.student_id: each.result_value for each in body.results}
    if len(given) < len(body.results):
        raise ResultTwice
    _check_days(desk, body.tested_on)
    for student_id in given:
        find_student(desk.db, desk.tenant_id, student_id, desk.today)
        desk.note("fitness_recorded", student_id=student_id, details={"test": test_code})
    fitness.record_results(desk.db, desk.viewer.tenant, test_code, body.tested_on, given)
    return Written(len(given))


@router.put("/students/{student_id}/preferences/{activity_type}")
def put_preference(desk: AtDesk, student_id: UUID, activity_type: str, body: PreferenceIn) -> Written:
    """Say how much a student likes a kind of activity."""
    desk.require(Work.ACTIVITY)
    find_student(desk.db, desk.tenant_id, student_id, desk.today)
    preference = Preference(activity_type, body.preference_level, body.notes)
    performances.set_preference(desk.db, desk.viewer.tenant, student_id, preference)
    desk.note("preference_set", student_id=student_id, details={"activity_type": activity_type})
    return Written(1)


@router.post("/students/{student_id}/routines", status_code=201)
def post_routine(desk: AtDesk, student_id: UUID, body: RoutineIn) -> Written:
    """Record what was measured when a student did a routine."""
    desk.require(Work.ACTIVITY)
    find_student(desk.db, desk.tenant_id, student_id, desk.today)
    _check_days(desk, body.performed_on)
    performances.record_metrics(
        desk.db, desk.viewer.tenant, student_id, body.routine_code, body.performed_on, body.metrics
    )
    desk.note("routine_recorded", student_id=student_id, details={"routine": body.routine_code})
    return Written(len(body.metrics))


def _check_days(desk: Desk, *days: date) -> None:
    """See that nothing is recorded before it happened.

    Raises: ``DayAhead``.
    """
    for day in days:
        if day > desk.today:
            raise DayAhead(day=day)
