"""Progress: every student in every running course measured at once, the same on the same day."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.grades.progress import CourseNotFound, StudentProgress, progress_in, record_progress
from rollbook.testing import factories as make

OCTOBER = date(2025, 10, 1)


def measures(db: Session, tenant: Tenant, code: str = "ALG", on: date = OCTOBER) -> list[StudentProgress]:
    return progress_in(db, tenant, code, on)


def test_work_due_handed_in_exempt_and_missing(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, course=make.create_course(db, code="ALG"))
    ada = make.create_student(db, number="ADA")
    make.enroll_in_course(db, ada, section)
    works = [make.create_assignment(db, section, due_on=date(2025, 9, day)) for day in range(1, 6)]
    make.create_assignment(db, section, due_on=date(2025, 11, 1))
    make.record_grade(db, ada, works[0], 80)
    make.record_grade(db, ada, works[1], 60)
    make.record_grade(db, ada, works[2], None, is_exempt=True)
    make.record_grade(db, ada, works[3], 0, is_missing=True)

    assert record_progress(db, tenant, OCTOBER) == 1

    (found,) = measures(db, tenant)
    assert (found.assignments_set, found.assignments_done) == (5, 3)
    assert found.mean_percent == Decimal("46.667")
    assert found.credits_earned is None


def test_the_same_day_again_changes_only_what_differs(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, course=make.create_course(db, code="ALG"))
    for number in ("ADA", "BEN"):
        student = make.create_student(db, number=number)
        make.enroll_in_course(db, student, section)
        make.record_grades(db, student, section, 80)
    assert record_progress(db, tenant, OCTOBER) == 2
    assert record_progress(db, tenant, OCTOBER) == 0

    db.execute(
        text(
            "UPDATE grades SET grade_value = 90"
            " WHERE student_id IN (SELECT student_id FROM students WHERE student_number = 'BEN')"
        )
    )

    assert record_progress(db, tenant, OCTOBER) == 1
    assert db.scalar(text("SELECT mean_percent FROM progress_history")) == 80


def test_only_what_was_known_then_is_measured(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, course=make.create_course(db, code="ALG"))
    ada = make.create_student(db)
    make.enroll_in_course(db, ada, section)
    (mark,) = make.record_grades(db, ada, section, 50)
    make.correct(db, mark, grade_value=70, known_at=make.known_on(date(2025, 11, 1)))
    late = make.create_assignment(db, section, due_on=date(2025, 9, 9))
    make.record_grade(db, ada, late, 100, known_at=make.known_on(date(2025, 11, 1)))

    record_progress(db, tenant, OCTOBER)
    record_progress(db, tenant, date(2025, 11, 3))

    (then,), (now,) = measures(db, tenant), measures(db, tenant, on=date(2025, 12, 1))
    assert (then.assignments_done, then.mean_percent) == (1, Decimal(50))
    assert (now.assignments_done, now.mean_percent, now.measured_on) == (2, Decimal(85), date(2025, 11, 3))


def test_who_left_or_is_yet_to_come_and_courses_that_ended_are_not_measured(
    db: Session, tenant: Tenant
) -> None:
    section = make.create_section(db, course=make.create_course(db, code="ALG"))
    ended = make.create_section(db, starts_on=date(2025, 1, 6), ends_on=date(2025, 5, 30))
    here, gone, later = (make.create_student(db, number=number) for number in ("HERE", "GONE", "LATER"))
    make.enroll_in_course(db, here, section)
    make.enroll_in_course(db, here, ended)
    make.enroll_in_course(db, gone, section, withdrawn_on=date(2025, 9, 20))
    make.enroll_in_course(db, later, section, enrolled_on=date(2025, 10, 6))

    assert record_progress(db, tenant, OCTOBER) == 1

    (found,) = measures(db, tenant)
    assert (found.student_number, found.assignments_set, found.mean_percent) == ("HERE", 0, None)


def test_work_from_before_the_student_came_counts_only_with_a_mark(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, course=make.create_course(db, code="ALG"))
    ada = make.create_student(db)
    make.enroll_in_course(db, ada, section, enrolled_on=date(2025, 9, 15))
    _, carried, due = (make.create_assignment(db, section, due_on=date(2025, 9, day)) for day in (8, 9, 15))
    make.record_grade(db, ada, carried, 50)
    make.record_grade(db, ada, due, 90)

    record_progress(db, tenant, OCTOBER)

    (found,) = measures(db, tenant)
    assert (found.assignments_set, found.assignments_done, found.mean_percent) == (2, 2, Decimal(70))


def test_credits_are_those_of_final_grades_known_then(db: Session, tenant: Tenant) -> None:
    course = make.create_course(db, code="ALG", credits=1)
    first = make.create_section(
        db, course=course, code="1", starts_on=date(2025, 9, 1), ends_on=date(2025, 9, 26)
    )
    second = make.create_section(db, course=course, code="2")
    ada, term = make.create_student(db), make.create_session(db)
    make.enroll_in_course(db, ada, second)
    make.record_course_grade(db, ada, first, term, "A", credits_attempted=0.5, credits_earned=0.5)
    make.record_course_grade(
        db, ada, second, term, "A", credits_attempted=0.5, credits_earned=0.5, awarded_on=date(2025, 11, 1)
    )

    record_progress(db, tenant, OCTOBER)

    (found,) = measures(db, tenant)
    assert found.credits_earned == Decimal("0.5")


def test_a_teacher_sees_the_measures_of_their_students(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, course=make.create_course(db, code="ALG"))
    ada, ben = (make.create_student(db, number=number) for number in ("ADA", "BEN"))
    for student in (ada, ben):
        make.enroll_in_course(db, student, section)
    record_progress(db, tenant, OCTOBER)

    look_through(db, Visibility(tenant.tenant_id, (ada.student_id,)))

    assert [row.student_number for row in measures(db, tenant)] == ["ADA"]


def test_a_course_that_is_none_is_named(db: Session, tenant: Tenant) -> None:
    with pytest.raises(CourseNotFound, match="'NONE'"):
        measures(db, tenant, "NONE")
