"""The people of a test: schools, staff, students with a register, incidents."""

from datetime import date
from itertools import count as counter
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.attendance.models import AttendanceRecord, AttendanceStatus
from rollbook.conduct.models import DisciplineAction, DisciplineIncident, IncidentParticipant, ParticipantRole
from rollbook.roster.models import (
    School,
    SchoolType,
    Staff,
    StaffAssignment,
    StaffRole,
    Student,
    StudentSchoolEnrollment,
)
from rollbook.testing.rows import TERM_STARTS, add, add_all, ensure_months, known_on, school_days, school_year

MARKS: Final = {
    "P": AttendanceStatus.PRESENT,
    "T": AttendanceStatus.TARDY,
    "E": AttendanceStatus.EXCUSED,
    "U": AttendanceStatus.ABSENT,
    "A": AttendanceStatus.ABSENT,
}
_numbers = counter(1)


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
    return add(
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
    return add(db, staff)


def assign_to_school(
    db: Session,
    staff: Staff,
    school: School | None,
    role: StaffRole = StaffRole.TEACHER,
    *,
    begins_on: date | None = None,
    ends_on: date | None = None,
) -> StaffAssignment:
    """Let ``staff`` work at ``school``, or for the whole tenant, for [begins_on, ends_on)."""
    assignment = StaffAssignment(
        staff_id=staff.staff_id,
        school_id=school.school_id if school else None,
        staff_role=role,
        begins_on=begins_on,
        ends_on=ends_on,
        known_at=known_on(begins_on or TERM_STARTS),
    )
    return add(db, assignment)


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
    add(db, student)
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
    is_primary: bool = True,
) -> StudentSchoolEnrollment:
    """Place ``student`` in ``school`` for [since, until)."""
    enrollment = StudentSchoolEnrollment(
        student_id=student.student_id,
        school_id=school.school_id,
        school_year=school_year(since),
        grade_level=student.grade_level,
        entry_on=since,
        exit_on=until,
        is_primary=is_primary,
        counselor_staff_id=counselor.staff_id if counselor else None,
        known_at=known_on(until or since),
    )
    return add(db, enrollment)


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
    return add_all(db, marks)


def create_incident(
    db: Session,
    student: Student,
    *,
    incident_on: date = TERM_STARTS,
    incident_type: str = "disruption",
    severity_level: int = 2,
    role: ParticipantRole = ParticipantRole.PERPETRATOR,
    action_taken: str | None = None,
    **facts: Any,  # noqa: ANN401 - any column of discipline_incidents
) -> DisciplineIncident:
    """Record an incident and ``student``'s part in it; all of it is known on its day unless ``facts`` say."""
    incident = DisciplineIncident(
        incident_on=incident_on,
        incident_type=incident_type,
        severity_level=severity_level,
        **({"known_at": known_on(incident_on)} | facts),
    )
    add(db, incident)
    take_part(db, student, incident, role=role, action_taken=action_taken)
    return incident


def take_part(
    db: Session,
    student: Student,
    incident: DisciplineIncident,
    *,
    role: ParticipantRole = ParticipantRole.PERPETRATOR,
    action_taken: str | None = None,
    **facts: Any,  # noqa: ANN401 - any column of incident_participants
) -> IncidentParticipant:
    """Record ``student``'s part in ``incident``, and what was done about it; known with the incident."""
    part = {"incident_id": incident.incident_id, "student_id": student.student_id}
    known = {"known_at": incident.known_at}
    participant = add(db, IncidentParticipant(participant_role=role, **(part | known | facts)))
    if action_taken is not None:
        add(db, DisciplineAction(action_type=action_taken, **(part | known)))
    return participant


def _split(name: str) -> tuple[str, str]:
    first, _, last = name.partition(" ")
    return first, last or first
