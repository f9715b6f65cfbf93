"""The API of attendance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from rollbook.access.viewing import Viewing
from rollbook.attendance.chronic import ChronicStudent, Group, chronic_absence
from rollbook.attendance.service import (
    FIRST_DAY,
    LAST_DAY,
    Mark,
    attendance_of,
    school_year_start,
    weekly_rates,
    weeks_before,
)
from rollbook.curriculum.present import present_of
from rollbook.roster.service import find_student
from rollbook.ui.params import CodeText, CursorText, IsoDay
from rollbook.ui.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", tags=["attendance"], responses=PROBLEMS)
DayText = Annotated[IsoDay | None, Query(ge=FIRST_DAY, le=LAST_DAY)]


@dataclass(frozen=True, slots=True)
class ChronicOut:
    """The chronically absent among the students you may see; ``data`` is one page of them, worst first.

    Rates are 0..1. ``enrolled`` counts the students with a day that counts from ``since`` to ``as_of``.
    """

    since: date
    as_of: date
    chronic_rate: float
    minimum_days: int
    enrolled: int
    chronic: int
    groups: Sequence[Group]
    data: Sequence[ChronicStudent]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class WeekOut:
    """A week (its Monday) of a grade. ``days`` are students' days; ``attendance_rate`` is 0..1."""

    week: date
    grade_level: int | None
    days: int
    missed: float
    attendance_rate: float


@dataclass(frozen=True, slots=True)
class WeeksOut:
    """Weeks, each grade in turn, from ``since`` to ``until``, both included."""

    since: date
    until: date
    data: Sequence[WeekOut]


@dataclass(frozen=True, slots=True)
class StudentWeekOut:
    """A student's week, known by its Monday."""

    week: date
    days: int
    missed: float
    tardy: int


@dataclass(frozen=True, slots=True)
class StudentAttendanceOut:
    """A student's attendance from ``since`` to ``until``, both included; ``marks``: the newest."""

    since: date
    until: date
    days: int
    missed: float
    tardy: int
    missed_rate: float
    is_chronic: bool
    weeks: Sequence[StudentWeekOut]
    marks: Sequence[Mark]


@router.get("/attendance/chronic")
def list_chronic(
    viewer: Viewing,
    as_of: DayText = None,
    school: CodeText = None,
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ChronicOut:
    """Who is chronically absent, from the start of the school year to ``as_of`` (else the present)."""
    day = as_of or present_of(viewer.db, viewer.tenant)
    found = chronic_absence(
        viewer.db, viewer.tenant, day, school=school, after=cursor or None, page_size=limit
    )
    return ChronicOut(
        since=found.since,
        as_of=found.as_of,
        chronic_rate=float(found.rule.chronic_rate),
        minimum_days=found.rule.minimum_days,
        enrolled=found.enrolled,
        chronic=found.chronic,
        groups=found.groups,
        data=found.students,
        next_cursor=found.page.next_cursor,
    )


@router.get("/attendance/weeks")
def list_weeks(
    viewer: Viewing, since: DayText = None, until: DayText = None, school: CodeText = None
) -> WeeksOut:
    """The attendance of the students you may see by week and grade; twelve weeks unless you say."""
    begin, end = weeks_before(viewer.db, until or present_of(viewer.db, viewer.tenant))
    begin, end = since or begin, until or end
    found = weekly_rates(viewer.db, begin, end, school=school)
    data = [WeekOut(w.week, w.grade_level, w.days, w.missed, w.attendance_rate) for w in found]
    return WeeksOut(begin, end, data)


@router.get("/students/{student_id}/attendance")
def get_student_attendance(
    viewer: Viewing, student_id: UUID, since: DayText = None, until: DayText = None
) -> StudentAttendanceOut:
    """A student's attendance by week; of the school year up to the present unless you say."""
    end = until or present_of(viewer.db, viewer.tenant)
    begin = since or school_year_start(viewer.db, end)
    find_student(viewer.db, viewer.tenant.tenant_id, student_id, end)
    found = attendance_of(viewer.db, viewer.tenant.tenant_id, student_id, begin, end)
    return StudentAttendanceOut(
        since=begin,
        until=end,
        days=found.days,
        missed=found.missed,
        tardy=found.tardy,
        missed_rate=found.missed_rate,
        is_chronic=found.is_chronic,
        weeks=[StudentWeekOut(w.week, w.days, float(w.missed), w.tardy) for w in found.weeks],
        marks=found.marks,
    )
