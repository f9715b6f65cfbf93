"""The district's courses: what is taught in which grade, and how hard it is."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from rollbook.curriculum.models import CourseLevel
from rollbook.roster.models import SchoolType

PHYSICAL_EDUCATION: Final = "Physical education"
ONLINE_COURSE: Final = "CSC"  # the course whose work is done on computers, which see it
_ORDINALS: Final = ("Kindergarten", *(f"Grade {grade}" for grade in range(1, 13)))


@dataclass(frozen=True, slots=True)
class Offer:
    """A course for ``grades``; ``hardness`` 0 is usual, in spreads of a mark."""

    code: str
    title: str
    subject: str
    school_type: SchoolType
    grades: tuple[int, ...]
    hardness: float
    credits: float | None = None
    level: CourseLevel = CourseLevel.REGULAR
    is_marked: bool = True

    @property
    def is_chosen(self) -> bool:
        """Say whether students of several grades choose it."""
        return self.is_marked and len(self.grades) > 1


@cache
def offers() -> tuple[Offer, ...]:
    """Return the catalogue."""
    return (*_elementary(), *_middle(), *_high())


def _elementary() -> list[Offer]:
    subjects = (
        ("ELA", "Reading and writing", "English", 0.0),
        ("MAT", "Mathematics", "Mathematics", 0.15),
        ("SCI", "Science", "Science", -0.2),
        ("SOC", "Our community", "Social studies", -0.2),
    )
    kind = SchoolType.ELEMENTARY
    marked = [
        Offer(
            f"{code}{grade:02}", f"{title}, {_ORDINALS[grade].lower()}", subject, kind, (grade,), hard - 0.2
        )
        for grade in range(6)
        for code, title, subject, hard in subjects
    ]
    games = Offer("PEDE", "Games and movement", PHYSICAL_EDUCATION, kind, tuple(range(6)), 0, is_marked=False)
    return [*marked, games]


def _middle() -> list[Offer]:
    subjects = (
        ("ELA", "English language arts", "English", 0.1),
        ("MAT", "Mathematics", "Mathematics", 0.35),
        ("SCI", "Science", "Science", 0.1),
        ("SOC", "Social studies", "Social studies", 0.0),
        ("PED", PHYSICAL_EDUCATION, PHYSICAL_EDUCATION, -1.0),
        ("ART", "Art and music", "Arts", -0.6),
    )
    return [
        Offer(f"{code}{grade:02}", f"{title} {grade}", subject, SchoolType.MIDDLE, (grade,), hard)
        for grade in range(6, 9)
        for code, title, subject, hard in subjects
    ]


def _high() -> list[Offer]:
    rows = (
        ("English", ("English 9", "English 10", "English 11", "English 12"), "ELA", 0.1),
        ("Mathematics", ("Algebra I", "Geometry", "Algebra II", "Precalculus"), "MAT", 0.4),
        ("Science", ("Biology", "Chemistry", "Physics", "Environmental science"), "SCI", 0.25),
        ("Social studies", ("World history", "US history", "Government", "Economics"), "SOC", 0.05),
        (PHYSICAL_EDUCATION, ("Health", "Fitness", "Team sports", "Lifetime sports"), "PED", -1.0),
    )
    levels = {"Precalculus": CourseLevel.HONORS, "US history": CourseLevel.ADVANCED_PLACEMENT}
    core = [
        Offer(
            f"{code}{grade:02}",
            title,
            subject,
            SchoolType.HIGH,
            (grade,),
            hard,
            credits=0.5,
            level=levels.get(title, CourseLevel.REGULAR),
        )
        for subject, titles, code, hard in rows
        for grade, title in zip(range(9, 13), titles, strict=True)
    ]
    electives = (
        ("SPA", "Spanish", "World languages", 0.1),
        (ONLINE_COURSE, "Computer science", "Computer science", 0.2),
        ("ART", "Studio art", "Arts", -0.5),
        ("MUS", "Music", "Arts", -0.6),
    )
    return core + [
        Offer(code, title, subject, SchoolType.HIGH, (9, 10, 11, 12), hard, credits=0.5)
        for code, title, subject, hard in electives
    ]


def prerequisites() -> list[tuple[int, int]]:
    """Return pairs of places in the catalogue: a high-school course, and the one it builds on."""
    places = {offer.code: place for place, offer in enumerate(offers())}
    return [
        (places[f"{code}{grade + 1:02}"], places[f"{code}{grade:02}"])
        for code in ("ELA", "MAT")
        for grade in range(9, 12)
    ]
