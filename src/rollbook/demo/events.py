"""Phase 13 as rows: work on computers that leaves traces, and the log of what happened in the system."""

import json
from collections.abc import Iterator
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, instants
from rollbook.demo.catalogue import ONLINE_COURSE, offers
from rollbook.demo.facts import Batch, lists, same
from rollbook.demo.plan import SCHOOLS, share
from rollbook.demo.world import AreaInYear

EVENTS: Final = 4_960  # of a usual area in a year: a student's day in a section
LOGGED_AT: Final = 15 * 60 + 45
NIGHT: Final = 22 * 60


def events(here: AreaInYear) -> Iterator[Batch]:
    """Yield the traces and the log."""
    yield _events(here)
    yield _log(here)


def _events(here: AreaInYear) -> Batch:
    """Return exactly the area's share of events; who is under strain works less."""
    rng, enrollments, year = here.rng("events"), here.enrollments, here.year
    online = [place for place, offer in enumerate(offers()) if offer.code == ONLINE_COURSE]
    chosen = np.flatnonzero(np.isin(here.timetable.sections.offer[enrollments.section], online))
    days, since, until = year.school_days, enrollments.since[chosen], enrollments.until[chosen]
    ends = year.term_ends[enrollments.term[chosen]]
    there = (days >= since[:, None]) & (days <= ends[:, None]) & ~(days >= until[:, None])
    strain = here.lives.learning[enrollments.member[chosen][:, None], year.week_of(days)]
    # The largest of these are taken: a race in which strain is a handicap.
    pace = np.where(there, -0.8 * strain + rng.gumbel(size=there.shape), -np.inf).ravel()
    count = min(share(EVENTS, here.area.students), int(there.sum()))
    taken = np.sort(pace.argsort(kind="stable")[len(pace) - count :])
    enrollment, day = chosen[taken // len(days)], days[taken % len(days)]
    clicks = 1 + rng.poisson(np.exp(2.6 - 0.3 * strain.ravel()[taken]))
    return Batch(
        "analytics_events",
        {
            "student_id": here.student_ids(enrollments.member[enrollment]),
            "section_id": here.timetable.sections.ids[enrollments.section[enrollment]],
            "event_on": day,
            "event_type": same(count, "clicks"),
            "event_count": clicks,
            "known_at": instants(day, NIGHT),
        },
    )


def _log(here: AreaInYear) -> Batch:
    """Return a line for each day on which a school sent its attendance."""
    rng, days = here.rng("log"), np.tile(here.year.school_days, SCHOOLS)
    details = [json.dumps({"school": plan.code}) for plan in here.area.schools]
    schools: Array = np.arange(SCHOOLS).repeat(len(here.year.school_days))
    return Batch(
        "activity_logs",
        {
            "logged_at": instants(days, LOGGED_AT + rng.integers(0, 60, len(days))),
            "log_id": here.ids("log").draw(len(days)),
            "action": lists(["attendance_submitted"] * len(days)),
            "details": lists([details[school] for school in schools.tolist()]),
        },
    )
