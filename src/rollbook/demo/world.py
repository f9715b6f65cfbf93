"""What is drawn, when it is first asked for: of the district as a whole, and of each area in each year.

Each thing has random numbers of its own, named by what it is: neither leaving out a phase nor drawing the
areas in another order changes what another one holds.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from rollbook.demo.calendar import Array, SchoolYear, day_of, instants
from rollbook.demo.catalogue import offers
from rollbook.demo.coursework import Assignments, Marks, draw_assignments, draw_marks
from rollbook.demo.enrollments import Enrollments, draw_enrollments
from rollbook.demo.faculty import Faculty
from rollbook.demo.ids import Ids
from rollbook.demo.incidents import Incidents, draw_incidents
from rollbook.demo.lives import Lives, draw_lives
from rollbook.demo.plan import SCHOOLS, Area, areas_of
from rollbook.demo.roster import Roster, draw_roster
from rollbook.demo.timetable import Timetable, draw_timetable

SESSIONS_PER_YEAR = 7  # the year, two semesters, four quarters


@dataclass(frozen=True)
class World:
    """The district that a seed and a size make, in ``years`` that follow each other, seen on ``today``."""

    seed: int
    students: int
    years: Sequence[SchoolYear]
    today: date

    @property
    def areas(self) -> list[Area]:
        """Return its areas."""
        return areas_of(self.students)

    @property
    def opens_on(self) -> Array:
        """Return the day on which the first year's books are opened."""
        return day_of(self.years[0].opens_on)

    def rng(self, *names: object) -> np.random.Generator:
        """Return the random numbers of what ``names`` name."""
        name = zlib.crc32("/".join(map(str, names)).encode())
        return np.random.default_rng([self.seed, self.students, name])

    def ids(self, *names: object, since: Array | None = None) -> Ids:
        """Return the ids of what ``names`` name, made from ``since`` on."""
        return Ids(self.rng("ids", *names), self.opens_on if since is None else since)

    def named_ids(self, what: str, count: int) -> Array:
        """Return the ids of something that the whole district has ``count`` of."""
        return self.ids(what).draw(count)

    def known_from_the_start(self, count: int) -> Array:
        """Return the instant at which the books were opened, ``count`` times."""
        return instants(np.full(count, self.opens_on), 8 * 60)

    @cached_property
    def course_ids(self) -> Array:
        """Return the ids of the catalogue's courses."""
        return self.named_ids("courses", len(offers()))

    def session_ids(self, year: SchoolYear) -> Array:
        """Return the ids of the year, its semesters and its quarters."""
        return self.ids("sessions", year.number).draw(SESSIONS_PER_YEAR)


class AreaInYear:
    """One area in one year; who was there ``before`` comes back, a grade up."""

    def __init__(
        self, world: World, area: Area, faculty: Faculty, year: SchoolYear, before: Roster | None
    ) -> None:
        self.world, self.area, self.year, self.faculty, self._before = world, area, year, faculty, before
        self.is_first, self.is_last = before is None, year is world.years[-1]

    def rng(self, name: str) -> np.random.Generator:
        """Return the random numbers of ``name`` in this area and year."""
        return self.world.rng(name, self.area.number, self.year.number)

    def ids(self, name: str) -> Ids:
        """Return the ids of ``name`` in this area and year."""
        return self.world.ids(name, self.area.number, self.year.number, since=day_of(self.year.opens_on))

    @cached_property
    def school_ids(self) -> Array:
        """Return the ids of the area's schools, the same in every year."""
        return self.world.ids("schools", self.area.number).draw(SCHOOLS)

    @cached_property
    def roster(self) -> Roster:
        """Return who is here."""
        return draw_roster(self.rng("roster"), self.ids("people"), self.area, self.year, self._before)

    @cached_property
    def lives(self) -> Lives:
        """Return what nobody sees."""
        return draw_lives(self.rng("lives"), self.roster, self.year)

    @cached_property
    def timetable(self) -> Timetable:
        """Return the sections and their seats."""
        rng, ids = self.rng("timetable"), self.ids("sections")
        return draw_timetable(rng, ids, self.area, self.year, self.faculty, self.roster.stays)

    @cached_property
    def hired(self) -> Array:
        """Return the places of the staff that this year has taken on."""
        assert self.timetable  # which hires them
        return self.faculty.name_the_new(self.rng("staff"), self.ids("staff"))

    @property
    def teacher_ids(self) -> Array:
        """Return the id of the teacher of each section."""
        assert self.hired.size <= len(self.faculty)  # which gives the new ones theirs
        ids: Array = self.faculty.ids[self.timetable.sections.teacher]
        return ids

    @cached_property
    def enrollments(self) -> Enrollments:
        """Return who is in which section."""
        rng = self.rng("enrollments")
        return draw_enrollments(rng, self.year, self.roster.stays, self.lives, self.timetable)

    @cached_property
    def assignments(self) -> Assignments:
        """Return the work that is set."""
        return draw_assignments(
            self.rng("assignments"), self.ids("assignments"), self.year, self.timetable.sections
        )

    @cached_property
    def marks(self) -> Marks:
        """Return what became of it."""
        return draw_marks(
            self.rng("marks"),
            self.year,
            self.lives,
            self.timetable.sections,
            self.enrollments,
            self.assignments,
        )

    @cached_property
    def incidents(self) -> Incidents:
        """Return what happened."""
        return draw_incidents(self.rng("incidents"), self.year, self.roster, self.lives)

    def student_ids(self, members: Array) -> Array:
        """Return the ids of the students who are ``members`` (places)."""
        ids: Array = self.roster.people.ids[self.roster.members.person[members]]
        return ids

    def is_here(self) -> Array:
        """Say of each member and school day whether the member is in school. Shape: (member, day)."""
        members, days = self.roster.members, self.year.school_days
        here: Array = (days >= members.entry_on[:, None]) & ~(days >= members.exit_on[:, None])
        return here
