"""Factories: a readable cast for a test, and batches made as a set.

They write in the tenant that the session looks through (fixture ``db``). A fact is known at noon UTC of its
day unless the test says otherwise: before the close of that day in nearly every time zone. One letter of a
register is one school day, Monday to Friday: P present, T tardy, E excused, U or A absent.
"""

from rollbook.testing.batches import (
    batch_attendance,
    batch_course_enrollments,
    batch_grades,
    batch_school_enrollments,
    batch_students,
)
from rollbook.testing.coursework import (
    assign_to_section,
    create_assignment,
    create_course,
    create_section,
    enroll_in_course,
    record_clicks,
    record_grade,
    record_grades,
    record_outcome,
)
from rollbook.testing.people import (
    MARKS,
    assign_to_school,
    create_incident,
    create_school,
    create_staff,
    create_student,
    enroll_in_school,
    record_attendance,
    take_part,
)
from rollbook.testing.registers import create_calendar, send_exceptions
from rollbook.testing.rows import (
    TERM_ENDS,
    TERM_STARTS,
    correct,
    ensure_months,
    known_on,
    school_days,
    school_year,
)
from rollbook.testing.transcripts import create_category, create_session, record_course_grade

__all__ = [
    "MARKS",
    "TERM_ENDS",
    "TERM_STARTS",
    "assign_to_school",
    "assign_to_section",
    "batch_attendance",
    "batch_course_enrollments",
    "batch_grades",
    "batch_school_enrollments",
    "batch_students",
    "correct",
    "create_assignment",
    "create_calendar",
    "create_category",
    "create_course",
    "create_incident",
    "create_school",
    "create_section",
    "create_session",
    "create_staff",
    "create_student",
    "enroll_in_course",
    "enroll_in_school",
    "ensure_months",
    "known_on",
    "record_attendance",
    "record_clicks",
    "record_course_grade",
    "record_grade",
    "record_grades",
    "record_outcome",
    "school_days",
    "school_year",
    "send_exceptions",
    "take_part",
]
