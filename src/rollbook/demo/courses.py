"""The catalogue, who teaches it, and which student is in which section."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import TERMS, Array
from rollbook.demo.ids import Ids
from rollbook.demo.people import SCHOOLS, STUDENTS_PER_COUNSELOR, Students
from rollbook.demo.words import BOYS, FAMILIES, GIRLS
from rollbook.roster.models import SchoolType

CLASS_SIZE: Final = 26
SECTIONS_PER_TEACHER: Final = 5
ELECTIVE: Final = "Elective"
_ORDINALS: Final = ("Kindergarten", *(f"Grade {grade}" for grade in range(1, 13)))


@dataclass(frozen=True, slots=True)
class Offer:
    """A course as one school offers it to ``grades``; ``hardness`` 0 is usual, in spreads of a mark."""

    code: str
    title: str
    subject: str
    school: int
    grades: tuple[int, ...]
    hardness: float

    @property
    def subject_is_chosen(self) -> bool:
        """Say whether students of several grades choose it."""
        return len(self.grades) > 1


@dataclass(frozen=True, slots=True)
class Staff:
    """Shape: lists by member of staff; ``role`` is teacher, counselor or principal."""

    ids: Array
    numbers: list[str]
    first_names: list[str]
    last_names: list[str]
    school: list[int]
    role: list[str]

    def of(self, role: str, school: int) -> list[int]:
        """Return the places of those in ``role`` at ``school``."""
        return [
            n for n, (r, s) in enumerate(zip(self.role, self.school, strict=True)) if (r, s) == (role, school)
        ]


@dataclass(frozen=True, slots=True)
class Seats:
    """Who sits where. Shape: arrays by seat, a student in a section; ``section`` is a place in Sections."""

    student: Array
    section: Array


@dataclass(frozen=True, slots=True)
class Sections:
    """Shape: lists by section; ``offer``, ``teacher`` are places in their lists, ``term`` is 0 or 1."""

    ids: Array
    codes: list[str]
    offer: list[int]
    teacher: list[int]
    term: list[int]


@dataclass(frozen=True, slots=True)
class Curriculum:
    """All of it."""

    offers: list[Offer]
    course_ids: Array
    staff: Staff
    sections: Sections
    seats: Seats


def offers() -> list[Offer]:
    """Return the catalogue."""
    return [*_elementary(), *_middle(), *_high()]


def _elementary() -> list[Offer]:
    subjects = (
        ("ELA", "Reading and writing", 0.0),
        ("MAT", "Mathematics", 0.15),
        ("SCI", "Science", -0.2),
        ("SOC", "Our community", -0.2),
    )
    return [
        Offer(
            f"{code}{grade:02}",
            f"{title}, {_ORDINALS[grade].lower()}",
            title.split(" ")[0],
            0,
            (grade,),
            hard - 0.2,
        )
        for grade in range(6)
        for code, title, hard in subjects
    ]


def _middle() -> list[Offer]:
    subjects = (
        ("ELA", "English language arts", "English", 0.1),
        ("MAT", "Mathematics", "Mathematics", 0.35),
        ("SCI", "Science", "Science", 0.1),
        ("SOC", "Social studies", "Social studies", 0.0),
        ("PED", "Physical education", "Physical education", -1.0),
        ("ART", "Art and music", ELECTIVE, -0.6),
    )
    return [
        Offer(f"{code}{grade:02}", f"{title} {grade}", subject, 1, (grade,), hard)
        for grade in range(6, 9)
        for code, title, subject, hard in subjects
    ]


def _high() -> list[Offer]:
    rows = (
        ("English", ("English 9", "English 10", "English 11", "English 12"), "ELA", 0.1),
        ("Mathematics", ("Algebra I", "Geometry", "Algebra II", "Precalculus"), "MAT", 0.4),
        ("Science", ("Biology", "Chemistry", "Physics", "Environmental science"), "SCI", 0.25),
        ("Social studies", ("World history", "US history", "Government", "Economics"), "SOC", 0.05),
        ("Physical education", ("Health", "Fitness", "Team sports", "Lifetime sports"), "PED", -1.0),
    )
    core = [
        Offer(f"{code}{grade:02}", title, subject, 2, (grade,), hard)
        for subject, titles, code, hard in rows
        for grade, title in zip(range(9, 13), titles, strict=True)
    ]
    electives = (
        ("SPA", "Spanish", 0.1),
        ("CSC", "Computer science", 0.2),
        ("ART", "Studio art", -0.5),
        ("MUS", "Music", -0.6),
    )
    return core + [Offer(code, title, ELECTIVE, 2, (9, 10, 11, 12), hard) for code, title, hard in electives]


class _Timetable:
    """Seats students course by course; hires as it goes."""

    def __init__(self, rng: np.random.Generator, students: Students) -> None:
        self._rng = rng
        self._students = students
        self.school: list[int] = []
        self.role: list[str] = []
        self.offer: list[int] = []
        self.teacher: list[int] = []
        self.term: list[int] = []
        self.codes: list[str] = []
        self.seat_student: list[Array] = []
        self.seat_section: list[Array] = []
        self._teams: dict[tuple[int, str], list[int]] = {}
        self._taught: Counter[tuple[int, str, int]] = Counter()
        self._homerooms: dict[tuple[int, int], int] = {}

    def hire(self, role: str, school: int) -> int:
        self.school.append(school)
        self.role.append(role)
        return len(self.role) - 1

    def seat(self, catalogue: list[Offer], term: int) -> None:
        elective = self._choose_electives(catalogue)
        for place, offer in enumerate(catalogue):
            chosen = (
                elective == place if offer.subject_is_chosen else np.isin(self._students.grade, offer.grades)
            )
            takers = np.flatnonzero(chosen)
            if len(takers):
                self._seat_course(place, offer, term, takers)

    def _choose_electives(self, catalogue: list[Offer]) -> Array:
        """Return the place of each high-school student's elective, -1 for others."""
        pool = [place for place, offer in enumerate(catalogue) if offer.subject_is_chosen]
        high = catalogue[pool[0]].school
        chosen: Array = np.where(
            self._students.school == high, self._rng.choice(pool, len(self._students)), -1
        )
        return chosen

    def _seat_course(self, place: int, offer: Offer, term: int, takers: Array) -> None:
        """Deal ``takers`` into sections; in elementary school a class stays together, with one teacher."""
        classes = -(-len(takers) // CLASS_SIZE)
        together = SCHOOLS[offer.school].school_type is SchoolType.ELEMENTARY
        dealt = takers if together else self._rng.permutation(takers)
        for number in range(classes):
            section = len(self.offer)
            self.offer.append(place)
            self.term.append(term)
            self.codes.append(f"2026{TERMS[term].code}-{number + 1:02}")
            self.teacher.append(self._homeroom(offer, number) if together else self._teacher(offer, term))
            members = np.sort(dealt[number::classes])
            self.seat_student.append(members)
            self.seat_section.append(np.full(len(members), section))

    def _homeroom(self, offer: Offer, number: int) -> int:
        key = (offer.grades[0], number)
        if key not in self._homerooms:
            self._homerooms[key] = self.hire("teacher", offer.school)
        return self._homerooms[key]

    def _teacher(self, offer: Offer, term: int) -> int:
        """Return a teacher of the subject at the school with room for one more section in ``term``."""
        team = self._teams.setdefault((offer.school, offer.subject), [])
        place = self._taught[offer.school, offer.subject, term] // SECTIONS_PER_TEACHER
        self._taught[offer.school, offer.subject, term] += 1
        if place == len(team):
            team.append(self.hire("teacher", offer.school))
        return team[place]


def draw_curriculum(rng: np.random.Generator, ids: Ids, students: Students) -> Curriculum:
    """Draw the timetable of both terms and the staff it takes."""
    catalogue = offers()
    timetable = _Timetable(rng, students)
    for school in range(len(SCHOOLS)):
        timetable.hire("principal", school)
        for _ in range(-(-int((students.school == school).sum()) // STUDENTS_PER_COUNSELOR)):
            timetable.hire("counselor", school)
    for term in range(len(TERMS)):
        timetable.seat(catalogue, term)
    sections = Sections(
        ids.draw(len(timetable.offer)), timetable.codes, timetable.offer, timetable.teacher, timetable.term
    )
    seats = Seats(np.concatenate(timetable.seat_student), np.concatenate(timetable.seat_section))
    return Curriculum(catalogue, ids.draw(len(catalogue)), _staff(rng, ids, timetable), sections, seats)


def _staff(rng: np.random.Generator, ids: Ids, timetable: _Timetable) -> Staff:
    count = len(timetable.role)
    counted = {"teacher": 0, "counselor": 0, "principal": 0}
    numbers = []
    for role in timetable.role:
        counted[role] += 1
        numbers.append(f"{role[0].upper()}{counted[role]:03}")
    return Staff(
        ids=ids.draw(count),
        numbers=numbers,
        first_names=rng.choice(GIRLS + BOYS, count).tolist(),
        last_names=rng.choice(FAMILIES, count).tolist(),
        school=timetable.school,
        role=timetable.role,
    )
