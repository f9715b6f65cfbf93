"""Somebody new gets a record and an enrollment, once, by people who see few students too."""

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.roster import admitting
from rollbook.roster.admitting import NewStudent, admit_student
from rollbook.roster.enrolling import Placement
from rollbook.roster.models import Student, StudentSchoolEnrollment
from rollbook.roster.schools import SchoolNotFound
from rollbook.testing import factories as make

FIRST = date(2025, 9, 1)
NOOR = NewStudent("N-1", "Noor", "New", date(2012, 2, 29), middle_name="B.")


def test_who_sees_one_student_admits_another_and_then_sees_no_more(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    ada = make.create_student(db)
    look_through(db, Visibility(tenant.tenant_id, [ada.student_id]))

    made = admit_student(db, tenant.tenant_id, NOOR, Placement(oak.school_id, FIRST, "E01", 7))

    assert set(db.scalars(select(Student.student_id))) == {ada.student_id}
    look_through(db, Visibility(tenant.tenant_id))
    student = db.get_one(Student, (tenant.tenant_id, made))
    assert (student.student_number, student.middle_name, student.grade_level) == ("N-1", "B.", 7)
    stay = db.scalars(select(StudentSchoolEnrollment).filter_by(student_id=made)).one()
    assert (stay.school_id, stay.entry_on, stay.entry_code, stay.grade_level) == (
        oak.school_id,
        FIRST,
        "E01",
        7,
    )


@pytest.mark.parametrize(
    ("new", "refused"),
    [
        (NewStudent("N-1", "Other", "Person", date(2011, 1, 1)), admitting.NumberTaken),
        (NewStudent("N-2", "NOOR", "new", date(2012, 2, 29)), admitting.MayBeThere),
        (NewStudent("N-2", "Noor", "New", date(1900, 1, 1)), admitting.BirthInvalid),
        (NewStudent("N-2", "Noor", "New", FIRST), admitting.BirthInvalid),
    ],
)
def test_nobody_is_admitted_twice_or_before_birth(
    db: Session, tenant: Tenant, new: NewStudent, refused: type[Exception]
) -> None:
    place = Placement(make.create_school(db).school_id, FIRST)
    admit_student(db, tenant.tenant_id, NOOR, place)

    with pytest.raises(refused) as told:
        admit_student(db, tenant.tenant_id, new, place)

    assert "Noor" not in str(told.value)
    assert len(db.scalars(select(Student)).all()) == 1


def test_without_a_school_nobody_is_admitted(db: Session, tenant: Tenant) -> None:
    with pytest.raises(SchoolNotFound), db.begin_nested():
        admit_student(db, tenant.tenant_id, NOOR, Placement(uuid4(), FIRST))

    assert db.scalars(select(Student)).all() == []
