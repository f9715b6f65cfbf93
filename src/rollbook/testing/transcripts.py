"""What a transcript of a test is made of: sessions, categories of work, final marks."""

from datetime import date
from itertools import count as counter
from typing import Any

from sqlalchemy.orm import Session

from rollbook.curriculum.models import Section
from rollbook.grades.models import AssignmentCategory, CourseGrade
from rollbook.roster.models import Student
from rollbook.roster.models_calendar import AcademicSession, SessionType
from rollbook.testing.rows import TERM_ENDS, TERM_STARTS, add, known_on, school_year

_numbers = counter(1)


def create_session(
    db: Session,
    *,
    code: str | None = None,
    session_type: SessionType = SessionType.TERM,
    starts_on: date = TERM_STARTS,
    ends_on: date = TERM_ENDS,
) -> AcademicSession:
    """Add a part of a school year."""
    name = code or f"SES{next(_numbers):03}"
    session = AcademicSession(
        session_code=name,
        title=f"Term {name}",
        session_type=session_type,
        starts_on=starts_on,
        ends_on=ends_on,
        school_year=school_year(starts_on),
    )
    return add(db, session)


def create_category(
    db: Session, *, weight_percent: float | None = None, code: str | None = None
) -> AssignmentCategory:
    """Add a kind of work, with its share of the course mark."""
    name = code or f"CAT{next(_numbers):03}"
    return add(db, AssignmentCategory(category_code=name, title=name, weight_percent=weight_percent))


def record_course_grade(
    db: Session,
    student: Student,
    section: Section,
    session: AcademicSession,
    letter: str | None = None,
    **facts: Any,  # noqa: ANN401 - any column of course_grades
) -> CourseGrade:
    """Give a final mark for a course, awarded and known on the section's last day unless ``facts`` say."""
    awarded_on = facts.get("awarded_on", section.ends_on)
    usual = {
        "grade_letter": letter,
        "is_final": True,
        "awarded_on": awarded_on,
        "known_at": known_on(awarded_on),
    }
    grade = CourseGrade(
        student_id=student.student_id,
        section_id=section.section_id,
        session_id=session.session_id,
        **(usual | facts),
    )
    return add(db, grade)
