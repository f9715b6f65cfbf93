"""Small worlds for the tests of risk."""

from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.curriculum.models import CourseResult, Section
from rollbook.risk.cohort import gather_day
from rollbook.risk.features import Features, compute
from rollbook.roster.models import Student
from rollbook.testing import factories as make

STARTS = date(2025, 9, 1)
DAY_56 = STARTS + timedelta(days=56)


def by_course(db: Session, tenant: Tenant) -> None:
    """Let the tenant predict about a student in a course."""
    db.expunge(tenant)
    tenant.risk_target = "course"


def features_on(db: Session, tenant: Tenant, day: date) -> Features:
    """Return the features of a day's cohort."""
    return compute(db, gather_day(db, tenant, day))


def facts_on(db: Session, tenant: Tenant, day: date, student: Student) -> dict[str, float | None]:
    """Return one student's features on a day."""
    cohort = gather_day(db, tenant, day)
    features = compute(db, cohort)
    place = [subject.student_id for subject in cohort].index(student.student_id)
    return features.vector(place)


def term(
    db: Session, starts_on: date = STARTS, *, code: str = "2025F", students: int = 60, prefix: str = "T"
) -> Section:
    """Make a section of 16 weeks that ended: every third student misses work and fails.

    Students that miss work miss every second piece; a few fail or pass against the odds.
    """
    section = make.create_section(db, code=code, starts_on=starts_on, ends_on=starts_on + timedelta(days=115))
    works = [
        make.create_assignment(db, section, due_on=starts_on + timedelta(weeks=week)) for week in range(1, 14)
    ]
    for number in range(students):
        student = make.create_student(db, number=f"{prefix}{number:03}", since=starts_on)
        make.enroll_in_course(db, student, section)
        struggles = number % 3 == 0
        for place, work in enumerate(works):
            if not (struggles and place % 2):
                make.record_grade(db, student, work, 55 + number % 7 if struggles else 80 + number % 11)
        fails = struggles != (number % 10 == 0)
        make.record_outcome(db, student, section, CourseResult.FAIL if fails else CourseResult.PASS)
    return section


def next_term(db: Session, *, students: int = 12) -> Section:
    """Make a section that runs in spring and has marks up to day 28; nobody's end is known."""
    starts_on = date(2026, 1, 12)
    section = make.create_section(db, code="2026S", starts_on=starts_on, ends_on=date(2026, 5, 8))
    works = [
        make.create_assignment(db, section, due_on=starts_on + timedelta(weeks=week)) for week in range(1, 5)
    ]
    for number in range(students):
        student = make.create_student(db, number=f"N{number:03}", since=starts_on)
        make.enroll_in_course(db, student, section)
        for place, work in enumerate(works):
            if number % 3 or not place % 2:
                make.record_grade(db, student, work, 85 if number % 3 else 55)
    return section


SPRING_28 = date(2026, 1, 12) + timedelta(days=28)


def table(db: Session, name: str, columns: str) -> list[tuple[object, ...]]:
    """Return the rows of a table, in order."""
    return [tuple(row) for row in db.execute(text(f"SELECT {columns} FROM {name} ORDER BY 1, 2, 3"))]
