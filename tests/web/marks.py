"""What Oak High School's transcripts, gradebooks and incidents hold."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from decimal import Decimal

from sqlalchemy.orm import Session

from rollbook.conduct.models import ParticipantRole
from rollbook.conduct.recording import Incident, Participant, record_incident
from rollbook.conduct.service import Action
from rollbook.core.tenancy import Tenant
from rollbook.curriculum.models import CourseLevel, Section
from rollbook.grades.scales import add_standard_scale
from rollbook.roster.models import School, Student
from rollbook.testing import factories as make

FIGHT = Incident(
    date(2025, 11, 12),
    "fighting",
    4,
    incident_number="2026-0042",
    incident_time=time(12, 40),
    location="cafeteria",
    description="Pushed in the queue; both fell.",
    reported_by="A parent",
)
SUSPENSION = Action("out-of-school suspension", date(2025, 11, 13), date(2025, 11, 14), Decimal(2))


def keep_marks(
    db: Session, tenant: Tenant, school: School, section: Section, students: Sequence[Student]
) -> None:
    """Give the first student a transcript, both work with every kind of mark, and an incident to share."""
    add_standard_scale(db, tenant.tenant_id)
    student, mate = students
    _transcript(db, student)
    _work(db, section, student)
    fight = replace(FIGHT, school_id=school.school_id)
    parts = (
        Participant(student.student_id, note="Pushed.", actions=(SUSPENSION,)),
        Participant(mate.student_id, ParticipantRole.VICTIM, injury="bruise"),
    )
    record_incident(db, tenant, fight, parts)


def _transcript(db: Session, student: Student) -> None:
    for year, letters in ((2023, "AB"), (2024, "BC")):
        begins, ends = date(year, 9, 4), date(year + 1, 6, 7)
        session = make.create_session(db, code=f"{year + 1}-Y", starts_on=begins, ends_on=ends)
        for place, letter in enumerate(letters):
            level = (CourseLevel.REGULAR, CourseLevel.ADVANCED_PLACEMENT)[place]
            title = ("Geometry", "AP Biology")[place]
            course = make.create_course(db, title=f"{title} {year}", credits=1, level=level)
            section = make.create_section(db, course=course, starts_on=begins, ends_on=ends)
            make.record_course_grade(
                db, student, section, session, letter, credits_attempted=1, credits_earned=1, grade_percent=85
            )


def _work(db: Session, section: Section, student: Student) -> None:
    tests = make.create_category(db, weight_percent=60, code="Tests")
    for code, value, is_missing, is_exempt in (
        ("T1", None, True, False),
        ("T2", None, False, True),
        ("T3", 71, False, False),
    ):
        work = make.create_assignment(
            db, section, code=code, due_on=date(2025, 12, 10), category_id=tests.category_id
        )
        make.record_grade(db, student, work, value, is_missing=is_missing, is_exempt=is_exempt)
