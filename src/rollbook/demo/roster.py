"""Who is in an area's schools in a year: who stays, grows, leaves, comes late, moves to another school."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import NEVER, Array, SchoolYear
from rollbook.demo.ids import Ids
from rollbook.demo.people import People, draw_people
from rollbook.demo.plan import ELEMENTARY_SCHOOLS, GRADES, HIGH, LOW_GRADES, MIDDLE, Area

LEAVES_IN_SUMMER: Final = 0.04
REPEATS_GRADE: Final = 0.012
COMES_LATE: Final = 0.04
LEAVES_IN_YEAR: Final = 0.033
_FIRST_MOVE, _LAST_MOVE = 15, 120  # school days
_FIRST_LATE, _LAST_LATE = 10, 120
_FIRST_LEAVING: Final = 20


@dataclass(frozen=True, slots=True)
class Members:
    """Who is in school in a year. Shape: arrays by member; ``person`` is a place in People.

    ``school`` is where the member starts, ``exit_on`` NaT for who stays, ``moves_on`` NaT for who does not
    change to ``moves_to``.
    """

    person: Array
    grade: Array
    school: Array
    is_new: Array
    entry_on: Array
    exit_on: Array
    moves_on: Array
    moves_to: Array

    def __len__(self) -> int:
        """Count them."""
        return len(self.person)


@dataclass(frozen=True, slots=True)
class Stays:
    """A member's time at one school. Shape: arrays by stay; ``member`` is a place in Members."""

    member: Array
    school: Array
    grade: Array
    entry_on: Array
    exit_on: Array
    is_moved_in: Array
    is_moved_out: Array

    def __len__(self) -> int:
        """Count them."""
        return len(self.member)


@dataclass(frozen=True, slots=True)
class Roster:
    """An area in a year."""

    people: People
    members: Members
    stays: Stays


@dataclass(frozen=True, slots=True)
class _Seats:
    person: Array
    grade: Array
    school: Array


def draw_roster(
    rng: np.random.Generator, ids: Ids, area: Area, year: SchoolYear, before: Roster | None
) -> Roster:
    """Fill the area's schools for ``year``: with who was there ``before``, a grade up, and with newcomers."""
    back = _who_comes_back(rng, before)
    back, missing = _fit(rng, area, back)
    known = len(before.people) if before else 0
    newcomers = draw_people(rng, ids, year, area=area.number, known=known, grade=missing.grade)
    people = before.people + newcomers if before else newcomers
    person = np.concatenate([back.person, known + np.arange(len(newcomers))])
    grade = np.concatenate([back.grade, missing.grade])
    school = np.concatenate([back.school, missing.school])
    is_new = np.arange(len(person)) >= len(back.person)
    members = _draw_moves(rng, area, year, _Seats(person, grade, school), is_new)
    return Roster(people, members, _stays(members))


def _who_comes_back(rng: np.random.Generator, before: Roster | None) -> _Seats:
    if before is None:
        nobody = np.zeros(0, dtype=int)
        return _Seats(nobody, nobody, nobody)
    members = before.members
    count = len(members)
    repeats = rng.random(count) < REPEATS_GRADE
    grade = members.grade + ~repeats
    stays = np.isnat(members.exit_on) & (rng.random(count) >= LEAVES_IN_SUMMER) & (grade < GRADES)
    school = np.where(np.isnat(members.moves_on), members.school, members.moves_to)
    school = np.where(grade >= LOW_GRADES[HIGH], HIGH, np.where(grade >= LOW_GRADES[MIDDLE], MIDDLE, school))
    return _Seats(members.person[stays], grade[stays], school[stays])


def _fit(rng: np.random.Generator, area: Area, back: _Seats) -> tuple[_Seats, _Seats]:
    """Return who of ``back`` there is room for, and the seats that newcomers take."""
    kept, grades, schools = [], [], []
    for place, counts in enumerate(area.starters()):
        for level, room in enumerate(counts, start=int(LOW_GRADES[place])):
            there = np.flatnonzero((back.school == place) & (back.grade == level))
            chosen = np.sort(rng.permutation(there)[:room])
            kept.append(chosen)
            grades.append(np.full(room - len(chosen), level))
            schools.append(np.full(room - len(chosen), place))
    rows = np.concatenate(kept)
    grade, school = np.concatenate(grades), np.concatenate(schools)
    return (
        _Seats(back.person[rows], back.grade[rows], back.school[rows]),
        _Seats(np.zeros(len(grade), dtype=int), grade, school),
    )


def _draw_moves(
    rng: np.random.Generator, area: Area, year: SchoolYear, seats: _Seats, is_new: Array
) -> Members:
    """Say who comes late (one in 25), leaves (one in 30) or changes schools, each on a school day."""
    days, count = year.school_days, len(seats.person)
    late = is_new & (rng.random(count) < min(COMES_LATE * count / max(int(is_new.sum()), 1), 0.3))
    entry = np.where(late, days[rng.integers(_FIRST_LATE, _LAST_LATE, count)], np.datetime64(year.starts_on))
    gone = ~late & (rng.random(count) < LEAVES_IN_YEAR)
    exit_on = np.where(gone, days[rng.integers(_FIRST_LEAVING, len(days), count)], NEVER)
    moves_on = np.full(count, NEVER, dtype="datetime64[D]")
    moves_to = seats.school.copy()
    movers = _movers(rng, area, seats, ~late & ~gone)
    moves_on[movers] = days[rng.integers(_FIRST_MOVE, _LAST_MOVE, len(movers))]
    turn = np.arange(len(movers))
    step = 1 + turn // ELEMENTARY_SCHOOLS % (ELEMENTARY_SCHOOLS - 1)
    moves_to[movers] = (seats.school[movers] + step) % ELEMENTARY_SCHOOLS
    return Members(seats.person, seats.grade, seats.school, is_new, entry, exit_on, moves_on, moves_to)


def _movers(rng: np.random.Generator, area: Area, seats: _Seats, settled: Array) -> Array:
    """Return who moves: from each elementary school in turn, so that as many leave it as come to it."""
    pools = [
        rng.permutation(np.flatnonzero(settled & (seats.school == school)))
        for school in range(ELEMENTARY_SCHOOLS)
    ]
    chosen = [
        pools[turn % ELEMENTARY_SCHOOLS][turn // ELEMENTARY_SCHOOLS]
        for turn in range(area.movers)
        if turn // ELEMENTARY_SCHOOLS < len(pools[turn % ELEMENTARY_SCHOOLS])
    ]
    return np.array(chosen, dtype=int)


def _stays(members: Members) -> Stays:
    """Return each member's stay, and the second one of those who move."""
    moves = np.flatnonzero(~np.isnat(members.moves_on))
    count = len(members)
    member = np.concatenate([np.arange(count), moves])
    is_second = np.arange(len(member)) >= count
    moved_on = members.moves_on[member]
    return Stays(
        member=member,
        school=np.where(is_second, members.moves_to[member], members.school[member]),
        grade=members.grade[member],
        entry_on=np.where(is_second, moved_on, members.entry_on[member]),
        exit_on=np.where(is_second | np.isnat(moved_on), members.exit_on[member], moved_on),
        is_moved_in=is_second,
        is_moved_out=~is_second & ~np.isnat(moved_on),
    )
