"""Phase 12 as rows: fitness tests, what counts as healthy in them, and results.

The healthy zones are made up for the demo, and their tests' names say so: a district enters its own rules.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.activity.models import Sex
from rollbook.demo.calendar import Array, instants
from rollbook.demo.facts import Batch, lists, words_of
from rollbook.demo.world import AreaInYear, World

GRADES_TESTED: Final = (5, 7, 9)
AGES: Final = range(9, 17)
MADE_UP: Final = "zones made up for the demo"
WINDOWS: Final = (35, 140)  # school days on which testing begins
WINDOW: Final = 20


@dataclass(frozen=True, slots=True)
class FitnessTest:
    """A test; ``low`` and ``per_year`` make the least healthy value at 9 and how it grows, for girls."""

    code: str
    name: str
    unit: str
    component: str
    low: float
    per_year: float
    for_boys: float
    spread: float


TESTS: Final = (
    FitnessTest("pacer_laps", "Shuttle run", "laps", "aerobic capacity", 12, 3, 4, 9),
    FitnessTest("curl_ups", "Curl-ups", "count", "strength", 10, 1.5, 2, 7),
    FitnessTest("push_ups", "Push-ups", "count", "strength", 5, 0.6, 3, 5),
    FitnessTest("sit_and_reach_cm", "Sit and reach", "cm", "flexibility", 22, 0.6, -2, 5),
)


def catalogue(world: World) -> Iterator[Batch]:
    """Yield the tests and their zones."""
    ids, known = test_ids(world), world.known_from_the_start(len(TESTS))
    yield Batch(
        "fitness_tests",
        {
            "fitness_test_id": ids,
            "test_code": lists([test.code for test in TESTS]),
            "name": lists([f"{test.name} ({MADE_UP})" for test in TESTS]),
            "unit": lists([test.unit for test in TESTS]),
            "component": lists([test.component for test in TESTS]),
            "known_at": known,
        },
    )
    rules = [(n, sex, age) for n in range(len(TESTS)) for sex in Sex for age in AGES]
    test = np.array([n for n, _, _ in rules])
    is_boy = np.array([sex is Sex.MALE for _, sex, _ in rules])
    age = np.array([age for _, _, age in rules])
    yield Batch(
        "fitness_zones",
        {
            "fitness_test_id": ids[test],
            "sex": words_of([sex.value for _, sex, _ in rules]),
            "age_years": age,
            "low_value": np.round(_least(test, age, is_boy)),
            "known_at": world.known_from_the_start(len(rules)),
        },
    )


def test_ids(world: World) -> Array:
    """Return the ids of the tests."""
    return world.named_ids("fitness tests", len(TESTS))


def _least(test: Array, age: Array, is_boy: Array) -> Array:
    """Return the least value that counts as healthy."""
    low, per_year, for_boys = (
        np.array([getattr(found, name) for found in TESTS])[test] for name in ("low", "per_year", "for_boys")
    )
    least: Array = low + per_year * (age - AGES[0]) + for_boys * is_boy
    return least


def fitness(here: AreaInYear) -> Iterator[Batch]:
    """Yield the results of fall and spring."""
    members, people = here.roster.members, here.roster.people
    rng, present = here.rng("fitness tests"), here.is_here()
    tested = np.flatnonzero(np.isin(members.grade, GRADES_TESTED))
    strength = here.rng("fitness").standard_normal(len(members))
    for window in WINDOWS:
        place = window + rng.integers(0, WINDOW, len(tested))
        there = present[tested, place]
        member = tested[there].repeat(len(TESTS))
        day = here.year.school_days[place[there]].repeat(len(TESTS))
        test = np.tile(np.arange(len(TESTS)), int(there.sum()))
        who = members.person[member]
        age = (day - people.birth_date[who]).astype(int) // 365
        usual = _least(test, age, people.gender[who] == "M")
        spread = np.array([found.spread for found in TESTS])[test]
        value = usual + spread * (0.35 + 0.6 * strength[member] + 0.6 * rng.standard_normal(len(test)))
        yield Batch(
            "fitness_results",
            {
                "student_id": here.student_ids(member),
                "fitness_test_id": test_ids(here.world)[test],
                "tested_on": day,
                "result_value": np.round(np.maximum(value, 0)),
                "known_at": instants(day, 16 * 60),
            },
        )
