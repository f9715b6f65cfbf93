"""Which student sits in which section, in which period, with which teacher.

In elementary school a class stays together all year, with one teacher. In middle and high school a grade is
dealt anew into teams each term; a team's courses meet in different periods, so that nobody has two at once.
Three of six periods meet on a day, the odd and the even ones in turn.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, SchoolYear
from rollbook.demo.catalogue import offers
from rollbook.demo.faculty import Faculty, Timesheet
from rollbook.demo.ids import Ids
from rollbook.demo.plan import ELEMENTARY_SCHOOLS, HIGH, SCHOOLS, Area
from rollbook.demo.roster import Stays

CLASS_SIZE: Final = 26
PERIODS: Final = 6
SETTLING_DAYS: Final = 14  # who is at a school for less of a term is in no section
HOMEROOM: Final = "class"


@dataclass(frozen=True, slots=True)
class Sections:
    """Shape: arrays by section; ``offer`` is a place in the catalogue, ``term`` 0 or 1, ``period`` 0: any."""

    ids: Array
    codes: list[str]
    offer: Array
    school: Array
    teacher: Array
    term: Array
    period: Array

    def __len__(self) -> int:
        """Count them."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Seats:
    """Who sits where. Shape: arrays by seat: a stay's place, a section's place."""

    stay: Array
    section: Array


@dataclass(frozen=True, slots=True)
class Timetable:
    """All of a year."""

    sections: Sections
    seats: Seats


@dataclass(slots=True)
class _Drawn:
    """Sections and seats while they are drawn."""

    codes: list[str] = field(default_factory=list)
    offer: list[int] = field(default_factory=list)
    school: list[int] = field(default_factory=list)
    teacher: list[int] = field(default_factory=list)
    term: list[int] = field(default_factory=list)
    period: list[int] = field(default_factory=list)
    stays: list[Array] = field(default_factory=list)
    _numbers: dict[tuple[int, int, int], int] = field(default_factory=dict)

    def add(self, prefix: str, place: tuple[int, int, int], teacher: int, period: int, stays: Array) -> None:
        offer, school, term = place
        self._numbers[place] = number = self._numbers.get(place, 0) + 1
        self.codes.append(f"{prefix}-{number:02}")
        self.offer.append(offer)
        self.school.append(school)
        self.term.append(term)
        self.teacher.append(teacher)
        self.period.append(period)
        self.stays.append(np.sort(stays))

    def finish(self, ids: Ids) -> Timetable:
        section = np.arange(len(self.stays)).repeat([len(stays) for stays in self.stays])
        sections = Sections(
            ids.draw(len(self.codes)),
            self.codes,
            *(np.array(v, int) for v in (self.offer, self.school, self.teacher, self.term, self.period)),
        )
        stays = np.concatenate([*self.stays, np.zeros(0, dtype=int)])
        return Timetable(sections, Seats(stays, section))


def draw_timetable(  # noqa: PLR0913, PLR0917 - what a timetable is made from
    rng: np.random.Generator, ids: Ids, area: Area, year: SchoolYear, faculty: Faculty, stays: Stays
) -> Timetable:
    """Draw the sections of both terms, and hire whom they take."""
    drawn = _Drawn()
    for school in range(SCHOOLS):
        faculty.staff_offices(school, int((stays.school == school).sum()))
    classes = _deal(stays, np.arange(len(stays)))
    for number, term in enumerate(year.terms):
        first, last = (np.datetime64(day) for day in (term.starts_on, term.ends_on))
        here = (stays.entry_on + SETTLING_DAYS < last) & ~(stays.exit_on < first + SETTLING_DAYS)
        teams = _deal(stays, rng.permutation(len(stays)), here)
        sheet = Timesheet(faculty)
        for school, plan in enumerate(area.schools):
            prefix = f"{plan.code}-{year.number}{term.code}"
            seater = _Seater(drawn, sheet, stays, prefix, school, number)
            if school < ELEMENTARY_SCHOOLS:
                seater.seat_classes(np.where(here, classes, -1))
            else:
                seater.seat_teams(teams, rng.permutation(len(stays)))
    return drawn.finish(ids)


def _deal(stays: Stays, order: Array, chosen: Array | None = None) -> Array:
    """Deal the ``chosen`` stays of each school and grade, in ``order``, into groups; -1 for the others."""
    groups = np.full(len(stays), -1)
    takes = np.ones(len(stays), dtype=bool) if chosen is None else chosen
    cell = stays.school * 100 + stays.grade
    for key in np.unique(cell[takes]):
        members = order[(cell[order] == key) & takes[order]]
        groups[members] = np.arange(len(members)) % -(-len(members) // CLASS_SIZE)
    return groups


@dataclass(frozen=True, slots=True)
class _Seater:
    """Seats the students of one school in one term."""

    drawn: _Drawn
    sheet: Timesheet
    stays: Stays
    prefix: str
    school: int
    term: int

    def seat_classes(self, classes: Array) -> None:
        """Each class has all of its grade's courses with the same teacher."""
        for grade, group in self._groups(classes):
            teacher = self.sheet.teacher(self.school, f"{HOMEROOM} {grade}", 0)
            members = self._members(grade, classes == group)
            for place in self._core(grade):
                self._add(place, teacher, 0, members)

    def seat_teams(self, teams: Array, order: Array) -> None:
        """Each team has its courses in turn through the periods; in high school one is left for a choice."""
        free = np.full(len(self.stays), -1)
        for turn, (grade, team) in enumerate(self._groups(teams)):
            members = self._members(grade, teams == team)
            for step, place in enumerate(self._core(grade)):
                period = (step + turn) % PERIODS + 1
                self._add(place, self._teacher(place, period), period, members)
            free[members] = (len(self._core(grade)) + turn) % PERIODS + 1
        if self.school == HIGH:
            self._seat_electives(free, order)

    def _seat_electives(self, free: Array, order: Array) -> None:
        """Who has the same period free chooses among the electives then offered."""
        electives = [place for place, offer in enumerate(offers()) if offer.is_chosen]
        for period in range(1, PERIODS + 1):
            pool = order[free[order] == period]
            for turn, place in enumerate(electives):
                takers = pool[turn :: len(electives)]
                sections = -(-len(takers) // CLASS_SIZE)
                for number in range(sections):
                    self._add(place, self._teacher(place, period), period, takers[number::sections])

    def _groups(self, groups: Array) -> list[tuple[int, int]]:
        """Return each grade and group of the school, grade by grade."""
        mine = (self.stays.school == self.school) & (groups >= 0)
        pairs = np.unique(np.stack([self.stays.grade[mine], groups[mine]], axis=1), axis=0)
        return [(grade, group) for grade, group in pairs.tolist()]

    def _members(self, grade: int, chosen: Array) -> Array:
        return np.flatnonzero((self.stays.school == self.school) & (self.stays.grade == grade) & chosen)

    def _core(self, grade: int) -> list[int]:
        """Return the places of the courses that everybody in ``grade`` takes."""
        return [place for place, offer in enumerate(offers()) if offer.grades == (grade,)]

    def _teacher(self, place: int, period: int) -> int:
        return self.sheet.teacher(self.school, offers()[place].subject, period)

    def _add(self, place: int, teacher: int, period: int, members: Array) -> None:
        self.drawn.add(self.prefix, (place, self.school, self.term), teacher, period, members)
