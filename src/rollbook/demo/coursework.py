"""Coursework: the work set to a section, what its students make of it, and how the course ends."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import TERMS, Array, instants, next_school_day, week_of
from rollbook.demo.courses import Curriculum
from rollbook.demo.enrollments import ENDS, NEVER, STARTS, Enrollments, enrollment_key
from rollbook.demo.facts import Columns, Correction, pick, texts
from rollbook.demo.ids import Ids
from rollbook.demo.people import Lives, Students
from rollbook.grades.models import AssignmentType

RESULTS: Final = np.array([term.results_on for term in TERMS], dtype="datetime64[D]")
EVENING: Final = 17 * 60  # marks come in before it, results at it

USUAL: Final = 81.0  # percent
MISSED: Final = -3.1  # log-odds that homework is not handed in
PASS_MARK: Final = 60.0
DISTINCTION_MARK: Final = 93.0


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


@dataclass(frozen=True, slots=True)
class Assignments:
    """Shape: ``ids`` and ``due_on`` by (section, work)."""

    ids: Array
    due_on: Array


def draw_assignments(rng: np.random.Generator, ids: Ids, curriculum: Curriculum) -> Assignments:
    """Set every section the plan's work, each on a school day of its own."""
    term = np.array(curriculum.sections.term)
    length = (ENDS - STARTS).astype(int)[term][:, None]
    at = (np.array([work.at for work in PLAN])[None, :] * length).astype(int)
    jitter = rng.integers(-2, 3, at.shape)
    due = np.minimum(STARTS[term][:, None] + np.maximum(at + jitter, 3), ENDS[term][:, None])
    return Assignments(ids.draw(at.size).reshape(at.shape), next_school_day(due, 0))


def assignment_rows(curriculum: Curriculum, assignments: Assignments) -> Columns:
    """Return the assignments of all sections."""
    sections, works = assignments.ids.shape
    columns: dict[str, Array] = {
        "assignment_id": assignments.ids.ravel(),
        "section_id": curriculum.sections.ids.repeat(works),
        "due_on": assignments.due_on.ravel(),
    }
    each = {
        "assignment_code": [work.code for work in PLAN],
        "title": [work.title for work in PLAN],
        "assignment_type": [work.kind.value for work in PLAN],
        "max_value": [work.max_value for work in PLAN],
        "weight_percent": [work.weight_percent for work in PLAN],
    }
    return columns | {
        name: np.tile(np.array(values, dtype=object), sections) for name, values in each.items()
    }


@dataclass(frozen=True, slots=True)
class Marks:
    """What became of each piece of work. Shape: arrays by (enrollment, work).

    ``percent`` is what the work is worth in the end, ``first`` what was known first; ``is_set`` is false
    where the student was not in the section on the due day; ``handed_in`` NaT for missing work, ``later``
    NaT unless it was corrected.
    """

    is_set: Array
    percent: Array
    first: Array
    handed_in: Array
    marked_on: Array
    later: Array
    later_handed_in: Array


def draw_marks(
    rng: np.random.Generator,
    lives: Lives,
    curriculum: Curriculum,
    enrollments: Enrollments,
    assignments: Assignments,
) -> Marks:
    """Draw what each student made of each piece of work, and when it was handed in and marked."""
    due = assignments.due_on[enrollments.section]
    shape, last = due.shape, ENDS[enrollments.term][:, None]
    is_set = (due >= enrollments.since[:, None]) & ~(due >= enrollments.until[:, None])
    worth = _worth(rng, lives, curriculum, enrollments, due)
    missing = rng.random(shape) < _chance_missing(lives, enrollments, due)
    late_day = next_school_day(due, rng.integers(1, 5, shape))
    is_late = (rng.random(shape) < 0.08) & (late_day <= last)
    handed_in = np.where(missing, NEVER, np.where(is_late, late_day, due))
    class_marked_on = next_school_day(due, _marking_days(rng, assignments)[enrollments.section])
    marked_on = np.where(is_late, np.maximum(class_marked_on, next_school_day(late_day, 2)), class_marked_on)
    marked_on = next_school_day(marked_on, 3 * missing)
    makeup_day = next_school_day(marked_on, rng.integers(1, 6, shape))
    made_up = missing & (rng.random(shape) < 0.35) & (makeup_day <= last)
    regraded = ~missing & (rng.random(shape) < 0.02)
    first = np.where(missing, 0.0, np.where(regraded, np.maximum(worth - 8, 0), worth))
    percent = np.where(missing, np.where(made_up, 0.8 * worth, 0.0), worth)
    results = RESULTS[enrollments.term][:, None]
    later = np.where(made_up | regraded, next_school_day(makeup_day, 2), NEVER)
    later_handed_in = np.where(made_up, makeup_day, handed_in)
    return Marks(
        is_set,
        percent,
        first,
        handed_in,
        np.minimum(marked_on, results),
        np.minimum(later, results),
        later_handed_in,
    )


def _marking_days(rng: np.random.Generator, assignments: Assignments) -> Array:
    """Return the school days until a class gets its work back, all at once; now and then it takes long."""
    return rng.choice([1, 1, 2, 2, 3, 4, 5, 9], assignments.due_on.shape)


def _worth(
    rng: np.random.Generator, lives: Lives, curriculum: Curriculum, enrollments: Enrollments, due: Array
) -> Array:
    """Return the percent that the work deserves."""
    hardness = np.array([offer.hardness for offer in curriculum.offers])[np.array(curriculum.sections.offer)]
    strain = lives.learning[enrollments.student[:, None], week_of(due)]
    seat = 7 * hardness[enrollments.section] - 5 * enrollments.aptitude
    ease = np.array([work.ease for work in PLAN])
    worth = USUAL + ease - 8 * strain - seat[:, None] + 9 * rng.standard_normal(due.shape)
    clipped: Array = np.clip(worth, 5, 100)
    return clipped


def _chance_missing(lives: Lives, enrollments: Enrollments, due: Array) -> Array:
    who, week = enrollments.student[:, None], week_of(due)
    odds = (
        MISSED
        + np.array([work.missed for work in PLAN])
        + 0.8 * lives.learning[who, week]
        + 0.5 * lives.attendance[who, week]
    )
    chance: Array = 1 / (1 + np.exp(-odds))
    return chance


def grade_rows(
    students: Students, enrollments: Enrollments, assignments: Assignments, marks: Marks
) -> tuple[Columns, Correction]:
    """Return the grades as first known, and their later versions."""
    enrollment, work = np.nonzero(marks.is_set)
    points = np.array([work.max_value for work in PLAN])[work]
    key = {
        "student_id": students.ids[enrollments.student[enrollment]],
        "assignment_id": assignments.ids[enrollments.section[enrollment], work],
    }
    chosen = (enrollment, work)
    rows = key | {
        "grade_value": _points(marks.first[chosen], points),
        "submitted_on": marks.handed_in[chosen],
        "known_at": instants(marks.marked_on[chosen], EVENING - 30 - (enrollment % 90)),
    }
    is_later = ~np.isnat(marks.later[chosen])
    later = {
        "grade_value": _points(marks.percent[chosen], points),
        "submitted_on": marks.later_handed_in[chosen],
        "known_at": instants(np.where(is_later, marks.later[chosen], marks.marked_on[chosen]), EVENING - 20),
    }
    return rows, Correction("grades", pick(key, is_later), pick(later, is_later))


def _points(percent: Array, points: Array) -> Array:
    value: Array = np.round(percent * points / 100, 1)
    return value


def outcome_rows(
    rng: np.random.Generator,
    students: Students,
    curriculum: Curriculum,
    enrollments: Enrollments,
    marks: Marks,
) -> tuple[Columns, Correction]:
    """Say how each course ended: for who stayed by the mark, for who dropped it on that day."""
    weights = np.where(marks.is_set, np.array([work.weight_percent for work in PLAN]), 0.0)
    final = (weights * marks.percent).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    result = np.select(
        [enrollments.is_dropped, final >= DISTINCTION_MARK, final >= PASS_MARK],
        ["withdrawn", "distinction", "pass"],
        "fail",
    ).astype(object)
    day = np.where(enrollments.is_dropped, enrollments.until, RESULTS[enrollments.term])
    ended = enrollments.is_dropped | np.isnat(enrollments.until)
    key = enrollment_key(students, curriculum, enrollments)
    rows = pick(key | {"result": result, "known_at": instants(day, EVENING)}, ended)
    made_good = ended & (result == "fail") & (rng.random(len(result)) < 0.05)
    passed = {"result": texts(len(day), "pass"), "known_at": instants(day + 17, EVENING)}
    return rows, Correction("course_outcomes", pick(key, made_good), pick(passed, made_good))
