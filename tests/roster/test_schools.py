"""Schools: by code, with who works there and how many of those in sight are in them."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.roster.models import StaffRole
from rollbook.roster.schools import (
    SchoolNotFound,
    find_school,
    grades_of_school,
    list_schools,
    staff_of_school,
)
from rollbook.testing import factories as make

DAY = date(2025, 11, 3)


def test_schools_come_by_code_page_by_page(db: Session, tenant: Tenant) -> None:
    for code in ("ELM", "ASH", "OAK"):
        make.create_school(db, code=code)

    first, cursor = list_schools(db, tenant.tenant_id, DAY, limit=2)
    rest, end = list_schools(db, tenant.tenant_id, DAY, cursor=cursor, limit=2)

    assert [school.school_code for school in first + rest] == ["ASH", "ELM", "OAK"]
    assert end is None


def test_students_are_counted_who_are_there_on_the_day_and_in_sight(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    nine, ten = make.create_student(db, school=oak), make.create_student(db, school=oak, grade_level=10)
    left = make.create_student(db)
    make.enroll_in_school(db, left, oak, until=DAY)

    assert find_school(db, tenant.tenant_id, oak.school_id, DAY).students == 2
    grades = grades_of_school(db, tenant.tenant_id, oak.school_id, DAY)
    assert [(grade.grade_level, grade.students) for grade in grades] == [(9, 1), (10, 1)]
    assert find_school(db, tenant.tenant_id, oak.school_id, date(2025, 11, 2)).students == 3
    look_through(db, Visibility(tenant.tenant_id, [nine.student_id]))
    assert find_school(db, tenant.tenant_id, oak.school_id, DAY).students == 1
    assert ten.student_id != nine.student_id


def test_who_leads_a_school_is_named_first_and_who_left_not_at_all(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    for name, role, ends_on in (
        ("Tara Teach", StaffRole.TEACHER, None),
        ("Paul Prince", StaffRole.PRINCIPAL, None),
        ("Lena Left", StaffRole.PRINCIPAL, DAY),
        ("Cora Lane", StaffRole.COUNSELOR, date(2025, 11, 4)),
    ):
        make.assign_to_school(db, make.create_staff(db, name=name, school=oak), oak, role, ends_on=ends_on)
    make.create_staff(db, name="Hana Home", school=oak)
    make.assign_to_school(db, make.create_staff(db, name="Ella Elm", school=oak), elm)

    staff = staff_of_school(db, tenant.tenant_id, oak.school_id, DAY)

    assert [(member.name, member.staff_role) for member in staff] == [
        ("Paul Prince", "principal"),
        ("Cora Lane", "counselor"),
        ("Tara Teach", "teacher"),
        ("Hana Home", None),
    ]


def test_a_school_of_another_tenant_does_not_exist(db: Session, tenant: Tenant) -> None:
    other = ensure_tenant(db, "elm-park", name="Elm Park")
    look_through(db, Visibility(other.tenant_id))
    elsewhere = make.create_school(db)
    assert find_school(db, other.tenant_id, elsewhere.school_id, DAY).name == elsewhere.name
    look_through(db, Visibility(tenant.tenant_id))

    for school_id in (elsewhere.school_id, UUID(int=7)):
        with pytest.raises(SchoolNotFound):
            find_school(db, tenant.tenant_id, school_id, DAY)
    assert list_schools(db, tenant.tenant_id, DAY) == ([], None)
