"""The coursework of a test: sections, who is in them, their work, marks, clicks and outcomes."""

from datetime import date, datetime, timedelta
from itertools import count as counter
from typing import Any

from sqlalchemy.orm import Session

from rollbook.activity.models import AnalyticsEvent
from rollbook.curriculum.models import (
    Course,
    CourseEnrollment,
    CourseOutcome,
    CourseResult,
    Section,
    SectionRole,
    SectionStaff,
)
from rollbook.grades.models import Assignment, AssignmentType, Grade
from rollbook.roster.models import School, Staff, Student
from rollbook.testing.rows import TERM_ENDS, TERM_STARTS, add, add_all, correct, ensure_months, known_on

_numbers = counter(1)


def create_course(
    db: Session,
    *,
    code: str | None = None,
    title: str = "Algebra I",
    subject: str | None = None,
    **facts: Any,  # noqa: ANN401 - any column of courses
) -> Course:
    """Add a course of the catalogue."""
    course_code = code or f"CRS{next(_numbers):03}"
    return add(db, Course(course_code=course_code, title=title, subject=subject, **facts))


def create_section(
    db: Session,
    *,
    course: Course | None = None,
    code: str = "2025F",
    school: School | None = None,
    teacher: Staff | None = None,
    starts_on: date = TERM_STARTS,
    ends_on: date = TERM_ENDS,
) -> Section:
    """Add an offering of ``course``, or of a new one."""
    section = Section(
        course_id=(course or create_course(db)).course_id,
        section_code=code,
        school_id=school.school_id if school else None,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    add(db, section)
    if teacher:
        assign_to_section(db, teacher, section)
    return section


def assign_to_section(
    db: Session,
    staff: Staff,
    section: Section,
    *,
    role: SectionRole = SectionRole.TEACHER,
    begins_on: date | None = None,
    ends_on: date | None = None,
    **facts: Any,  # noqa: ANN401 - any column of section_staff
) -> SectionStaff:
    """Let ``staff`` work in ``section`` for [begins_on, ends_on)."""
    assignment = SectionStaff(
        section_id=section.section_id,
        staff_id=staff.staff_id,
        section_role=role,
        begins_on=begins_on,
        ends_on=ends_on,
        **({"known_at": known_on(begins_on or section.starts_on)} | facts),
    )
    return add(db, assignment)


def enroll_in_course(
    db: Session,
    student: Student,
    section: Section,
    *,
    enrolled_on: date | None = None,
    withdrawn_on: date | None = None,
    **facts: Any,  # noqa: ANN401 - any column of course_enrollments
) -> CourseEnrollment:
    """Enroll; a withdrawal is a second version, known on its day."""
    since = enrolled_on or section.starts_on
    enrollment = CourseEnrollment(
        student_id=student.student_id,
        section_id=section.section_id,
        enrolled_on=since,
        **({"known_at": known_on(since)} | facts),
    )
    add(db, enrollment)
    if withdrawn_on:
        correct(db, enrollment, withdrawn_on=withdrawn_on, known_at=known_on(withdrawn_on))
    return enrollment


def create_assignment(
    db: Session,
    section: Section,
    *,
    due_on: date | None = None,
    code: str | None = None,
    assignment_type: AssignmentType = AssignmentType.HOMEWORK,
    max_value: float = 100,
    weight_percent: float | None = None,
    **facts: Any,  # noqa: ANN401 - any column of assignments
) -> Assignment:
    """Set a piece of work to ``section``."""
    assignment = Assignment(
        section_id=section.section_id,
        assignment_code=code or f"HW{next(_numbers):03}",
        assignment_type=assignment_type,
        max_value=max_value,
        weight_percent=weight_percent,
        due_on=due_on,
        **facts,
    )
    return add(db, assignment)


def record_grade(
    db: Session,
    student: Student,
    assignment: Assignment,
    value: float | None,
    *,
    submitted_on: date | None = None,
    **facts: Any,  # noqa: ANN401 - any column of grades
) -> Grade:
    """Mark ``student``'s work, handed in and known on the due day unless said otherwise."""
    handed_in = submitted_on or assignment.due_on
    grade = Grade(
        student_id=student.student_id,
        assignment_id=assignment.assignment_id,
        grade_value=value,
        submitted_on=handed_in,
        **({"known_at": known_on(handed_in or TERM_ENDS)} | facts),
    )
    return add(db, grade)


def record_grades(db: Session, student: Student, section: Section, *values: float | None) -> list[Grade]:
    """Set and mark one piece of work a week, out of 100 points, the first due on the section's first day."""
    due = (section.starts_on + timedelta(weeks=week) for week in range(len(values)))
    return [
        record_grade(db, student, create_assignment(db, section, due_on=day), value)
        for value, day in zip(values, due, strict=True)
    ]


def record_clicks(
    db: Session, student: Student, section: Section, *counts: int, since: date | None = None
) -> list[AnalyticsEvent]:
    """Record one day's clicks for each of ``counts``; 0 leaves the day out, as the sources do."""
    first = since or section.starts_on
    events = [
        AnalyticsEvent(
            student_id=student.student_id,
            section_id=section.section_id,
            event_on=first + timedelta(days=day),
            event_type="clicks",
            event_count=clicks,
            known_at=known_on(first + timedelta(days=day)),
        )
        for day, clicks in enumerate(counts)
        if clicks
    ]
    if events:
        ensure_months(db, "analytics_events", events[0].event_on, events[-1].event_on)
    return add_all(db, events)


def record_outcome(
    db: Session,
    student: Student,
    section: Section,
    result: CourseResult = CourseResult.PASS,
    *,
    known_at: datetime | None = None,
) -> CourseOutcome:
    """Say how the course ended for an enrolled ``student``; known at the section's end."""
    outcome = CourseOutcome(
        student_id=student.student_id,
        section_id=section.section_id,
        result=result,
        known_at=known_at or known_on(section.ends_on),
    )
    return add(db, outcome)
