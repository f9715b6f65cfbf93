"""The API of activity and PE."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from rollbook.access.viewing import Viewer, Viewing
from rollbook.activity import fitness, performances
from rollbook.activity.fitness import Result, ZoneShare
from rollbook.activity.logs import EventDay, events_by_day
from rollbook.activity.performances import ActivityLine, Improvement, Metric, Performance, Preference
from rollbook.curriculum.present import present_of
from rollbook.roster.service import find_student
from rollbook.ui.params import CodeText, IsoDay
from rollbook.ui.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", tags=["activity"], responses=PROBLEMS)

A_YEAR: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class StudentActivityOut:
    """What a student did from ``since`` to ``until``, both included; ``performances``: the newest of them."""

    since: date
    until: date
    performances: Sequence[Performance]
    improvement: Sequence[Improvement]
    preferences: Sequence[Preference]
    routines: Sequence[Metric]
    fitness: Sequence[Result]


@dataclass(frozen=True, slots=True)
class ActivitiesOut:
    """The catalogue, and how the students you may see did from ``since`` to ``until``, both included."""

    since: date
    until: date
    data: Sequence[ActivityLine]


@dataclass(frozen=True, slots=True)
class FitnessOut:
    """How many of the students you may see are in which zone, by test, school and grade.

    By each student's last result from ``since`` to ``until``, both included. The figures of a group of fewer
    than ``minimum`` are null.
    """

    since: date
    until: date
    minimum: int
    data: Sequence[ZoneShare]


@dataclass(frozen=True, slots=True)
class EventsOut:
    """What the students you may see did online, by day and kind."""

    since: date
    until: date
    data: Sequence[EventDay]


@router.get("/students/{student_id}/activity")
def get_student_activity(
    viewer: Viewing,
    student_id: UUID,
    since: IsoDay | None = None,
    until: IsoDay | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> StudentActivityOut:
    """What a student did in PE and elsewhere; of the last year unless you say."""
    begin, end = span(viewer, since, until)
    find_student(viewer.db, viewer.tenant.tenant_id, student_id, end)
    where = (viewer.db, viewer.tenant, student_id)
    return StudentActivityOut(
        since=begin,
        until=end,
        performances=performances.performances_of(*where, begin, end, limit=limit),
        improvement=performances.improvement_of(*where, begin, end),
        preferences=performances.preferences_of(*where),
        routines=performances.metrics_of(*where, begin, end),
        fitness=fitness.fitness_results(viewer.db, viewer.tenant, begin, end, student_id=student_id),
    )


@router.get("/activities")
def get_activities(
    viewer: Viewing, since: IsoDay | None = None, until: IsoDay | None = None
) -> ActivitiesOut:
    """The activities, and how the students you may see did in each in the last year unless you say."""
    begin, end = span(viewer, since, until)
    return ActivitiesOut(begin, end, performances.list_activities(viewer.db, viewer.tenant, begin, end))


@router.get("/fitness")
def get_fitness(
    viewer: Viewing, since: IsoDay | None = None, until: IsoDay | None = None, school: CodeText = None
) -> FitnessOut:
    """How many students are in the healthy zone of each fitness test, in the last year unless you say."""
    begin, end = span(viewer, since, until)
    found = fitness.zone_shares(viewer.db, viewer.tenant, begin, end, school=school)
    return FitnessOut(begin, end, fitness.FEWEST, found)


@router.get("/activities/events")
def get_events(viewer: Viewing, since: IsoDay | None = None, until: IsoDay | None = None) -> EventsOut:
    """What was done online by day and kind, in the last year unless you say."""
    begin, end = span(viewer, since, until)
    return EventsOut(begin, end, events_by_day(viewer.db, viewer.tenant, begin, end))


def span(viewer: Viewer, since: date | None, until: date | None) -> tuple[date, date]:
    """Return the days asked for: by default the year up to the present."""
    end = until or present_of(viewer.db, viewer.tenant)
    begin = since or (end - A_YEAR if end - date.min > A_YEAR else date.min)
    return begin, end
