"""The whole district, drawn from one seed: the same seed and size give the same rows to the last byte."""

from collections.abc import Generator, Iterator, Sequence
from datetime import UTC, date

import numpy as np

from rollbook.core.clock import close_of_day
from rollbook.demo.calendar import LATEST_YEAR, TIME_ZONE, SchoolYear
from rollbook.demo.facts import Batch
from rollbook.demo.faculty import Faculty
from rollbook.demo.phases import PHASES, Phase
from rollbook.demo.roster import Roster
from rollbook.demo.world import AreaInYear, World


def world_of(students: int, seed: int, *, years: int = 1, today: date | None = None) -> World:
    """Return the district of ``students`` in the latest ``years``, on ``today`` or when all is known."""
    spans = [SchoolYear(LATEST_YEAR - ago) for ago in reversed(range(years))]
    return World(seed, students, spans, today or spans[-1].closes_on)


def draw_district(world: World, phases: Sequence[Phase] = PHASES) -> Iterator[Batch]:
    """Draw what is known by the close of the world's day, in an order in which references allow to write it.

    No more than one area's year is held in memory.
    """
    day_closes = np.datetime64(close_of_day(world.today, TIME_ZONE).astimezone(UTC).replace(tzinfo=None), "s")
    for batch in _draw(world, phases):
        known = batch.known_before(day_closes)
        if len(known):
            yield known


def _draw(world: World, phases: Sequence[Phase]) -> Iterator[Batch]:
    for phase in phases:
        yield from phase.shared(world)
    for area in world.areas:
        faculty, before = Faculty(area.number), None
        for year in world.years:
            before = yield from _draw_area(AreaInYear(world, area, faculty, year, before), phases)


def _draw_area(here: AreaInYear, phases: Sequence[Phase]) -> Generator[Batch, None, Roster]:
    for phase in phases:
        yield from phase.draw(here)
    return here.roster
