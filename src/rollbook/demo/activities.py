"""Phase 11 as rows: what students do in physical education, how well, what they like, and routines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, instants
from rollbook.demo.facts import Batch, Words, lists
from rollbook.demo.plan import ELEMENTARY_SCHOOLS, share
from rollbook.demo.world import AreaInYear, World

PERFORMANCES: Final = 41_104  # of a usual area in a year
PREFERENCES_EACH: Final = 3
ROUTINE_STEPS: Final = 4
METRICS: Final = ("completion_rate", "heart_rate_bpm")
MAX_SCORE: Final = 100
AFTER_SCHOOL: Final = 15 * 60 + 30


@dataclass(frozen=True, slots=True)
class Activity:
    """Something to do."""

    code: str
    name: str
    kind: str
    difficulty: int
    minutes: int


ACTIVITIES: Final = (
    Activity("RUN", "Interval run", "cardio", 3, 20),
    Activity("ROPE", "Rope skipping", "cardio", 2, 10),
    Activity("STEP", "Step circuit", "cardio", 3, 15),
    Activity("PUSH", "Push-up ladder", "strength", 4, 8),
    Activity("CURL", "Curl-up ladder", "strength", 3, 8),
    Activity("WALL", "Climbing wall", "strength", 5, 25),
    Activity("STRE", "Stretching circle", "flexibility", 1, 12),
    Activity("YOGA", "Yoga flow", "flexibility", 2, 25),
    Activity("DRIB", "Dribbling course", "skill drill", 2, 12),
    Activity("THRW", "Target throwing", "skill drill", 2, 10),
    Activity("SERV", "Serving practice", "skill drill", 3, 15),
    Activity("SOCC", "Small-sided soccer", "team sport", 3, 30),
    Activity("BASK", "Half-court basketball", "team sport", 3, 30),
    Activity("VOLL", "Volleyball", "team sport", 4, 30),
    Activity("FRIS", "Ultimate frisbee", "team sport", 3, 30),
    Activity("DANC", "Dance sequence", "rhythm", 2, 20),
    Activity("JUGG", "Juggling", "rhythm", 4, 10),
    Activity("TUMB", "Tumbling", "rhythm", 4, 20),
)
KINDS: Final = tuple(dict.fromkeys(activity.kind for activity in ACTIVITIES))
ROUTINES: Final = ("Morning warm-up", "Endurance", "Core", "Agility", "Ball control", "Balance", "Cool-down")


def catalogue(world: World) -> Iterator[Batch]:
    """Yield the activities, and the routines that are made of them."""
    count, steps = len(ACTIVITIES), np.arange(len(ROUTINES) * ROUTINE_STEPS)
    known = world.known_from_the_start(count)
    yield Batch(
        "activities",
        {
            "activity_id": world.named_ids("activities", count),
            "activity_code": lists([found.code for found in ACTIVITIES]),
            "name": lists([found.name for found in ACTIVITIES]),
            "activity_type": lists([found.kind for found in ACTIVITIES]),
            "difficulty_level": np.array([found.difficulty for found in ACTIVITIES]),
            "max_score": np.full(count, MAX_SCORE),
            "known_at": known,
        },
    )
    routines = world.named_ids("routines", len(ROUTINES))
    yield Batch(
        "routines",
        {
            "routine_id": routines,
            "routine_code": lists([f"R{n + 1:02}" for n in range(len(ROUTINES))]),
            "name": lists(list(ROUTINES)),
            "duration_minutes": np.full(len(ROUTINES), 5 * ROUTINE_STEPS),
            "known_at": known[: len(ROUTINES)],
        },
    )
    yield Batch(
        "routine_activities",
        {
            "routine_id": routines[steps // ROUTINE_STEPS],
            "step_number": steps % ROUTINE_STEPS + 1,
            "activity_id": world.named_ids("activities", count)[(steps * 5 + steps // ROUTINE_STEPS) % count],
            "duration_minutes": np.full(len(steps), 5),
            "known_at": known[:1].repeat(len(steps)),
        },
    )


def activity(here: AreaInYear) -> Iterator[Batch]:
    """Yield what students did, liked, and were measured at."""
    fitness = here.rng("fitness").standard_normal(len(here.roster.members))
    fitness -= 0.3 * here.lives.attendance.mean(axis=1)
    yield _performances(here, fitness)
    if here.is_first:
        yield _preferences(here)
    yield _metrics(here, fitness)


def _performances(here: AreaInYear, fitness: Array) -> Batch:
    """Return exactly the area's share of performances: each student's on days of their own."""
    rng, present = here.rng("performances"), here.is_here()
    total = share(PERFORMANCES, here.area.students)
    member, place = _days_of_their_own(rng, present, total)
    day, count = here.year.school_days[place], len(member)
    kind = rng.integers(0, len(ACTIVITIES), count)
    difficulty = np.array([found.difficulty for found in ACTIVITIES])[kind]
    practice = 4 * place / present.shape[1]
    score = 74 + 7 * fitness[member] + practice - 2.5 * (difficulty - 3) + 7 * rng.standard_normal(count)
    minutes = np.array([found.minutes for found in ACTIVITIES])[kind] * rng.uniform(0.7, 1.2, count)
    return Batch(
        "student_activity_performances",
        {
            "performance_id": here.ids("performances").draw(count),
            "student_id": here.student_ids(member),
            "activity_id": here.world.named_ids("activities", len(ACTIVITIES))[kind],
            "performed_on": day,
            "score": np.round(np.clip(score, 5, MAX_SCORE), 1),
            "duration_minutes": np.round(minutes, 1),
            "known_at": instants(day, AFTER_SCHOOL + rng.integers(0, 90, count)),
        },
    )


def _days_of_their_own(rng: np.random.Generator, present: Array, total: int) -> tuple[Array, Array]:
    """Return ``total`` pairs of a member and a day in school, as many for each as can be, none twice."""
    capacity = present.sum(axis=1)
    wanted = np.zeros(len(capacity), dtype=int)
    while (left := min(total, int(capacity.sum())) - int(wanted.sum())) > 0:
        room = np.flatnonzero(capacity > wanted)
        chosen = rng.permutation(room)[:left]
        wanted[chosen] += np.minimum(max(left // len(room), 1), capacity[chosen] - wanted[chosen])
    order = np.where(present, rng.random(present.shape), 2.0).argsort(axis=1)
    member = np.arange(len(wanted)).repeat(wanted)
    turn = np.arange(len(member)) - (np.cumsum(wanted) - wanted).repeat(wanted)
    place = order[member, turn]
    in_time = np.lexsort((member, place))
    return member[in_time], place[in_time]


def _preferences(here: AreaInYear) -> Batch:
    """Return what each likes of a few kinds of activity."""
    rng, count = here.rng("preferences"), len(here.roster.members)
    kinds = rng.random((count, len(KINDS))).argsort(axis=1)[:, :PREFERENCES_EACH].ravel()
    member = np.arange(count).repeat(PREFERENCES_EACH)
    begins = here.roster.members.entry_on[member]
    return Batch(
        "pe_activity_preferences",
        {
            "student_id": here.student_ids(member),
            "activity_type": Words(kinds, KINDS),
            "preference_level": rng.choice(5, len(member), p=[0.08, 0.14, 0.26, 0.3, 0.22]) + 1,
            "known_at": instants(here.year.next_school_day(begins, 8), AFTER_SCHOOL),
        },
    )


def _metrics(here: AreaInYear, fitness: Array) -> Batch:
    """Return what was measured when older students did a routine, once a quarter."""
    rng, present, days = here.rng("metrics"), here.is_here(), here.year.school_days
    old = np.flatnonzero(here.roster.members.school >= ELEMENTARY_SCHOOLS)
    quarters = np.array([20, 62, 105, 150])
    member = old.repeat(len(quarters))
    place = np.tile(quarters, len(old)) + rng.integers(0, 15, len(member))
    there = present[member, place]
    member, place = member[there], place[there]
    routine = rng.integers(0, len(ROUTINES), len(member))
    done = np.clip(0.82 + 0.07 * fitness[member] + 0.08 * rng.standard_normal(len(member)), 0.2, 1)
    beats = np.clip(138 - 8 * fitness[member] + 11 * rng.standard_normal(len(member)), 80, 205)
    day = np.tile(days[place], len(METRICS))
    return Batch(
        "routine_performance_metrics",
        {
            "student_id": here.student_ids(np.tile(member, len(METRICS))),
            "routine_id": here.world.named_ids("routines", len(ROUTINES))[np.tile(routine, len(METRICS))],
            "performed_on": day,
            "metric_name": Words(np.arange(len(METRICS)).repeat(len(member)), METRICS),
            "metric_value": np.concatenate([np.round(done, 3), np.round(beats)]),
            "known_at": instants(day, AFTER_SCHOOL),
        },
    )
