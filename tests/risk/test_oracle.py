"""The rooms' SQL agrees with counting by hand."""

from datetime import date, timedelta
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from risk.cast import STARTS, by_course, facts_on
from rollbook.core.tenancy import Tenant
from rollbook.testing import factories as make

DAY = STARTS + timedelta(days=30)
PIECE = st.tuples(
    st.integers(0, 60),  # due, days after the start
    st.one_of(st.none(), st.tuples(st.integers(-5, 60), st.integers(0, 10), st.integers(0, 100))),
)


@settings(max_examples=40)
@given(pieces=st.lists(PIECE, max_size=6))
def test_work_is_counted_as_by_hand(
    db: Session, tenant: Tenant, pieces: list[tuple[int, tuple[int, int, int] | None]]
) -> None:
    with db.begin_nested() as scratch:
        section = make.create_section(db)
        student, other = make.create_student(db), make.create_student(db)
        for each in (student, other):
            make.enroll_in_course(db, each, section)
        for due, handed_in in pieces:
            work = make.create_assignment(db, section, due_on=STARTS + timedelta(days=due))
            make.record_grade(db, other, work, 50)  # the section has marks
            if handed_in:
                day, wait, percent = handed_in
                make.record_grade(
                    db,
                    student,
                    work,
                    percent,
                    submitted_on=STARTS + timedelta(days=day),
                    known_at=make.known_on(STARTS + timedelta(days=day + wait)),
                )
        found = facts_on(db, tenant, DAY, student)
        scratch.rollback()

    known = [(due, h) for due, h in pieces if h and h[0] + h[1] <= 30]
    expected = [(due, h if h and h[0] + h[1] <= 30 else None) for due, h in pieces if due <= 30]
    marks = [h[2] for _, h in known]
    # a section of which nothing is known yet has no row at all
    if not expected and not known:
        assert found["work_due"] is None
        return
    assert found["work_due"] == len(expected)
    assert found["work_missing"] == sum(h is None for _, h in expected)
    assert found["work_late"] == sum(h[0] > d for d, h in known)
    assert found["work_ahead"] == sum(d > 30 for d, _ in known)
    assert found["percent_mean"] == (pytest.approx(mean(marks)) if marks else None)
    zero_filled = [h[2] if h else 0 for _, h in expected]
    assert found["percent_of_due"] == (pytest.approx(mean(zero_filled)) if expected else None)
    assert found["days_early"] == (pytest.approx(mean(d - h[0] for d, h in known)) if known else None)


@settings(max_examples=30)
@given(register=st.text("PTEU", min_size=1, max_size=60))
def test_days_missed_are_counted_as_by_hand(db: Session, tenant: Tenant, register: str) -> None:
    with db.begin_nested() as scratch:
        section = make.create_section(db)
        student = make.create_student(db, register)
        make.enroll_in_course(db, student, section)
        found = facts_on(db, tenant, date(2025, 10, 10), student)
        scratch.rollback()

    seen = register[:30]  # six weeks of five days by then
    missed = [letter in "EU" for letter in seen]
    assert found["days_marked"] == len(seen)
    assert found["missed_rate"] == pytest.approx(mean(missed))
    assert found["missed_rate_20"] == pytest.approx(mean(missed[-20:]))
    assert found["tardy_rate"] == pytest.approx(seen.count("T") / len(seen))
    assert found["missed_in_a_row"] == len(seen) - len(seen.rstrip("EU"))


@settings(max_examples=30)
@given(clicks=st.lists(st.sampled_from([0, 0, 3, 11]), min_size=31, max_size=50))
def test_clicks_are_counted_as_by_hand(db: Session, tenant: Tenant, clicks: list[int]) -> None:
    with db.begin_nested() as scratch:
        section = make.create_section(db)
        student, other = make.create_student(db), make.create_student(db)
        for each in (student, other):
            make.enroll_in_course(db, each, section)
        make.record_clicks(db, student, section, *clicks)
        make.record_clicks(db, other, section, *[1] * 31)  # the section is observed
        found = facts_on(db, tenant, DAY, student)
        scratch.rollback()

    seen = clicks[:31]
    assert found["clicks"] == sum(seen)
    assert found["clicks_14"] == sum(seen[-14:])
    assert found["active_days_7"] == sum(day > 0 for day in seen[-7:])
    last = [30 - day for day, count in enumerate(seen) if count]
    assert found["days_since_active"] == (min(last) if last else None)


def test_work_nobody_has_a_mark_for_is_not_missing(db: Session, tenant: Tenant) -> None:
    by_course(db, tenant)
    section = make.create_section(db)
    student = make.create_student(db)
    make.enroll_in_course(db, student, section)
    make.create_assignment(db, section, due_on=STARTS + timedelta(days=7))

    assert facts_on(db, tenant, DAY, student)["work_missing"] is None


def test_work_due_before_a_student_joined_is_not_missing(db: Session, tenant: Tenant) -> None:
    by_course(db, tenant)
    section = make.create_section(db)
    there, late = make.create_student(db), make.create_student(db)
    make.enroll_in_course(db, there, section)
    make.enroll_in_course(db, late, section, enrolled_on=STARTS + timedelta(days=14))
    make.record_grade(db, there, make.create_assignment(db, section, due_on=STARTS + timedelta(days=7)), 70)
    make.record_grade(db, there, make.create_assignment(db, section, due_on=STARTS + timedelta(days=21)), 70)

    assert facts_on(db, tenant, DAY, late)["work_missing"] == 1
