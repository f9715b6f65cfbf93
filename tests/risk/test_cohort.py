"""The cohort is who is enrolled and undecided on the day, as the day knew it; labels lie strictly after."""

from datetime import date, timedelta

import numpy as np
import pytest
from sqlalchemy.orm import Session

from risk.cast import DAY_56, STARTS, by_course
from rollbook.core.tenancy import Tenant
from rollbook.curriculum.models import CourseResult
from rollbook.risk.cohort import gather, gather_day, gather_grid, labels
from rollbook.risk.errors import BeforeData, CohortEmpty, NoSections
from rollbook.testing import factories as make

LATER = date(2026, 2, 1)


def numbers(db: Session, tenant: Tenant, day: date) -> list[str]:
    return [subject.student_number for subject in gather(db, tenant, [day])]


@pytest.fixture(autouse=True)
def _by_course(db: Session, tenant: Tenant) -> None:
    by_course(db, tenant)


def test_a_withdrawal_counts_from_its_day(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    student = make.create_student(db, number="A")
    make.enroll_in_course(db, student, section, withdrawn_on=DAY_56)

    assert numbers(db, tenant, DAY_56 - timedelta(days=1)) == ["A"]
    assert numbers(db, tenant, DAY_56) == []


def test_a_withdrawal_that_was_reported_late_is_not_known_before(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    enrollment = make.enroll_in_course(db, make.create_student(db, number="A"), section)
    told = DAY_56 + timedelta(days=10)
    make.correct(db, enrollment, withdrawn_on=DAY_56, known_at=make.known_on(told))

    assert numbers(db, tenant, told - timedelta(days=1)) == ["A"]
    assert numbers(db, tenant, told) == []


def test_who_enrolls_later_is_not_in_it_yet(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    make.enroll_in_course(db, make.create_student(db, number="A"), section, enrolled_on=DAY_56)

    assert numbers(db, tenant, DAY_56 - timedelta(days=1)) == []
    assert numbers(db, tenant, DAY_56) == ["A"]


def test_who_has_an_outcome_is_decided(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    student = make.create_student(db, number="A")
    make.enroll_in_course(db, student, section)
    make.record_outcome(db, student, section, CourseResult.FAIL, known_at=make.known_on(DAY_56))

    assert numbers(db, tenant, DAY_56 - timedelta(days=1)) == ["A"]
    assert numbers(db, tenant, DAY_56) == []


def test_a_section_counts_from_its_first_to_its_last_day(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    make.enroll_in_course(
        db, make.create_student(db, number="A"), section, enrolled_on=STARTS - timedelta(days=30)
    )
    days = [STARTS - timedelta(days=1), STARTS, section.ends_on, section.ends_on + timedelta(days=1)]

    assert [len(numbers(db, tenant, day)) for day in days] == [0, 1, 1, 0]


def test_subjects_are_ordered_by_number_and_code_not_by_id(db: Session, tenant: Tenant) -> None:
    sections = [make.create_section(db, course=make.create_course(db, code=code)) for code in ("B", "A")]
    for number in ("S2", "S10", "S1"):
        student = make.create_student(db, number=number)
        for section in sections:
            make.enroll_in_course(db, student, section)

    found = [(s.student_number, s.course_code) for s in gather(db, tenant, [DAY_56])]

    assert found == [(number, code) for number in ("S1", "S10", "S2") for code in ("A", "B")]


def test_a_student_is_one_subject_over_all_sections(db: Session, tenant: Tenant) -> None:
    tenant.risk_target = "student"
    student = make.create_student(db, number="A")
    for _ in range(3):
        make.enroll_in_course(db, student, make.create_section(db))

    (subject,) = gather(db, tenant, [DAY_56])

    assert (subject.student_number, subject.section_id) == ("A", None)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (CourseResult.FAIL, 1),
        (CourseResult.WITHDRAWN, 1),
        (CourseResult.PASS, 0),
        (CourseResult.DISTINCTION, 0),
    ],
)
def test_a_fail_or_a_withdrawal_is_at_risk(
    db: Session, tenant: Tenant, result: CourseResult, expected: int
) -> None:
    section = make.create_section(db)
    student = make.create_student(db)
    make.enroll_in_course(db, student, section)
    make.record_outcome(db, student, section, result)
    gather(db, tenant, [DAY_56])

    assert labels(db, tenant, learned_by=LATER).tolist() == [expected]


def test_no_outcome_is_no_label_not_a_good_one(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    make.enroll_in_course(db, make.create_student(db), section)
    gather(db, tenant, [DAY_56])

    assert np.isnan(labels(db, tenant, learned_by=LATER)).all()


def test_a_section_still_running_gives_no_label_not_even_a_bad_one(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    left, stays = make.create_student(db, number="A"), make.create_student(db, number="B")
    for student in (left, stays):
        make.enroll_in_course(db, student, section)
    make.record_outcome(db, left, section, CourseResult.WITHDRAWN, known_at=make.known_on(DAY_56))
    gather(db, tenant, [STARTS + timedelta(days=14)])

    assert np.isnan(labels(db, tenant, learned_by=DAY_56)).all()


def test_a_label_learned_after_the_training_day_is_not_used(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    student = make.create_student(db)
    make.enroll_in_course(db, student, section)
    make.record_outcome(db, student, section, CourseResult.FAIL, known_at=make.known_on(LATER))
    gather(db, tenant, [DAY_56])

    assert np.isnan(labels(db, tenant, learned_by=LATER - timedelta(days=1))).all()
    assert labels(db, tenant, learned_by=LATER).tolist() == [1]


def test_one_failed_course_puts_the_student_at_risk(db: Session, tenant: Tenant) -> None:
    tenant.risk_target = "student"
    student = make.create_student(db)
    for result in (CourseResult.PASS, CourseResult.FAIL):
        section = make.create_section(db)
        make.enroll_in_course(db, student, section)
        make.record_outcome(db, student, section, result)
    gather(db, tenant, [DAY_56])

    assert labels(db, tenant, learned_by=LATER).tolist() == [1]


def test_a_grid_holds_each_section_on_its_own_days(db: Session, tenant: Tenant) -> None:
    early = make.create_section(db, code="A")
    late = make.create_section(
        db, code="B", starts_on=STARTS + timedelta(days=14), ends_on=early.ends_on + timedelta(days=14)
    )
    for section in (early, late):
        make.enroll_in_course(db, make.create_student(db), section)

    found = gather_grid(db, tenant, [14, 28], ended_by=LATER)

    assert sorted((s.section_code, s.days_elapsed) for s in found) == [
        ("A", 14), ("A", 28), ("B", 14), ("B", 28)
    ]  # fmt: skip


def test_a_day_before_any_data_is_named(db: Session, tenant: Tenant) -> None:
    make.create_section(db)

    with pytest.raises(BeforeData, match=r"2020-01-01 lies before .* starts on 2025-09-01"):
        gather_day(db, tenant, date(2020, 1, 1))


def test_no_sections_at_all_are_named(db: Session, tenant: Tenant) -> None:
    with pytest.raises(NoSections, match="no sections yet"):
        gather_day(db, tenant, DAY_56)


def test_an_empty_cohort_is_named(db: Session, tenant: Tenant) -> None:
    make.create_section(db)

    with pytest.raises(CohortEmpty, match=r"Nobody in tenant 'oak-valley' .* on 2025-10-27"):
        gather_day(db, tenant, DAY_56)
