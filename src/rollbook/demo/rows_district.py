"""Phase 1 as rows: schools, calendar, sessions, the catalogue of courses and what they teach, grade scale."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, SchoolYear, day_of, instants
from rollbook.demo.catalogue import PHYSICAL_EDUCATION, offers, prerequisites
from rollbook.demo.facts import Batch, lists, words_of
from rollbook.demo.plan import SCHOOLS
from rollbook.demo.world import AreaInYear, World
from rollbook.roster.models_calendar import SessionType

LETTERS: Final = (("A", 90.0, 4.0), ("B", 80.0, 3.0), ("C", 70.0, 2.0), ("D", 60.0, 1.0), ("F", 0.0, 0.0))
CATEGORIES: Final = (("HW", "Homework", 18.0), ("AS", "Quizzes and tests", 74.0), ("PR", "Projects", 8.0))
STANDARDS_PER_COURSE: Final = 3
_WHAT_STANDARDS_ASK: Final = (
    "Explain the main ideas of the unit in one's own words.",
    "Apply what was learned to a new problem, and say how.",
    "Judge one's own work and that of others by agreed criteria.",
)


def catalogue(world: World) -> Iterator[Batch]:
    """Yield what the whole district has once."""
    yield from (_sessions(world, year) for year in world.years)
    yield _scale(world)
    yield _scale_steps(world)
    yield _categories(world)
    yield _courses(world)
    yield _prerequisites(world)
    yield from _standards(world)


def schools(here: AreaInYear) -> Iterator[Batch]:
    """Yield the area's schools, in its first year, and their calendar."""
    plans = here.area.schools
    if here.is_first:
        yield Batch(
            "schools",
            {
                "school_id": here.school_ids,
                "school_code": lists([plan.code for plan in plans]),
                "name": lists([plan.name for plan in plans]),
                "school_type": lists([plan.school_type.value for plan in plans]),
                "low_grade": np.array([plan.low_grade for plan in plans]),
                "high_grade": np.array([plan.high_grade for plan in plans]),
                "known_at": here.world.known_from_the_start(SCHOOLS),
            },
        )
    yield _calendar(here)


def _calendar(here: AreaInYear) -> Batch:
    days = np.tile(here.year.weekdays, SCHOOLS)
    terms = words_of([here.year.terms[term].code for term in here.year.term_of(days)])
    opened = instants(np.full(len(days), day_of(here.year.opens_on)), 9 * 60)
    return Batch(
        "school_calendar_days",
        {
            "school_id": here.school_ids.repeat(len(here.year.weekdays)),
            "date": days,
            "is_instructional": ~here.year.is_holiday(days),
            "term_code": terms,
            "known_at": opened,
        },
    )


def _sessions(world: World, year: SchoolYear) -> Batch:
    """Return the year, its semesters (places 1 and 2) and the quarters of each (3 to 6)."""
    ids = world.session_ids(year)
    first, second = year.terms
    spans = [(year.starts_on, year.ends_on), *((term.starts_on, term.ends_on) for term in year.terms)]
    for term in (first, second):
        spans += [
            (term.starts_on, term.middle),
            ((np.datetime64(term.middle) + 3).astype(object), term.ends_on),
        ]
    names = ["School year", "Semester 1", "Semester 2", *(f"Quarter {n}" for n in range(1, 5))]
    codes = ["", "-S1", "-S2", "-Q1", "-Q2", "-Q3", "-Q4"]
    kinds = [SessionType.SCHOOL_YEAR, *[SessionType.SEMESTER] * 2, *[SessionType.GRADING_PERIOD] * 4]
    hexes = [bytes(found).hex() for found in ids.tolist()]
    return Batch(
        "academic_sessions",
        {
            "session_id": ids,
            "session_code": lists([f"{year.number}{code}" for code in codes]),
            "title": lists([f"{name} {year.number - 1}/{year.number % 100:02}" for name in names]),
            "session_type": lists([kind.value for kind in kinds]),
            "starts_on": np.array([span[0] for span in spans], dtype="datetime64[D]"),
            "ends_on": np.array([span[1] for span in spans], dtype="datetime64[D]"),
            "school_year": np.full(len(ids), year.number),
            "parent_session_id": lists([None, *[hexes[0]] * 2, *[hexes[1]] * 2, *[hexes[2]] * 2]),
            "known_at": instants(np.full(len(ids), day_of(year.opens_on)), 8 * 60),
        },
    )


def _scale(world: World) -> Batch:
    return Batch(
        "grade_scales",
        {
            "grade_scale_id": world.named_ids("scale", 1),
            "scale_code": lists(["LETTERS"]),
            "title": lists(["A to F, unweighted"]),
            "is_default": np.array([True]),
            "known_at": world.known_from_the_start(1),
        },
    )


def _scale_steps(world: World) -> Batch:
    return Batch(
        "grade_scale_steps",
        {
            "grade_scale_id": world.named_ids("scale", 1).repeat(len(LETTERS)),
            "grade_letter": lists([letter for letter, _, _ in LETTERS]),
            "min_percent": np.array([least for _, least, _ in LETTERS]),
            "grade_points": np.array([points for _, _, points in LETTERS]),
            "known_at": world.known_from_the_start(len(LETTERS)),
        },
    )


def _categories(world: World) -> Batch:
    count = len(CATEGORIES)
    return Batch(
        "assignment_categories",
        {
            "category_id": world.named_ids("categories", count),
            "category_code": lists([code for code, _, _ in CATEGORIES]),
            "title": lists([title for _, title, _ in CATEGORIES]),
            "weight_percent": np.array([weight for _, _, weight in CATEGORIES]),
            "known_at": world.known_from_the_start(count),
        },
    )


def _courses(world: World) -> Batch:
    found = offers()
    return Batch(
        "courses",
        {
            "course_id": world.course_ids,
            "course_code": lists([offer.code for offer in found]),
            "title": lists([offer.title for offer in found]),
            "subject": lists([offer.subject for offer in found]),
            "low_grade": np.array([min(offer.grades) for offer in found]),
            "high_grade": np.array([max(offer.grades) for offer in found]),
            "credits": lists([offer.credits for offer in found]),
            "level": lists([offer.level.value for offer in found]),
            "known_at": world.known_from_the_start(len(found)),
        },
    )


def _prerequisites(world: World) -> Batch:
    course, before = np.array(prerequisites()).T
    return Batch(
        "course_prerequisites",
        {
            "course_id": world.course_ids[course],
            "prerequisite_course_id": world.course_ids[before],
            "known_at": world.known_from_the_start(len(course)),
        },
    )


def taught_offers() -> list[int]:
    """Return the places of the courses that standards are written for, physical education not among them."""
    return [n for n, offer in enumerate(offers()) if offer.is_marked and offer.subject != PHYSICAL_EDUCATION]


def standard_ids(world: World) -> Array:
    """Return the ids of standards. Shape: (taught offer, standard)."""
    count = len(taught_offers())
    return world.named_ids("standards", count * STANDARDS_PER_COURSE).reshape(count, STANDARDS_PER_COURSE)


def _standards(world: World) -> Iterator[Batch]:
    ids = standard_ids(world)
    chosen = [offers()[place] for place in taught_offers()]
    each = [(offer, n) for offer in chosen for n in range(STANDARDS_PER_COURSE)]
    known = world.known_from_the_start(ids.size)
    yield Batch(
        "learning_standards",
        {
            "standard_id": ids.ravel(),
            "standard_code": lists([f"{offer.code}.{n + 1}" for offer, n in each]),
            "description": lists([f"{offer.title}: {_WHAT_STANDARDS_ASK[n]}" for offer, n in each]),
            "subject": lists([offer.subject for offer, _ in each]),
            "grade_level": np.array([offer.grades[0] for offer, _ in each]),
            "known_at": known,
        },
    )
    yield Batch(
        "course_standards",
        {
            "course_id": world.course_ids[taught_offers()].repeat(STANDARDS_PER_COURSE),
            "standard_id": ids.ravel(),
            "known_at": known,
        },
    )


def letters_of(percent: Array) -> tuple[Array, tuple[str, ...]]:
    """Return for each percent its letter, as a place in the letters."""
    bounds = np.array([least for _, least, _ in LETTERS[:-1]])
    places = (np.round(percent, 3)[:, None] < bounds[None, :]).sum(axis=1)
    return places, tuple(letter for letter, _, _ in LETTERS)
