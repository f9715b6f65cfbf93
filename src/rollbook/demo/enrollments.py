"""Who is in which section, from when, until when."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import TERMS, Array, instants, next_school_day, week_of
from rollbook.demo.courses import Curriculum
from rollbook.demo.facts import Columns, Correction, pick
from rollbook.demo.people import SCHOOLS, Lives, Students

STARTS: Final = np.array([term.starts_on for term in TERMS], dtype="datetime64[D]")
ENDS: Final = np.array([term.ends_on for term in TERMS], dtype="datetime64[D]")
NEVER: Final = np.datetime64("NaT")


@dataclass(frozen=True, slots=True)
class Enrollments:
    """Who is in a section for how long. Shape: arrays by enrollment; ``until`` NaT for who stays."""

    student: Array
    section: Array
    term: Array
    since: Array
    until: Array
    is_dropped: Array
    aptitude: Array


def draw_enrollments(
    rng: np.random.Generator, students: Students, lives: Lives, curriculum: Curriculum
) -> Enrollments:
    """Turn seats into enrollments: some come late, some move away, some in high school drop a course."""
    seats = curriculum.seats
    term = np.array(curriculum.sections.term)[seats.section]
    entry, exit_on = students.entry_on[seats.student], students.exit_on[seats.student]
    taken = (entry + 14 < ENDS[term]) & ~(exit_on < STARTS[term] + 14)
    student, section, term = seats.student[taken], seats.section[taken], term[taken]
    since = np.maximum(STARTS[term], entry[taken])
    leaves = np.where(exit_on[taken] <= ENDS[term], exit_on[taken], NEVER)
    drops = _drops(rng, students, lives, student, term)
    is_dropped = (drops > since + 14) & ~(drops >= leaves)
    until = np.where(is_dropped, drops, leaves)
    return Enrollments(student, section, term, since, until, is_dropped, rng.standard_normal(len(student)))


def _drops(rng: np.random.Generator, students: Students, lives: Lives, student: Array, term: Array) -> Array:
    """Return the day on which each gives the course up, NaT for most; only in high school may one."""
    day = next_school_day(STARTS[term] + rng.integers(25, 95, len(student)), 0)
    odds = -5.6 + 1.2 * lives.learning[student, week_of(day)]
    may = students.school[student] == len(SCHOOLS) - 1
    drops: Array = np.where(may & (rng.random(len(student)) < 1 / (1 + np.exp(-odds))), day, NEVER)
    return drops


def enrollment_rows(
    students: Students, curriculum: Curriculum, enrollments: Enrollments
) -> tuple[Columns, Correction]:
    """Return the enrollments as they were made, and the withdrawals known on their day."""
    count = len(enrollments.student)
    rows = enrollment_key(students, curriculum, enrollments) | {
        "enrolled_on": enrollments.since,
        "withdrawn_on": np.full(count, None, dtype=object),
        "prior_attempts": np.zeros(count, dtype=int),
        "known_at": instants(enrollments.since, 8 * 60),
    }
    left = ~np.isnat(enrollments.until)
    day = enrollments.until[left]
    key = pick(enrollment_key(students, curriculum, enrollments), left)
    return rows, Correction(
        "course_enrollments", key, {"withdrawn_on": day, "known_at": instants(day, 15 * 60)}
    )


def enrollment_key(students: Students, curriculum: Curriculum, enrollments: Enrollments) -> dict[str, Array]:
    """Return what names each enrollment."""
    return {
        "student_id": students.ids[enrollments.student],
        "section_id": curriculum.sections.ids[enrollments.section],
    }
