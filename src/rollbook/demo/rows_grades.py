"""Phases 7 and 8 as rows: assignments and grades; course grades, progress, and how each course ended."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, instants
from rollbook.demo.catalogue import offers
from rollbook.demo.coursework import KIND, KINDS, PLAN, WEIGHTS, Marks
from rollbook.demo.facts import Batch, Columns, Correction, Words, pick, same
from rollbook.demo.rows_district import CATEGORIES, letters_of
from rollbook.demo.rows_teaching import PLANNED_AHEAD_DAYS, enrollment_key
from rollbook.demo.world import AreaInYear
from rollbook.grades.models import AssignmentType

EVENING: Final = 17 * 60  # marks come in before it, results at it
PASS_MARK: Final = 60.0
DISTINCTION_MARK: Final = 93.0
MADE_GOOD: Final = 0.05  # of those who fail, after the results
MADE_GOOD_AFTER_DAYS: Final = 17
SET_AHEAD_DAYS: Final = 7
QUARTERS: Final = 2  # in a term
RESULTS: Final = ("pass", "distinction", "fail", "withdrawn")
_POINTS: Final = np.array([work.max_value for work in PLAN])


def coursework(here: AreaInYear) -> Iterator[Batch]:
    """Yield what was set, and what became of it."""
    yield _assignments(here)
    yield _grades(here)


def _assignments(here: AreaInYear) -> Batch:
    sections, due, year = here.timetable.sections, here.assignments.due_on, here.year
    count, works = due.shape
    place = np.tile(np.arange(works), count)
    starts = year.term_starts[sections.term].repeat(works)
    quarters = here.world.session_ids(year)[3 + QUARTERS * sections.term.repeat(works) + _quarter(here)]
    of_kind = np.array([_category(work.kind) for work in PLAN])
    rows = {
        "assignment_id": here.assignments.ids.ravel(),
        "section_id": sections.ids.repeat(works),
        "assignment_code": Words(place, tuple(work.code for work in PLAN)),
        "title": Words(place, tuple(work.title for work in PLAN)),
        "assignment_type": Words(KIND[place], tuple(kind.value for kind in KINDS)),
        "max_value": _POINTS[place],
        "weight_percent": WEIGHTS[place],
        "due_on": due.ravel(),
        "assigned_on": np.maximum(due.ravel() - SET_AHEAD_DAYS, starts),
        "category_id": here.world.named_ids("categories", len(CATEGORIES))[of_kind[place]],
        "session_id": quarters,
        "known_at": instants(starts - PLANNED_AHEAD_DAYS // 2, 13 * 60),
    }
    return Batch("assignments", rows)


def _category(kind: AssignmentType) -> int:
    if kind is AssignmentType.HOMEWORK:
        return 0
    return 2 if kind is AssignmentType.PROJECT else 1


def _quarter(here: AreaInYear) -> Array:
    """Say of each assignment whether it is due in the first (0) or second (1) quarter of its term."""
    middle = np.array([term.middle for term in here.year.terms], dtype="datetime64[D]")
    later: Array = here.assignments.due_on > middle[here.timetable.sections.term][:, None]
    return later.ravel().astype(int)


def _grades(here: AreaInYear) -> Batch:
    """Return the grades as first known, and their later versions."""
    marks, enrollments = here.marks, here.enrollments
    enrollment, work = np.nonzero(marks.is_set)
    chosen, points = (enrollment, work), _POINTS[work]
    key = {
        "student_id": here.student_ids(enrollments.member[enrollment]),
        "assignment_id": here.assignments.ids[enrollments.section[enrollment], work],
    }
    handed_in, due = marks.handed_in[chosen], here.assignments.due_on[enrollments.section[enrollment], work]
    rows = key | {
        "grade_value": np.where(marks.is_exempt[chosen], np.nan, _worth(marks.first[chosen], points)),
        "submitted_on": handed_in,
        "is_late": handed_in > due,
        "is_missing": np.isnat(handed_in) & ~marks.is_exempt[chosen],
        "is_exempt": marks.is_exempt[chosen],
        "known_at": instants(marks.marked_on[chosen], EVENING - 30 - (enrollment % 90)),
    }
    is_later = ~np.isnat(marks.later[chosen])
    submitted = marks.later_handed_in[chosen]
    later = {
        "grade_value": _worth(marks.percent[chosen], points),
        "submitted_on": submitted,
        "is_late": submitted > due,
        "is_missing": np.zeros(len(due), dtype=bool),
        "known_at": instants(np.where(is_later, marks.later[chosen], marks.marked_on[chosen]), EVENING - 20),
    }
    return Batch("grades", rows, (Correction(pick(key, is_later), pick(later, is_later)),))


def _worth(percent: Array, points: Array) -> Array:
    value: Array = np.round(percent * points / 100, 1)
    return value


def results(here: AreaInYear) -> Iterator[Batch]:
    """Yield the course grades of each quarter and term, progress by then, and the outcomes."""
    finals = _Finals(here)
    for quarter in range(QUARTERS):
        yield _quarter_grades(here, quarter)
        yield _progress(here, quarter)
    yield finals.course_grades()
    yield finals.outcomes()


def _mean_percent(marks: Marks, counted: Array) -> Array:
    """Return the weighted mean of the ``counted`` work; NaN where none is."""
    weights = np.where(counted & ~marks.is_exempt, WEIGHTS, 0.0)
    total = weights.sum(axis=1)
    mean: Array = np.where(
        total > 0, (weights * marks.percent).sum(axis=1) / np.where(total > 0, total, 1), np.nan
    )
    return mean


class _Finals:
    """How each course ended: for who stayed by the mark, for who dropped it on that day."""

    def __init__(self, here: AreaInYear) -> None:
        self._here = here
        enrollments, marks = here.enrollments, here.marks
        mean = _mean_percent(marks, marks.is_set)
        self._percent = np.round(np.nan_to_num(mean), 3)
        self._stayed = np.isnat(enrollments.until) & ~np.isnan(mean)
        failed = self._stayed & (self._percent < PASS_MARK)
        self._made_good = failed & (here.rng("outcomes").random(len(failed)) < MADE_GOOD)

    def outcomes(self) -> Batch:
        here, enrollments = self._here, self._here.enrollments
        result = np.select(
            [enrollments.is_dropped, self._percent >= DISTINCTION_MARK, self._percent >= PASS_MARK],
            [3, 1, 0],
            2,
        )
        day = np.where(enrollments.is_dropped, enrollments.until, here.year.results[enrollments.term])
        key = enrollment_key(here, enrollments)
        ended = enrollments.is_dropped | self._stayed
        rows = pick(key | {"result": Words(result, RESULTS), "known_at": instants(day, EVENING)}, ended)
        passed: Columns = {"result": same(len(day), "pass"), "known_at": self._made_good_at()}
        return Batch("course_outcomes", rows, (self._correction(key, passed),))

    def course_grades(self) -> Batch:
        here, enrollments = self._here, self._here.enrollments
        credits_ = np.array([offer.credits or np.nan for offer in offers()])
        attempted = credits_[here.timetable.sections.offer][enrollments.section]
        day = here.year.results[enrollments.term]
        letter, letters = letters_of(self._percent)
        key = enrollment_key(here, enrollments) | {
            "session_id": here.world.session_ids(here.year)[1 + enrollments.term]
        }
        rows = key | {
            "grade_percent": self._percent,
            "grade_letter": Words(letter, letters),
            "is_final": np.ones(len(day), dtype=bool),
            "credits_attempted": attempted,
            "credits_earned": np.where(self._percent >= PASS_MARK, attempted, 0 * attempted),
            "awarded_on": day,
            "known_at": instants(day, EVENING),
        }
        least, _ = letters_of(np.array([PASS_MARK]))
        passed: Columns = {
            "grade_percent": np.full(len(day), PASS_MARK),
            "grade_letter": Words(least.repeat(len(day)), letters),
            "credits_earned": attempted,
            "known_at": self._made_good_at(),
        }
        return Batch("course_grades", pick(rows, self._stayed), (self._correction(key, passed),))

    def _made_good_at(self) -> Array:
        day = self._here.year.results[self._here.enrollments.term] + MADE_GOOD_AFTER_DAYS
        return instants(day, EVENING)

    def _correction(self, key: Columns, columns: Columns) -> Correction:
        return Correction(pick(key, self._made_good), pick(columns, self._made_good))


def _closed_on(here: AreaInYear, quarter: int) -> Array:
    """Return the last day of that quarter of each enrollment's term."""
    ends = [(term.middle, term.ends_on)[quarter] for term in here.year.terms]
    closed: Array = np.array(ends, dtype="datetime64[D]")[here.enrollments.term]
    return closed


def _still_in(here: AreaInYear, day: Array) -> Array:
    enrollments = here.enrollments
    still: Array = (enrollments.since <= day) & ~(enrollments.until <= day)
    return still


def _quarter_grades(here: AreaInYear, quarter: int) -> Batch:
    marks, enrollments, closed = here.marks, here.enrollments, _closed_on(here, quarter)
    works = len(PLAN)
    of_quarter = _quarter(here).reshape(-1, works)[enrollments.section] == quarter
    percent = np.round(_mean_percent(marks, marks.is_set & of_quarter), 3)
    rows = np.flatnonzero(_still_in(here, closed) & ~np.isnan(percent))
    letter, letters = letters_of(percent[rows])
    day = closed[rows] + 5
    key = enrollment_key(here, enrollments) | {
        "session_id": here.world.session_ids(here.year)[3 + QUARTERS * enrollments.term + quarter]
    }
    columns = pick(key, rows) | {
        "grade_percent": percent[rows],
        "grade_letter": Words(letter, letters),
        "awarded_on": day,
        "known_at": instants(day, EVENING),
    }
    return Batch("course_grades", columns)


def _progress(here: AreaInYear, quarter: int) -> Batch:
    """Return how far each enrollment had come by the end of the quarter, as known on that evening."""
    marks, enrollments, closed = here.marks, here.enrollments, _closed_on(here, quarter)
    by = closed[:, None]
    due = marks.is_set & (here.assignments.due_on[enrollments.section] <= by)
    done = due & ((marks.handed_in <= by) | (marks.later_handed_in <= by) | marks.is_exempt)
    marked = due & ~marks.is_exempt & (marks.marked_on <= by)
    known = np.where(marks.later <= by, marks.percent, marks.first)
    total = marked.sum(axis=1)
    mean = np.where(total > 0, np.where(marked, known, 0).sum(axis=1) / np.maximum(total, 1), np.nan)
    rows = np.flatnonzero(_still_in(here, closed))
    columns = {
        "student_id": here.student_ids(enrollments.member),
        "course_id": here.world.course_ids[here.timetable.sections.offer][enrollments.section],
        "measured_on": closed,
        "assignments_set": due.sum(axis=1),
        "assignments_done": done.sum(axis=1),
        "mean_percent": np.round(mean, 3),
        "known_at": instants(closed, 20 * 60),
    }
    return Batch("progress", pick(columns, rows))
