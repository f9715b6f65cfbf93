"""A student enrolls, withdraws, transfers: one row at a time, never two primary schools at once."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.roster import enrolling
from rollbook.roster.enrolling import Placement, enroll_student, transfer_student, withdraw_student
from rollbook.roster.models import Student
from rollbook.roster.profiles import enrollments_of
from rollbook.roster.schools import SchoolNotFound
from rollbook.roster.service import StudentNotFound
from rollbook.testing import factories as make

SEPTEMBER, OCTOBER, NOVEMBER = date(2025, 9, 1), date(2025, 10, 1), date(2025, 11, 3)


def test_who_enrolls_gets_the_grade_of_the_student_and_the_year_of_the_day(
    db: Session, tenant: Tenant
) -> None:
    oak, student = make.create_school(db), make.create_student(db, grade_level=10)

    made = enroll_student(
        db, tenant.tenant_id, student.student_id, Placement(oak.school_id, SEPTEMBER, entry_code="E1")
    )

    assert (made.grade_level, made.school_year, made.entry_code) == (10, 2026, "E1")
    (kept,) = enrollments_of(db, tenant.tenant_id, student.student_id)
    assert (kept.school_id, kept.entry_on, kept.exit_on, kept.is_primary) == (
        oak.school_id,
        SEPTEMBER,
        None,
        True,
    )


def test_who_withdraws_keeps_the_version_without_an_exit(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db, school=make.create_school(db), since=SEPTEMBER)
    (enrolled,) = enrollments_of(db, tenant.tenant_id, student.student_id)

    withdraw_student(db, tenant.tenant_id, enrolled.enrollment_id, exit_on=NOVEMBER, exit_code="transferred")

    (left,) = enrollments_of(db, tenant.tenant_id, student.student_id)
    assert (left.exit_on, left.exit_code) == (NOVEMBER, "transferred")
    assert left.known_at > enrolled.known_at
    (then,) = enrollments_of(db, tenant.tenant_id, student.student_id, known_until=left.known_at)
    assert then.exit_on is None, "as known before that"


def test_who_transfers_is_at_one_school_on_every_day(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    student = make.create_student(db, school=oak, since=SEPTEMBER)

    transfer_student(db, tenant.tenant_id, student.student_id, Placement(elm.school_id, OCTOBER))

    there, here = enrollments_of(db, tenant.tenant_id, student.student_id)
    assert (here.school_id, here.entry_on, here.exit_on) == (oak.school_id, SEPTEMBER, OCTOBER)
    assert (there.school_id, there.entry_on, there.exit_on) == (elm.school_id, OCTOBER, None)


def test_a_transfer_that_fails_leaves_the_student_where_they_are(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    student = make.create_student(db, school=oak, since=SEPTEMBER)
    placement = Placement(elm.school_id, OCTOBER, grade_level=13)

    with pytest.raises(enrolling.GradeLevelInvalid):
        transfer_student(db, tenant.tenant_id, student.student_id, placement)

    (still,) = enrollments_of(db, tenant.tenant_id, student.student_id)
    assert (still.school_id, still.exit_on) == (oak.school_id, None)


def test_a_second_primary_school_is_refused_in_words_that_name_nobody(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db, name="Oak High School"), make.create_school(db)
    student = make.create_student(db, name="Ada Byron", school=oak, since=SEPTEMBER)

    with pytest.raises(enrolling.EnrollmentOverlaps) as refusal:
        enroll_student(db, tenant.tenant_id, student.student_id, Placement(elm.school_id, OCTOBER))

    said = f"{refusal.value} {refusal.value.facts} {refusal.value.__cause__}"
    assert not any(name in said for name in ("Ada", "Oak", str(student.student_id), "2025"))
    second = Placement(elm.school_id, OCTOBER, is_primary=False)
    enroll_student(db, tenant.tenant_id, student.student_id, second)
    assert len(enrollments_of(db, tenant.tenant_id, student.student_id)) == 2, "the transaction goes on"


def test_nobody_leaves_before_entering_or_twice(db: Session, tenant: Tenant) -> None:
    student = make.create_student(db, school=make.create_school(db), since=SEPTEMBER)
    (enrolled,) = enrollments_of(db, tenant.tenant_id, student.student_id)

    with pytest.raises(enrolling.ExitBeforeEntry):
        withdraw_student(db, tenant.tenant_id, enrolled.enrollment_id, exit_on=date(2025, 8, 1))
    withdraw_student(db, tenant.tenant_id, enrolled.enrollment_id, exit_on=NOVEMBER)
    with pytest.raises(enrolling.AlreadyWithdrawn):
        withdraw_student(db, tenant.tenant_id, enrolled.enrollment_id, exit_on=NOVEMBER)


def test_the_same_school_and_no_school_are_refused(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    student, nowhere = make.create_student(db, school=oak, since=SEPTEMBER), make.create_student(db)

    with pytest.raises(enrolling.SameSchool):
        transfer_student(db, tenant.tenant_id, student.student_id, Placement(oak.school_id, OCTOBER))
    with pytest.raises(enrolling.NotEnrolled):
        transfer_student(db, tenant.tenant_id, nowhere.student_id, Placement(oak.school_id, OCTOBER))
    with pytest.raises(enrolling.EnrollmentExists):
        enroll_student(
            db, tenant.tenant_id, student.student_id, Placement(oak.school_id, SEPTEMBER, is_primary=False)
        )


def test_who_is_out_of_sight_or_of_another_tenant_does_not_exist(db: Session, tenant: Tenant) -> None:
    oak, student = make.create_school(db), make.create_student(db)
    hidden = make.create_student(db, school=oak)
    (enrolled,) = enrollments_of(db, tenant.tenant_id, hidden.student_id)
    other = ensure_tenant(db, "elm-park", name="Elm Park")
    look_through(db, Visibility(other.tenant_id))
    elsewhere = make.create_school(db)
    look_through(db, Visibility(tenant.tenant_id, [student.student_id]))
    db.expunge_all()

    with pytest.raises(StudentNotFound):
        enroll_student(db, tenant.tenant_id, hidden.student_id, Placement(oak.school_id, OCTOBER))
    with pytest.raises(enrolling.EnrollmentNotFound):
        withdraw_student(db, tenant.tenant_id, enrolled.enrollment_id, exit_on=NOVEMBER)
    with pytest.raises(SchoolNotFound):
        enroll_student(db, tenant.tenant_id, student.student_id, Placement(elsewhere.school_id, OCTOBER))
    assert enroll_student(db, tenant.tenant_id, student.student_id, Placement(oak.school_id, OCTOBER))


offsets = st.integers(0, 12)
spans = st.tuples(offsets, st.none() | st.integers(0, 6))
HORIZON = 40


@pytest.mark.usefixtures("tenant")
@settings(max_examples=40, deadline=None)
@given(wanted=st.lists(spans, max_size=7))
def test_postgresql_and_a_calendar_of_days_agree_on_what_overlaps(
    db: Session, wanted: list[tuple[int, int | None]]
) -> None:
    with db.begin_nested() as scratch:
        student = make.create_student(db)
        taken: set[int] = set()
        for entry, length in wanted:
            stay = set(range(entry, HORIZON if length is None else entry + length))

            assert _fits(db, student, entry, length) == (not stay & taken)
            taken |= set() if stay & taken else stay
        scratch.rollback()


def _fits(db: Session, student: Student, entry: int, length: int | None) -> bool:
    """Place ``student`` in a new school for [entry, entry + length); say whether that was allowed."""
    since = SEPTEMBER + timedelta(days=entry)
    until = None if length is None else since + timedelta(days=length)
    school = make.create_school(db)
    try:
        with db.begin_nested():
            make.enroll_in_school(db, student, school, since=since, until=until)
    except IntegrityError:
        return False
    return True
