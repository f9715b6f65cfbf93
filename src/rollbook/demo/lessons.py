"""Phase 10 as rows: what teachers plan for lessons, and what physical education asks for besides."""

import json
from collections.abc import Iterator
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, day_of, instants
from rollbook.demo.catalogue import PHYSICAL_EDUCATION, offers
from rollbook.demo.facts import Batch, Words, lists, words_of
from rollbook.demo.rows_district import STANDARDS_PER_COURSE, standard_ids, taught_offers
from rollbook.demo.world import AreaInYear

PLANS_PER_SECTION: Final = 2
MINUTES: Final = (45, 50, 55, 90)
_STEPS: Final = ("Introduce", "Show an example", "Work in pairs", "Present", "Look back")
_WARM_UPS: Final = ("Jog and stretch", "Tag in pairs", "Rope skipping", "Mobility circle")
_GAMES: Final = ("Passing stations", "Small-sided games", "Interval run", "Balance course", "Dance sequence")
_COOL_DOWNS: Final = ("Slow walk and breathing", "Stretching circle", "Partner stretches")
_EQUIPMENT: Final = (["cones", "balls"], ["ropes"], ["mats", "benches"], ["music player"], ["bibs", "goals"])


def lessons(here: AreaInYear) -> Iterator[Batch]:
    """Yield the lesson plans, the standards they work on, and the plans of physical education."""
    rng, sections = here.rng("lessons"), here.timetable.sections
    section = np.arange(len(sections)).repeat(PLANS_PER_SECTION)
    turn = np.tile(np.arange(PLANS_PER_SECTION), len(sections))
    starts = here.year.term_starts[sections.term][section]
    day = here.year.next_school_day(starts + 10 + 45 * turn + rng.integers(0, 20, len(section)), 0)
    ids = here.ids("lesson plans").draw(len(section))
    # Written in the fortnight before, on the last of the vacation's days at the earliest.
    known = instants(np.maximum(day - rng.integers(2, 12, len(day)), day_of(here.year.opens_on)), 19 * 60)
    unit = Words(turn, tuple(f"Unit {n + 1}" for n in range(PLANS_PER_SECTION))).texts()
    titles = np.array([offer.title for offer in offers()], dtype=object)[sections.offer[section]]
    yield Batch(
        "lesson_plans",
        {
            "lesson_plan_id": ids,
            "lesson_plan_code": lists(_codes(here, section, turn)),
            "course_id": here.world.course_ids[sections.offer[section]],
            "section_id": sections.ids[section],
            "staff_id": here.teacher_ids[section],
            "title": titles + ": " + unit,
            "planned_on": day,
            "duration_minutes": rng.choice(MINUTES, len(section)),
            "objectives": "Students can explain and apply what the " + unit + " is about.",
            "content": lists(_contents(rng, len(section))),
            "known_at": known,
        },
    )
    yield from _standards(here, ids, section, turn, known)
    yield _of_physical_education(here, ids, section, known)


def _codes(here: AreaInYear, section: Array, turn: Array) -> list[str]:
    sections = here.timetable.sections
    names = [
        f"{offers()[offer].code}-{code}"
        for offer, code in zip(sections.offer.tolist(), sections.codes, strict=True)
    ]
    return [f"{names[s]}-U{n + 1}" for s, n in zip(section.tolist(), turn.tolist(), strict=True)]


def _contents(rng: np.random.Generator, count: int) -> list[str]:
    """Return the steps of each lesson, as JSON."""
    documents = [json.dumps({"steps": list(_STEPS[:n])}) for n in range(2, len(_STEPS) + 1)]
    return [documents[n] for n in rng.integers(0, len(documents), count)]


def _standards(here: AreaInYear, ids: Array, section: Array, turn: Array, known: Array) -> Iterator[Batch]:
    place = {offer: n for n, offer in enumerate(taught_offers())}
    taught = np.array([place.get(n, -1) for n in range(len(offers()))])
    of_plan = taught[here.timetable.sections.offer[section]]
    rows = np.flatnonzero(of_plan >= 0)
    standards = standard_ids(here.world)[of_plan[rows], turn[rows] % STANDARDS_PER_COURSE]
    yield Batch(
        "lesson_plan_standards",
        {"lesson_plan_id": ids[rows], "standard_id": standards, "known_at": known[rows]},
    )


def _of_physical_education(here: AreaInYear, ids: Array, section: Array, known: Array) -> Batch:
    is_pe = np.array([offer.subject == PHYSICAL_EDUCATION for offer in offers()])
    rows = np.flatnonzero(is_pe[here.timetable.sections.offer[section]])
    rng, count = here.rng("physical education"), len(rows)
    kit = rng.integers(0, len(_EQUIPMENT), count)
    return Batch(
        "pe_lesson_plans",
        {
            "lesson_plan_id": ids[rows],
            "warm_up": words_of(rng.choice(_WARM_UPS, count).tolist()),
            "main_activity": words_of(rng.choice(_GAMES, count).tolist()),
            "cool_down": words_of(rng.choice(_COOL_DOWNS, count).tolist()),
            "equipment": lists([_EQUIPMENT[n] for n in kit.tolist()]),
            "safety_notes": words_of(["Check the floor; shoes tied; water within reach."] * count),
            "adaptations": words_of(["Shorter distances, a partner, or counting for the team."] * count),
            "known_at": known[rows],
        },
    )
