"""A withdrawal ends the places in the school's sections too, as one verb; versions are kept."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.curriculum.leaving import (
    PlaceOutsideSection,
    place_in_section,
    transfer_student,
    withdraw_student,
)
from rollbook.curriculum.models import CourseEnrollment, Section
from rollbook.roster.enrolling import AlreadyWithdrawn, Placement
from rollbook.roster.models import Student
from rollbook.roster.service import StudentNotFound
from rollbook.testing import factories as make
from rollbook.testing.rows import TERM_ENDS, TERM_STARTS

EXIT = TERM_STARTS + timedelta(days=30)


def place_of(db: Session, student: Student, section: Section) -> tuple[date | None, date | None]:
    """Return the days [from, until) of a student's place."""
    table = CourseEnrollment
    found = select(table.enrolled_on, table.withdrawn_on).where(
        table.student_id == student.student_id, table.section_id == section.section_id
    )
    row = db.execute(found).one()
    return row.enrolled_on, row.withdrawn_on


def test_only_the_schools_own_running_sections_are_left(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    ada, ben = make.create_student(db), make.create_student(db)
    stay = make.enroll_in_school(db, ada, oak)
    running, elsewhere = make.create_section(db, school=oak), make.create_section(db, school=elm)
    over = make.create_section(db, school=oak, ends_on=EXIT - timedelta(days=1))
    ahead, dropped = make.create_section(db, school=oak), make.create_section(db, school=oak)
    for section, since in ((running, TERM_STARTS), (elsewhere, TERM_STARTS), (over, TERM_STARTS)):
        make.enroll_in_course(db, ada, section, enrolled_on=since)
    make.enroll_in_course(db, ada, ahead, enrolled_on=EXIT + timedelta(days=9))
    make.enroll_in_course(db, ada, dropped, enrolled_on=TERM_STARTS, withdrawn_on=EXIT - timedelta(days=9))
    make.enroll_in_course(db, ben, running, enrolled_on=TERM_STARTS)

    left = withdraw_student(db, tenant.tenant_id, stay.enrollment_id, exit_on=EXIT, exit_code="W01")

    assert left == 2
    assert stay.exit_on == EXIT
    assert place_of(db, ada, running) == (TERM_STARTS, EXIT)
    assert place_of(db, ada, ahead) == (EXIT + timedelta(days=9), EXIT + timedelta(days=9)), "not one day"
    assert place_of(db, ada, elsewhere) == (TERM_STARTS, None)
    assert place_of(db, ada, over) == (TERM_STARTS, None), "seen through to its end"
    assert place_of(db, ada, dropped) == (TERM_STARTS, EXIT - timedelta(days=9))
    assert place_of(db, ben, running) == (TERM_STARTS, None)
    kept = text("SELECT section_id FROM course_enrollments_history WHERE withdrawn_on IS NULL")
    assert {running.section_id, ahead.section_id} <= set(db.scalars(kept))


def test_a_withdrawal_that_is_refused_leaves_the_places(db: Session, tenant: Tenant) -> None:
    oak, ada = make.create_school(db), make.create_student(db)
    stay = make.enroll_in_school(db, ada, oak, until=EXIT)
    section = make.create_section(db, school=oak)
    make.enroll_in_course(db, ada, section, enrolled_on=TERM_STARTS)

    with pytest.raises(AlreadyWithdrawn):
        withdraw_student(db, tenant.tenant_id, stay.enrollment_id, exit_on=EXIT)

    assert place_of(db, ada, section) == (TERM_STARTS, None)


def test_a_transfer_leaves_the_sections_of_the_school_left(db: Session, tenant: Tenant) -> None:
    oak, elm, ada = make.create_school(db), make.create_school(db), make.create_student(db)
    make.enroll_in_school(db, ada, oak)
    section = make.create_section(db, school=oak)
    make.enroll_in_course(db, ada, section, enrolled_on=TERM_STARTS)

    entered = transfer_student(db, tenant.tenant_id, ada.student_id, Placement(elm.school_id, EXIT))

    assert (entered.school_id, entered.entry_on) == (elm.school_id, EXIT)
    assert place_of(db, ada, section) == (TERM_STARTS, EXIT)


def test_who_comes_back_gets_the_old_place_again_or_a_new_one(db: Session, tenant: Tenant) -> None:
    oak, ada = make.create_school(db), make.create_student(db)
    stay = make.enroll_in_school(db, ada, oak)
    old, new = make.create_section(db, school=oak), make.create_section(db, school=oak)
    make.enroll_in_course(db, ada, old, enrolled_on=TERM_STARTS)
    withdraw_student(db, tenant.tenant_id, stay.enrollment_id, exit_on=EXIT)
    back = EXIT + timedelta(days=20)
    key = (db, tenant.tenant_id, ada.student_id)

    written = [place_in_section(*key, section.section_id, back) for section in (old, old, new)]

    assert written == [True, False, True], "a place that is open stays as it is"
    assert place_of(db, ada, old) == (TERM_STARTS, None)
    assert place_of(db, ada, new) == (back, None)


def test_a_place_is_given_within_the_sections_days_to_a_student_in_sight(db: Session, tenant: Tenant) -> None:
    ada, section = make.create_student(db), make.create_section(db)
    key = (db, tenant.tenant_id, ada.student_id, section.section_id)
    with pytest.raises(PlaceOutsideSection):
        place_in_section(*key, TERM_ENDS + timedelta(days=1))

    look_through(db, Visibility(tenant.tenant_id, ()))
    db.expire_all()

    with pytest.raises(StudentNotFound):
        place_in_section(*key, TERM_STARTS)
