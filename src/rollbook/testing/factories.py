"""Factories: a readable cast for a test, and batches made as a set.

They write in the tenant that the session looks through (fixture ``db``). A fact is known at noon UTC of its
day unless the test says otherwise: before the close of that day in nearly every time zone. One letter of a
register is one school day, Monday to Friday: P present, T tardy, E excused, U or A absent.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import count as counter
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.activity.models import AnalyticsEvent
from rollbook.attendance.models import AttendanceRecord, AttendanceStatus
from rollbook.conduct.models import DisciplineIncident
from rollbook.core.schema import TenantOwned
from rollbook.curriculum.models import Course, CourseEnrollment, CourseOutcome, CourseResult, Section
from rollbook.grades.models import Assignment, AssignmentType, Grade
from rollbook.roster.models import School, SchoolType, Staff, Student, StudentSchoolEnrollment
from rollbook.testing.batches import (
    TERM_ENDS,
    TERM_STARTS,
    batch_attendance,
    batch_course_enrollments,
    batch_grades,
    batch_school_enrollments,
    batch_students,
    ensure_months,
    known_on,
    school_days,
    school_year,
)

__all__ = [
    "MARKS",
    "TERM_ENDS",
    "TERM_STARTS",
    "batch_attendance",
    "batch_course_enrollments",
    "batch_grades",
    "batch_school_enrollments",
    "batch_students",
    "correct",
    "create_assignment",
    "create_course",
    "create_incident",
    "create_school",
    "create_section",
    "create_staff",
    "create_student",
    "enroll_in_course",
    "enroll_in_school",
    "ensure_months",
    "known_on",
    "record_attendance",
    "record_clicks",
    "record_grade",
    "record_grades",
    "record_outcome",
    "school_days",
    "school_year",
]

MARKS: Final = {
    "P": AttendanceStatus.PRESENT,
    "T": AttendanceStatus.TARDY,
    "E": AttendanceStatus.EXCUSED,
    "U": AttendanceStatus.ABSENT,
    "A": AttendanceStatus.ABSENT,
}
_numbers = counter(1)

_TENANT: Final = text("SELECT current_setting('rollbook.tenant')::int")

Row = TypeVar("Row", bound=TenantOwned)


def create_school(
    db: Session,
    *,
    code: str | None = None,
    name: str = "Oak High School",
    school_type: SchoolType = SchoolType.HIGH,
    grades: tuple[int, int] = (9, 12),
) -> School:
    """Add a school; its code is made up unless given."""
    low, high = grades
    school_code = code or f"SCH{next(_numbers):03}"
    return _add(
        db,
        School(school_code=school_code, name=name, school_type=school_type, low_grade=low, high_grade=high),
    )


def create_staff(
    db: Session, *, name: str = "Grace Hopper", school: School | None = None, user_id: UUID | None = None
) -> Staff:
    """Add someone who works for the tenant, or at ``school``."""
    first, last = _split(name)
    staff = Staff(
        staff_number=f"T{next(_numbers):03}",
        first_name=first,
        last_name=last,
        school_id=school.school_id if school else None,
        user_id=user_id,
    )
    return _add(db, staff)


def create_student(
    db: Session,
    register: str = "",
    *,
    name: str = "Ada Byron",
    number: str | None = None,
    school: School | None = None,
    grade_level: int | None = 9,
    counselor: Staff | None = None,
    since: date = TERM_STARTS,
    **facts: Any,  # noqa: ANN401 - any column of students
) -> Student:
    """Add a student with a ``register`` from ``since`` on, in ``school`` since then where one is given."""
    first, last = _split(name)
    student = Student(
        student_number=number or f"S{next(_numbers):03}",
        first_name=first,
        last_name=last,
        grade_level=grade_level,
        **({"known_at": known_on(since)} | facts),
    )
    _add(db, student)
    if school:
        enroll_in_school(db, student, school, counselor=counselor, since=since)
    record_attendance(db, student, register, since=since)
    return student


def enroll_in_school(
    db: Session,
    student: Student,
    school: School,
    *,
    counselor: Staff | None = None,
    since: date = TERM_STARTS,
    until: date | None = None,
) -> StudentSchoolEnrollment:
    """Place ``student`` in ``school`` for [since, until)."""
    enrollment = StudentSchoolEnrollment(
        student_id=student.student_id,
        school_id=school.school_id,
        school_year=school_year(since),
        grade_level=student.grade_level,
        entry_on=since,
        exit_on=until,
        counselor_staff_id=counselor.staff_id if counselor else None,
        known_at=known_on(until or since),
    )
    return _add(db, enrollment)


def record_attendance(
    db: Session, student: Student, register: str, *, since: date = TERM_STARTS
) -> list[AttendanceRecord]:
    """Mark one school day for each letter of ``register``, the first on or after ``since``."""
    marks = [
        AttendanceRecord(
            student_id=student.student_id,
            date=day,
            status=MARKS[letter],
            minutes_late=10 if letter == "T" else 0,
            known_at=known_on(day),
        )
        for letter, day in zip(register, school_days(since, len(register)), strict=True)
    ]
    if marks:
        ensure_months(db, "attendance_records", marks[0].date, marks[-1].date)
    return _add_all(db, marks)


def create_course(
    db: Session, *, code: str | None = None, title: str = "Algebra I", subject: str | None = None
) -> Course:
    """Add a course of the catalogue."""
    return _add(db, Course(course_code=code or f"CRS{next(_numbers):03}", title=title, subject=subject))


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
        teacher_staff_id=teacher.staff_id if teacher else None,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    return _add(db, section)


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
    _add(db, enrollment)
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
) -> Assignment:
    """Set a piece of work to ``section``."""
    assignment = Assignment(
        section_id=section.section_id,
        assignment_code=code or f"HW{next(_numbers):03}",
        assignment_type=assignment_type,
        max_value=max_value,
        weight_percent=weight_percent,
        due_on=due_on,
    )
    return _add(db, assignment)


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
    return _add(db, grade)


def record_grades(db: Session, student: Student, section: Section, *values: float | None) -> list[Grade]:
    """Set and mark one piece of work a week, out of 100 points, the first due on the section's first day."""
    due = (section.starts_on + timedelta(weeks=week) for week in range(len(values)))
    return [
        record_grade(db, student, create_assignment(db, section, due_on=day), value)
        for value, day in zip(values, due, strict=True)
    ]


def create_incident(
    db: Session,
    student: Student,
    *,
    incident_on: date = TERM_STARTS,
    incident_type: str = "disruption",
    severity_level: int = 2,
    action_taken: str | None = None,
    **facts: Any,  # noqa: ANN401 - any column of discipline_incidents
) -> DisciplineIncident:
    """Record ``student``'s part in an incident."""
    incident = DisciplineIncident(
        student_id=student.student_id,
        incident_on=incident_on,
        incident_type=incident_type,
        severity_level=severity_level,
        action_taken=action_taken,
        **({"known_at": known_on(incident_on)} | facts),
    )
    return _add(db, incident)


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
    return _add(db, outcome)


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
    return _add_all(db, events)


def correct(db: Session, row: Row, **changes: Any) -> Row:  # noqa: ANN401 - any column of the row
    """Write a later version of ``row``; give its ``known_at`` among ``changes``."""
    for column, value in changes.items():
        setattr(row, column, value)
    db.flush()
    return row


def _add(db: Session, row: Row) -> Row:
    return _add_all(db, [row])[0]


def _add_all(db: Session, rows: Sequence[Row]) -> list[Row]:
    tenant_id = db.scalar(_TENANT)
    for row in rows:
        row.tenant_id = tenant_id
    db.add_all(rows)
    db.flush()
    return list(rows)


def _split(name: str) -> tuple[str, str]:
    first, _, last = name.partition(" ")
    return first, last or first
