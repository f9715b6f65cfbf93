"""The phases in which a district is made: numbered, each with its tables, and what it cannot do without."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rollbook.core.errors import Invalid
from rollbook.demo import activities, events, fitness, lessons, rows_conduct, rows_district, rows_grades
from rollbook.demo import rows_people as people
from rollbook.demo import rows_teaching as teaching
from rollbook.demo.absences import draw_attendance, submissions
from rollbook.demo.facts import Batch
from rollbook.demo.world import AreaInYear, World


class PhaseUnknown(Invalid):
    """There is no phase '{phase}': give numbers from 1 to {last}, such as 1-6,9."""


def nothing(_: World) -> Iterator[Batch]:
    """Yield nothing: the whole district has none of it."""
    yield from ()


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a district that can be left out, with all that ``needs`` it."""

    number: int
    title: str
    draw: Callable[[AreaInYear], Iterator[Batch]]
    needs: tuple[int, ...] = ()
    shared: Callable[[World], Iterator[Batch]] = nothing


def _attendance(here: AreaInYear) -> Iterator[Batch]:
    yield from draw_attendance(here.rng("attendance"), here.year, here.roster, here.lives)
    if here.is_last:
        yield submissions(here.year, here.school_ids, here.world.today)


PHASES: Final = (
    Phase(1, "schools, calendar, courses, standards", rows_district.schools, shared=rows_district.catalogue),
    Phase(2, "staff, students, school enrollments", people.people, (1,)),
    Phase(3, "guardians", people.families, (2,)),
    Phase(4, "programs", people.programs, (2,)),
    Phase(5, "sections and course enrollments", teaching.teaching, (2,)),
    Phase(6, "attendance", _attendance, (2,)),
    Phase(7, "assignments and grades", rows_grades.coursework, (5,)),
    Phase(8, "course grades, progress, outcomes", rows_grades.results, (7,)),
    Phase(9, "incidents", rows_conduct.conduct, (2,)),
    Phase(10, "lesson plans", lessons.lessons, (5,)),
    Phase(11, "activities and performances", activities.activity, (2,), activities.catalogue),
    Phase(12, "fitness tests", fitness.fitness, (2,), fitness.catalogue),
    Phase(13, "analytics events and logs", events.events, (5,)),
)
_SPAN: Final = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")
ALL: Final = frozenset(phase.number for phase in PHASES)


def read_phases(text: str) -> frozenset[int]:
    """Return the phases that a list such as 1-6,9 names.

    Raises: ``PhaseUnknown``.
    """
    chosen: set[int] = set()
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        found = _SPAN.fullmatch(part)
        span = range(int(found[1]), int(found[2] or found[1]) + 1) if found else range(0)
        if not span or not ALL.issuperset(span):
            raise PhaseUnknown(phase=part, last=len(PHASES))
        chosen.update(span)
    return frozenset(chosen)


def close(chosen: frozenset[int]) -> list[Phase]:
    """Return the ``chosen`` phases without those that need one which is left out."""
    kept: list[Phase] = []
    for phase in PHASES:
        if phase.number in chosen and all(need in {p.number for p in kept} for need in phase.needs):
            kept.append(phase)
    return kept


def describe(phases: Sequence[Phase] = PHASES) -> str:
    """Return the phases as a list for --help."""
    return ", ".join(f"{phase.number} {phase.title}" for phase in phases)
