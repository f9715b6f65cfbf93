"""What the district cannot see: each student's strain, week by week, which moves all that it does see."""

from dataclasses import dataclass

import numpy as np

from rollbook.demo.calendar import Array, SchoolYear
from rollbook.demo.plan import SCHOOL_STRAIN
from rollbook.demo.roster import Roster


@dataclass(frozen=True, slots=True)
class Lives:
    """Strain by field. Shape: (member, week), mean about 0, spread about 1; high is bad."""

    attendance: Array
    learning: Array
    conduct: Array


def draw_lives(rng: np.random.Generator, roster: Roster, year: SchoolYear) -> Lives:
    """Let the strain of each member wander and turn through ``year``, and split it by field."""
    people, members = roster.people, roster.members
    count, who = len(members), members.person
    poor = np.where(people.economic_status[who] == "disadvantaged", 0.2, -0.17)
    base = people.strain[who] + SCHOOL_STRAIN[members.school] + poor
    weeks = year.weeks
    strain = (
        base[:, None] + _wander(rng, count, weeks) + _crises(rng, count, weeks) + _turns(rng, count, year)
    )
    return Lives(
        attendance=_field(strain, people.attendance[who]),
        learning=_field(strain, people.learning[who]),
        conduct=_field(strain, people.conduct[who]),
    )


def _wander(rng: np.random.Generator, count: int, weeks: int) -> Array:
    """Return a slow random walk that is drawn back to 0: most of it is forgotten in two months."""
    keep, spread = 0.9, 0.55
    steps = rng.standard_normal((count, weeks)) * spread
    walk = np.empty_like(steps)
    walk[:, 0] = steps[:, 0]
    for week in range(1, weeks):
        walk[:, week] = keep * walk[:, week - 1] + np.sqrt(1 - keep**2) * steps[:, week]
    return walk


def _crises(rng: np.random.Generator, count: int, weeks: int) -> Array:
    """Return hard weeks that nothing announces: a third of the students have 4 to 11 of them."""
    week = np.arange(weeks)[None, :]
    begins = rng.integers(0, weeks, count)[:, None]
    lasts = rng.integers(4, 12, count)[:, None]
    hit = (rng.random(count) < 0.33)[:, None]
    crises: Array = 1.3 * (hit & (week >= begins) & (week < begins + lasts))
    return crises


def _turns(rng: np.random.Generator, count: int, year: SchoolYear) -> Array:
    """Return what nobody foresees in each term: from some week on, things go better or worse."""
    week = np.arange(year.weeks)[None, :]
    turns = np.zeros((count, year.weeks))
    for term in year.terms:
        first = (term.starts_on - year.starts_on).days // 7
        last = (term.ends_on - year.starts_on).days // 7
        since = rng.integers(first + 5, last - 1, count)[:, None]
        turns += rng.normal(0, 1.2, count)[:, None] * ((week >= since) & (week <= last))
    return turns


def _field(strain: Array, own: Array) -> Array:
    """Return one field's strain: the common one, and what is each one's ``own``, about 0 and 1."""
    mixed = strain + own[:, None]
    field: Array = (mixed - mixed.mean()) / mixed.std()
    return field
