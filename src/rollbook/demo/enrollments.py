"""Who is in which section, from when, until when."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import NEVER, Array, SchoolYear
from rollbook.demo.lives import Lives
from rollbook.demo.plan import HIGH
from rollbook.demo.roster import Stays
from rollbook.demo.timetable import SETTLING_DAYS, Timetable

DROPS: Final = -5.6  # log-odds of giving a course up


@dataclass(frozen=True, slots=True)
class Enrollments:
    """Who is in a section for how long. Shape: arrays by enrollment; ``until`` NaT for who stays."""

    member: Array
    section: Array
    term: Array
    since: Array
    until: Array
    is_dropped: Array
    aptitude: Array

    def __len__(self) -> int:
        """Count them."""
        return len(self.member)


def draw_enrollments(
    rng: np.random.Generator, year: SchoolYear, stays: Stays, lives: Lives, timetable: Timetable
) -> Enrollments:
    """Turn seats into enrollments: some come late, some move away, some in high school drop a course."""
    stay, section = timetable.seats.stay, timetable.seats.section
    term, member = timetable.sections.term[section], stays.member[stay]
    since = np.maximum(year.term_starts[term], stays.entry_on[stay])
    leaves = np.where(stays.exit_on[stay] <= year.term_ends[term], stays.exit_on[stay], NEVER)
    drops = _drops(rng, year, lives, member, term)
    may_drop = stays.school[stay] == HIGH
    is_dropped = may_drop & (drops > since + SETTLING_DAYS) & ~(drops >= leaves)
    until = np.where(is_dropped, drops, leaves)
    return Enrollments(member, section, term, since, until, is_dropped, rng.standard_normal(len(member)))


def _drops(rng: np.random.Generator, year: SchoolYear, lives: Lives, member: Array, term: Array) -> Array:
    """Return the day on which each would give the course up, NaT for most."""
    day = year.next_school_day(year.term_starts[term] + rng.integers(25, 95, len(member)), 0)
    odds = DROPS + 1.2 * lives.learning[member, year.week_of(day)]
    drops: Array = np.where(rng.random(len(member)) < 1 / (1 + np.exp(-odds)), day, NEVER)
    return drops
