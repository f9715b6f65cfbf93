"""The cast of the web's tests: a synthetic district, a university beside it, weekly scores, sign-ins."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from risk.lists import add_model
from rollbook.accounts.models import Role, User
from rollbook.accounts.service import add_user
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.curriculum.models import Section
from rollbook.grades.models import AssignmentType
from rollbook.risk.models import Prediction
from rollbook.roster.models import School, Staff, Student
from rollbook.testing import factories as make
from rollbook.testing.rows import add
from web.marks import keep_marks
from web.pe import keep_pe
from web.records import keep_records

PASSWORD = "correct horse battery"
STUDENTS = 130
WEEKS = 12
LAST_LIST = date(2025, 11, 25)
FIRST = ["Ada", "Ben", "Cai", "Dee", "Eva", "Fay", "Gus", "Hal", "Ida", "Jon", "Kim", "Lea", "Max"]
FAMILY = ["Abara", "Becker", "Chavez", "Dang", "Ellison", "Farah", "Gupta", "Hoang", "Ito", "Juarez"]


@dataclass(frozen=True)
class World:
    """What tests need to know of the cast."""

    url: str
    owner_url: str
    ada: UUID
    other_school: UUID
    unscored: UUID
    graduate: UUID
    leaver: UUID
    oak: UUID
    elm: UUID
    algebra: UUID
    lesson: UUID
    module: UUID


def build(url: str, owner_url: str) -> World:
    """Write the cast, for good."""
    engine = engine_for(url)
    with Session(engine) as db, db.begin():
        district = _district(db)
    with Session(engine) as db, db.begin():
        university = _university(db)
    return World(url, owner_url, **district, **university)


def _district(db: Session) -> dict[str, UUID]:
    tenant = ensure_tenant(db, "oak-valley", name="Oak Valley Schools", is_synthetic=True)
    look_through(db, Visibility(tenant.tenant_id))
    oak = make.create_school(db, code="OAK", name="Oak High School")
    elm = make.create_school(db, code="ELM", name="Elm Middle School", grades=(6, 8))
    staff = {
        role: make.create_staff(db, name=name, school=oak, user_id=_user(db, tenant, role, name).user_id)
        for role, name in (
            (Role.TEACHER, "Tara Teach"),
            (Role.COUNSELOR, "Cora Lane"),
            (Role.PRINCIPAL, "Paul Prince"),
        )
    }
    _user(db, tenant, Role.DISTRICT_ADMIN, "Dora Admin")
    _user(db, tenant, Role.TEACHER, "Nora Nobody", email="nobody@oak.example")
    counselor = staff[Role.COUNSELOR]
    algebra = make.create_section(
        db,
        course=make.create_course(db, code="ALG1", title="Algebra I"),
        school=oak,
        teacher=staff[Role.TEACHER],
    )
    english = make.create_section(
        db, course=make.create_course(db, code="ENG9", title="English 9"), school=oak
    )
    students = [_student(db, n, oak if n % 3 else elm, counselor) for n in range(STUDENTS)]
    for n, student in enumerate(students):
        make.enroll_in_course(db, student, algebra if n % 2 else english)
    _record(db, students[1], algebra)
    keep_marks(db, tenant, oak, algebra, (students[1], students[7]))
    keep_pe(db, tenant, students, students[1])
    later = _user(db, tenant, Role.COUNSELOR, "Lara Later", email="later@oak.example")
    colleague = make.create_staff(db, name="Lara Later", school=oak, user_id=later.user_id)
    unscored = make.create_student(db, name="Una Scored", number="9999", school=oak, counselor=colleague)
    _score(db, tenant, [(student, None) for student in students])
    return {
        "ada": students[1].student_id,
        "other_school": students[0].student_id,
        "unscored": unscored.student_id,
        "oak": oak.school_id,
        "elm": elm.school_id,
        "algebra": algebra.section_id,
        "lesson": keep_records(db, oak, algebra, students[1], staff[Role.TEACHER]),
    }


def _university(db: Session) -> dict[str, UUID]:
    tenant = ensure_tenant(db, "open-u", name="Open University", risk_target="course")
    look_through(db, Visibility(tenant.tenant_id))
    _user(db, tenant, Role.DISTRICT_ADMIN, "Olga Open", email="olga@open.example")
    section = make.create_section(
        db, course=make.create_course(db, code="BBB", title="Module BBB"), code="2025J"
    )
    students = [add(db, Student(student_number=str(11390 + n))) for n in range(4)]
    for student in students:
        make.enroll_in_course(db, student, section)
    make.record_clicks(db, students[1], section, *(3, 0, 12, 7, 0, 0, 40) * 6)
    make.record_grades(db, students[1], section, 71, None, 55)
    _score(db, tenant, [(student, section) for student in students])
    leaver = add(db, Student(student_number="11394"))
    for weeks in (5, 4):
        as_of = LAST_LIST - timedelta(weeks=weeks)
        db.add(_prediction(tenant, leaver, section, as_of=as_of, score=0.9, place=(1, 5)))
    return {
        "graduate": students[1].student_id,
        "leaver": leaver.student_id,
        "module": section.section_id,
    }


def _user(db: Session, tenant: Tenant, role: Role, name: str, *, email: str | None = None) -> User:
    address = email or f"{role.value}@oak.example"
    return add_user(
        db, tenant_id=tenant.tenant_id, email=address, full_name=name, role=role, password=PASSWORD
    )


def _student(db: Session, n: int, school: School, counselor: Staff) -> Student:
    return make.create_student(
        db,
        name=f"{FIRST[n % 13]} {FAMILY[n // 13 % 10]}",
        number=f"S{n:04}",
        school=school,
        grade_level=9 + n % 4 if n % 3 else 6 + n % 3,
        counselor=counselor if n % 3 == 1 else None,
    )


def _record(db: Session, student: Student, section: Section) -> None:
    """Give one student a record in every room."""
    dice = random.Random(7)
    register = "".join(dice.choice("PPPPPPPTEU" if day < 30 else "PPPUUET") for day in range(60))
    make.record_attendance(db, student, register)
    make.record_grades(db, student, section, 88, 81, 84, 62, None, 55, 48, 51)
    late = make.create_assignment(
        db, section, due_on=date(2025, 11, 3), assignment_type=AssignmentType.PROJECT, max_value=40
    )
    make.record_grade(db, student, late, 12, submitted_on=date(2025, 11, 9))
    make.create_assignment(db, section, due_on=date(2025, 11, 10), code="MISSING")
    make.record_clicks(db, student, section, *(dice.choice([0, 0, 2, 5, 9, 14]) for _ in range(80)))
    make.create_incident(
        db, student, incident_on=date(2025, 10, 14), severity_level=2, action_taken="warning"
    )
    make.create_incident(
        db, student, incident_on=date(2025, 11, 6), incident_type="skipping_class", severity_level=3
    )


def factors(score: float) -> list[dict[str, Any]]:
    """Return reasons in the published shape; one begins like a formula, for the files."""
    missed = round(score * 20)
    return [
        {
            "factor": "attendance_rate_20",
            "weight": 0.9,
            "value": 1 - missed / 20,
            "description": f"Missed {missed} of the last 20 school days.",
            "recommendation": "Call home this week and ask what stands in the way of coming.",
        },
        {
            "factor": "missing_work_28",
            "weight": 0.5,
            "value": 3,
            "description": "3 pieces of work of the last four weeks did not come in.",
            "recommendation": "Sit down with the student and choose the one piece to hand in first.",
        },
        {
            "factor": "mean_trend",
            "weight": 0.2,
            "value": -14,
            "description": "=The mean mark fell by 14 points since September.",
            "recommendation": "Ask the teacher which topic was lost, and offer the Thursday help hour.",
        },
    ]


def _score(db: Session, tenant: Tenant, subjects: Sequence[tuple[Student, Section | None]]) -> None:
    for version, active in (("lgbm-old", False), ("lgbm-new", True)):
        add_model(db, tenant, version, active=active)
    db.flush()
    dice = random.Random(11)
    talent = [dice.betavariate(1.2, 3.5) for _ in subjects]
    for week in range(WEEKS):
        as_of = LAST_LIST - timedelta(weeks=WEEKS - 1 - week)
        scores = [min(max(t + dice.gauss(0, 0.05) + week * 0.01, 0.01), 0.98) for t in talent]
        scores[1] = 0.25 + week * 0.05
        order = sorted(range(len(subjects)), key=[-score for score in scores].__getitem__)
        for rank, n in enumerate(order, 1):
            student, section = subjects[n]
            place = (rank, len(subjects))
            db.add(_prediction(tenant, student, section, as_of=as_of, score=scores[n], place=place))
    db.flush()


def _prediction(  # noqa: PLR0913 -- each is a column
    tenant: Tenant,
    student: Student,
    section: Section | None,
    *,
    as_of: date,
    score: float,
    place: tuple[int, int],
) -> Prediction:
    return Prediction(
        tenant_id=tenant.tenant_id,
        student_id=student.student_id,
        section_id=section.section_id if section else None,
        as_of=as_of,
        risk_score=score,
        risk_category=_category(score),
        confidence=0.81,
        rank=place[0],
        cohort_size=place[1],
        risk_factors=factors(score) if score > 0.1 else [],
        model_version="lgbm-new",
        feature_set_version="1",
    )


def _category(score: float) -> str:
    return "critical" if score > 0.7 else "high" if score > 0.5 else "medium" if score > 0.3 else "low"
