"""Coursework: the work set to a section, and what its students make of it."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import NEVER, Array, SchoolYear
from rollbook.demo.catalogue import offers
from rollbook.demo.enrollments import Enrollments
from rollbook.demo.ids import Ids
from rollbook.demo.lives import Lives
from rollbook.demo.timetable import Sections
from rollbook.grades.models import AssignmentType

USUAL: Final = 81.0  # percent
MISSED: Final = -3.1  # log-odds that homework is not handed in


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work that every section sets: when (0 first day, 1 last), its weight, how it is marked."""

    code: str
    title: str
    kind: AssignmentType
    at: float
    weight_percent: float
    max_value: int
    ease: float  # percent points above the usual mark
    missed: float  # added to the log-odds of not handing in


def _plan() -> tuple[Work, ...]:
    homework = [
        Work(f"HW{n + 1}", f"Homework {n + 1}", AssignmentType.HOMEWORK, at, 3, 10, 3, 0)
        for n, at in enumerate((0.06, 0.17, 0.28, 0.44, 0.61, 0.78))
    ]
    quizzes = [
        Work(f"QZ{n + 1}", f"Quiz {n + 1}", AssignmentType.QUIZ, at, 5, 20, 0, -0.9)
        for n, at in enumerate((0.11, 0.33, 0.5, 0.72))
    ]
    tests = [
        Work(f"TS{n + 1}", f"Test {n + 1}", AssignmentType.TEST, at, 12, 100, -2, -1.2)
        for n, at in enumerate((0.22, 0.56, 0.84))
    ]
    project = Work("PR1", "Project", AssignmentType.PROJECT, 0.67, 8, 50, 4, -0.2)
    exam = Work("EX1", "Final exam", AssignmentType.EXAM, 0.97, 18, 100, -4, -1.4)
    return (*homework, *quizzes, *tests, project, exam)


PLAN: Final = _plan()
WEIGHTS: Final = np.array([work.weight_percent for work in PLAN])
KINDS: Final = tuple(dict.fromkeys(work.kind for work in PLAN))
KIND: Final = np.array([KINDS.index(work.kind) for work in PLAN])


@dataclass(frozen=True, slots=True)
class Assignments:
    """Shape: ``ids`` and ``due_on`` by (section, work)."""

    ids: Array
    due_on: Array


@dataclass(frozen=True, slots=True)
class Marks:
    """What became of each piece of work. Shape: arrays by (enrollment, work).

    ``percent`` is what the work is worth in the end, ``first`` what was known first; ``is_set`` is false
    where the student was not in the section on the due day; ``handed_in`` NaT for missing work, ``later``
    NaT unless it was corrected; ``is_exempt`` work counts for nothing.
    """

    is_set: Array
    percent: Array
    first: Array
    handed_in: Array
    marked_on: Array
    later: Array
    later_handed_in: Array
    is_exempt: Array


def draw_assignments(rng: np.random.Generator, ids: Ids, year: SchoolYear, sections: Sections) -> Assignments:
    """Set every section the plan's work, each on a school day of its own."""
    starts, ends = year.term_starts[sections.term][:, None], year.term_ends[sections.term][:, None]
    at = (np.array([work.at for work in PLAN])[None, :] * (ends - starts).astype(int)).astype(int)
    jitter = rng.integers(-2, 3, at.shape)
    due = np.minimum(starts + np.maximum(at + jitter, 3), ends)
    return Assignments(ids.draw(at.size).reshape(at.shape), year.next_school_day(due, 0))


def draw_marks(  # noqa: PLR0913, PLR0917 - what a mark depends on
    rng: np.random.Generator,
    year: SchoolYear,
    lives: Lives,
    sections: Sections,
    enrollments: Enrollments,
    assignments: Assignments,
) -> Marks:
    """Draw what each student made of each piece of work, and when it was handed in and marked."""
    due = assignments.due_on[enrollments.section]
    shape, last = due.shape, year.term_ends[enrollments.term][:, None]
    is_set = (due >= enrollments.since[:, None]) & ~(due >= enrollments.until[:, None])
    worth = _worth(rng, year, lives, sections, enrollments, due)
    missing = rng.random(shape) < _chance_missing(year, lives, enrollments, due)
    late_day = year.next_school_day(due, rng.integers(1, 5, shape))
    is_late = (rng.random(shape) < 0.08) & (late_day <= last) & ~(late_day >= enrollments.until[:, None])
    handed_in = np.where(missing, NEVER, np.where(is_late, late_day, due))
    class_marked_on = year.next_school_day(due, _marking_days(rng, assignments)[enrollments.section])
    marked_on = np.where(
        is_late, np.maximum(class_marked_on, year.next_school_day(late_day, 2)), class_marked_on
    )
    marked_on = year.next_school_day(marked_on, 3 * missing)
    makeup_day = year.next_school_day(marked_on, rng.integers(1, 6, shape))
    stays = (makeup_day <= last) & ~(makeup_day >= enrollments.until[:, None])
    made_up = missing & (rng.random(shape) < 0.35) & stays
    regraded = ~missing & (rng.random(shape) < 0.02)
    is_exempt = missing & ~made_up & (rng.random(shape) < 0.04)
    first = np.where(missing, 0.0, np.where(regraded, np.maximum(worth - 8, 0), worth))
    percent = np.where(missing, np.where(made_up, 0.8 * worth, 0.0), worth)
    results = year.results[enrollments.term][:, None]
    later = np.where(made_up | regraded, year.next_school_day(makeup_day, 2), NEVER)
    return Marks(
        is_set,
        percent,
        first,
        handed_in,
        np.minimum(marked_on, results),
        np.minimum(later, results),
        np.where(made_up, makeup_day, handed_in),
        is_exempt,
    )


def _marking_days(rng: np.random.Generator, assignments: Assignments) -> Array:
    """Return the school days until a class gets its work back, all at once; now and then it takes long."""
    return rng.choice([1, 1, 2, 2, 3, 4, 5, 9], assignments.due_on.shape)


def _worth(  # noqa: PLR0913, PLR0917 - what a mark depends on
    rng: np.random.Generator,
    year: SchoolYear,
    lives: Lives,
    sections: Sections,
    enrollments: Enrollments,
    due: Array,
) -> Array:
    """Return the percent that the work deserves."""
    hardness = np.array([offer.hardness for offer in offers()])[sections.offer]
    who, week = enrollments.member[:, None], year.week_of(due)
    strain = 7.5 * lives.learning[who, week] + 2.5 * lives.attendance[who, week]
    seat = 7 * hardness[enrollments.section] - 5 * enrollments.aptitude
    ease = np.array([work.ease for work in PLAN])
    worth = USUAL + ease - strain - seat[:, None] + 9 * rng.standard_normal(due.shape)
    clipped: Array = np.clip(worth, 5, 100)
    return clipped


def _chance_missing(year: SchoolYear, lives: Lives, enrollments: Enrollments, due: Array) -> Array:
    who, week = enrollments.member[:, None], year.week_of(due)
    odds = (
        MISSED
        + np.array([work.missed for work in PLAN])
        + 0.8 * lives.learning[who, week]
        + 0.5 * lives.attendance[who, week]
    )
    chance: Array = 1 / (1 + np.exp(-odds))
    return chance
