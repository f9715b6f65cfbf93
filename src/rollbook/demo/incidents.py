"""Conduct: few students have many incidents; what was decided, or found to be milder, is known days later."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, SchoolYear, instants
from rollbook.demo.lives import Lives
from rollbook.demo.plan import ELEMENTARY_SCHOOLS, HIGH, MIDDLE, SCHOOLS
from rollbook.demo.roster import Roster

BY_SCHOOL: Final = np.array(
    [-0.7] * ELEMENTARY_SCHOOLS + [0.25] * (HIGH - MIDDLE) + [0.15] * (SCHOOLS - HIGH)
)
USUAL: Final = -4.9  # log of incidents per student and week
KINDS: Final = ("disruption", "defiance", "bullying", "fighting", "vandalism", "substance", "truancy")
SHARES: Final = [0.36, 0.2, 0.12, 0.1, 0.06, 0.05, 0.11]
GRAVITY: Final = np.array([1, 1, 3, 3, 2, 4, 1])
HARMS_SOMEONE: Final = np.array([False, False, True, True, False, False, False])
PLACES: Final = ("classroom", "hallway", "cafeteria", "school grounds", "bus")
ACTIONS: Final = (
    "conference",
    "call home",
    "detention",
    "in-school suspension",
    "out-of-school suspension",
)
DAYS_LOST: Final = np.array([0, 0, 0, 1, 3])
GRAVE: Final = 4


@dataclass(frozen=True, slots=True)
class Incidents:
    """Shape: arrays by incident. ``severity`` as known first, NaT in ``softened_on`` where it stayed so.

    ``victim`` is a member, -1 for none; ``decided_on`` is when the action was known.
    """

    member: Array
    day: Array
    kind: Array
    severity: Array
    place: Array
    known_at: Array
    action: Array
    decided_at: Array
    softened_at: Array
    victim: Array

    def __len__(self) -> int:
        """Count them."""
        return len(self.member)


def draw_incidents(rng: np.random.Generator, year: SchoolYear, roster: Roster, lives: Lives) -> Incidents:
    """Draw the year's incidents, and what became of them later."""
    member, day = _when(rng, year, roster, lives)
    count = len(member)
    kind = rng.choice(len(KINDS), count, p=SHARES)
    severity = np.clip(GRAVITY[kind] + rng.choice([-1, 0, 0, 0, 1], count), 1, 5)
    known_at = instants(day, rng.integers(10 * 60, 16 * 60, count))
    action = np.clip(severity - 1 + rng.integers(0, 2, count), 0, len(ACTIONS) - 1)
    is_grave = severity >= GRAVE
    later = instants(year.next_school_day(day, rng.integers(1, 4, count)), 16 * 60 + 15)
    softened = ~is_grave & (severity > 1) & (rng.random(count) < 0.08)
    milder_at = instants(year.next_school_day(day, rng.integers(2, 7, count)), 16 * 60 + 15)
    return Incidents(
        member=member,
        day=day,
        kind=kind,
        severity=severity,
        place=rng.integers(0, len(PLACES), count),
        known_at=known_at,
        action=action,
        decided_at=np.where(is_grave, later, known_at),
        softened_at=np.where(softened, milder_at, np.datetime64("NaT")),
        victim=_victims(rng, roster, member, day, HARMS_SOMEONE[kind]),
    )


def _when(rng: np.random.Generator, year: SchoolYear, roster: Roster, lives: Lives) -> tuple[Array, Array]:
    """Return the student and the day of each incident, within the student's time in school."""
    members, calendar, weeks = roster.members, year.school_days, np.arange(year.weeks)
    counts = rng.poisson(np.exp(USUAL + BY_SCHOOL[members.school][:, None] + 1.0 * lives.conduct))
    member, week = (places.repeat(counts[counts > 0]) for places in np.nonzero(counts))
    first, last = (np.searchsorted(year.week_of(calendar), weeks, side=side) for side in ("left", "right"))
    held = last[week] > first[week]
    member, week = member[held], week[held]
    day = calendar[rng.integers(first[week], last[week])]
    inside = (day >= members.entry_on[member]) & ~(day >= members.exit_on[member])
    order = np.lexsort((member[inside], day[inside]))
    return member[inside][order], day[inside][order]


def _victims(rng: np.random.Generator, roster: Roster, member: Array, day: Array, harms: Array) -> Array:
    """Return somebody of the same grade who was in the same school on that day, -1 where there is nobody."""
    members = roster.members
    order = np.lexsort((members.grade, members.school))
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    near = np.clip(place[member] + rng.integers(1, 15, len(member)), 0, len(order) - 1)
    other = order[near]
    same = (members.school[other] == members.school[member]) & np.isnat(members.moves_on[other])
    here = (day >= members.entry_on[other]) & ~(day >= members.exit_on[other])
    fits = harms & (other != member) & same & here & np.isnat(members.moves_on[member])
    victims: Array = np.where(fits, other, -1)
    return victims
