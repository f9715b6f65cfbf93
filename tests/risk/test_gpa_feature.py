"""The GPA as an input of risk: known where final course grades are, as of the day, and as in the list."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from risk.cast import DAY_56, STARTS, by_course, facts_on
from rollbook.core.tenancy import Tenant
from rollbook.grades.gpa import list_gpa
from rollbook.grades.scales import add_standard_scale
from rollbook.risk.catalogue import NAMES
from rollbook.roster.models import Student
from rollbook.testing import factories as make


@pytest.fixture
def ada(db: Session) -> Student:
    """A student in a course that runs, without any work in it."""
    student = make.create_student(db, number="ADA")
    make.enroll_in_course(db, student, make.create_section(db))
    return student


def earn(db: Session, student: Student, *letters: str) -> None:
    """Give final grades of last year, of 1, 2, 3 ... credits."""
    begins, ends = date(2025, 1, 6), date(2025, 5, 30)
    term = make.create_session(db, starts_on=begins, ends_on=ends)
    for credit, letter in enumerate(letters, 1):
        course = make.create_course(db, credits=credit)
        section = make.create_section(db, course=course, starts_on=begins, ends_on=ends)
        make.record_course_grade(db, student, section, term, letter)


def test_without_course_grades_it_is_not_known(db: Session, tenant: Tenant, ada: Student) -> None:
    add_standard_scale(db, tenant.tenant_id)

    assert facts_on(db, tenant, DAY_56, ada)["gpa_current"] is None


def test_it_is_the_gpa_of_the_list_even_without_work(db: Session, tenant: Tenant, ada: Student) -> None:
    add_standard_scale(db, tenant.tenant_id)
    earn(db, ada, "A", "D", "P")

    facts = facts_on(db, tenant, DAY_56, ada)

    (row,) = list_gpa(db, tenant, DAY_56).rows
    assert facts["gpa_current"] == pytest.approx(2.0)
    assert facts["gpa_current"] == pytest.approx(float(row.totals.gpa or 0))
    assert facts["work_due"] is None


def test_a_correction_counts_from_its_day_on(db: Session, tenant: Tenant, ada: Student) -> None:
    add_standard_scale(db, tenant.tenant_id)
    term = make.create_session(db)
    grade = make.record_course_grade(db, ada, make.create_section(db), term, "F", awarded_on=STARTS)
    make.correct(db, grade, grade_letter="A", known_at=make.known_on(DAY_56))

    days = (STARTS, DAY_56 - timedelta(days=1), DAY_56)
    gpas = [facts_on(db, tenant, day, ada)["gpa_current"] for day in days]

    assert gpas == [0, 0, 4]


def test_exempt_work_is_neither_due_nor_missing(db: Session, tenant: Tenant) -> None:
    by_course(db, tenant)
    section = make.create_section(db)
    ada, ben = make.create_student(db), make.create_student(db)
    works = [make.create_assignment(db, section, due_on=STARTS + timedelta(weeks=week)) for week in (1, 2, 3)]
    for student in (ada, ben):
        make.enroll_in_course(db, student, section)
    for work in works:
        make.record_grade(db, ben, work, 80)
    make.record_grade(db, ada, works[0], None, is_exempt=True)
    make.record_grade(db, ada, works[1], 0, is_missing=True)

    facts = facts_on(db, tenant, DAY_56, ada)

    assert (facts["work_due"], facts["work_missing"]) == (2, 2)
    assert "gpa_current" in NAMES
