"""Phase 5 as rows: sections, who teaches them, in which term, and who is in them."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, day_of, instants
from rollbook.demo.catalogue import offers
from rollbook.demo.enrollments import Enrollments
from rollbook.demo.facts import Batch, Column, Correction, lists, pick, same
from rollbook.demo.plan import ELEMENTARY_SCHOOLS
from rollbook.demo.world import AreaInYear

PLANNED_AHEAD_DAYS: Final = 14


def teaching(here: AreaInYear) -> Iterator[Batch]:
    """Yield the timetable of both terms, and its enrollments."""
    sections = here.timetable.sections
    starts = here.year.term_starts[sections.term]
    known = instants(np.maximum(starts - PLANNED_AHEAD_DAYS, day_of(here.year.opens_on)), 12 * 60)
    yield _sections(here, starts, known)
    yield Batch(
        "section_staff",
        {
            "section_id": sections.ids,
            "staff_id": here.teacher_ids,
            "section_role": same(len(sections), "teacher"),
            "begins_on": starts,
            "known_at": known,
        },
    )
    yield Batch(
        "section_sessions",
        {
            "section_id": sections.ids,
            "session_id": here.world.session_ids(here.year)[1 + sections.term],
            "known_at": known,
        },
    )
    yield _course_enrollments(here)


def _sections(here: AreaInYear, starts: Array, known: Array) -> Batch:
    sections = here.timetable.sections
    is_class = sections.school < ELEMENTARY_SCHOOLS
    is_first_lesson = np.array([offer.subject == "English" for offer in offers()])[sections.offer]
    return Batch(
        "sections",
        {
            "section_id": sections.ids,
            "course_id": here.world.course_ids[sections.offer],
            "school_id": here.school_ids[sections.school],
            "section_code": lists(sections.codes),
            "starts_on": starts,
            "ends_on": here.year.term_ends[sections.term],
            "location": lists([f"Room {101 + teacher % 300}" for teacher in sections.teacher.tolist()]),
            "periods": lists([[str(period)] if period else None for period in sections.period.tolist()]),
            "is_homeroom": is_class & is_first_lesson,
            "known_at": known,
        },
    )


def enrollment_key(here: AreaInYear, enrollments: Enrollments) -> dict[str, Column]:
    """Return what names each enrollment."""
    return {
        "student_id": here.student_ids(enrollments.member),
        "section_id": here.timetable.sections.ids[enrollments.section],
    }


def _course_enrollments(here: AreaInYear) -> Batch:
    """Return the enrollments as they were made, and the withdrawals known on their day."""
    enrollments = here.enrollments
    key = enrollment_key(here, enrollments)
    rows = key | {
        "enrolled_on": enrollments.since,
        "prior_attempts": np.zeros(len(enrollments), dtype=int),
        "known_at": instants(enrollments.since, 8 * 60),
    }
    left = ~np.isnat(enrollments.until)
    day = enrollments.until[left]
    gone = Correction(pick(key, left), {"withdrawn_on": day, "known_at": instants(day, 15 * 60)})
    return Batch("course_enrollments", rows, (gone,))
