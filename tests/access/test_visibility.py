"""Who sees whom. Every denial stands beside someone who does see."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.access.service import visibility_of
from rollbook.accounts.models import Role, User
from rollbook.accounts.service import add_user
from rollbook.attendance.models import AttendanceRecord
from rollbook.core import clock
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.roster.models import School, Staff, Student
from rollbook.testing import factories as make

PASSWORD = "correct horse battery"


def user(db: Session, tenant: Tenant, role: Role, school: School | None = None) -> tuple[User, Staff]:
    someone = add_user(
        db,
        tenant_id=tenant.tenant_id,
        email=f"{role.value}@oak.example",
        full_name=role.value,
        role=role,
        password=PASSWORD,
    )
    return someone, make.create_staff(db, school=school, user_id=someone.user_id)


def seen_by(db: Session, someone: User) -> set[UUID]:
    """Ask the table itself, through row-level security."""
    db.flush()
    look_through(db, visibility_of(db, someone))
    seen = set(db.scalars(select(Student.student_id)))
    look_through(db, Visibility(someone.tenant_id))
    return seen


def ids(*students: Student) -> set[UUID]:
    return {student.student_id for student in students}


def test_a_district_admin_sees_all_of_their_tenant_and_nobody_elses(db: Session, tenant: Tenant) -> None:
    admin, _ = user(db, tenant, Role.DISTRICT_ADMIN)
    here = make.create_student(db)
    elsewhere = ensure_tenant(db, "elm-park", name="Elm Park")
    look_through(db, Visibility(elsewhere.tenant_id))
    there = make.create_student(db)
    look_through(db, Visibility(tenant.tenant_id))

    assert seen_by(db, admin) == ids(here)
    look_through(db, Visibility(elsewhere.tenant_id))
    assert set(db.scalars(select(Student.student_id))) == ids(there), "who is there is seen from there"


def test_a_principal_sees_who_is_at_their_school_this_year(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    principal, _ = user(db, tenant, Role.PRINCIPAL, oak)
    now = make.create_student(db, school=oak)
    elsewhere = make.create_student(db, school=elm)
    left_this_year, left_long_ago = make.create_student(db), make.create_student(db)
    make.enroll_in_school(db, left_this_year, oak, until=date(2025, 11, 3))
    make.enroll_in_school(db, left_long_ago, oak, since=date(2023, 9, 1), until=date(2024, 6, 14))

    seen = seen_by(db, principal)

    assert seen == ids(now, left_this_year)
    assert not seen & ids(elsewhere, left_long_ago)


def test_a_counselor_sees_those_whose_open_enrollment_names_them(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    counselor, staff = user(db, tenant, Role.COUNSELOR, oak)
    _, colleague = make.create_school(db), make.create_staff(db, school=oak)
    mine = make.create_student(db, school=oak, counselor=staff)
    make.create_student(db, school=oak, counselor=colleague)
    make.create_student(db, school=oak)
    gone = make.create_student(db)
    make.enroll_in_school(db, gone, oak, counselor=staff, until=clock.now().date() - timedelta(days=2))

    assert seen_by(db, counselor) == ids(mine)


def test_a_counselor_whom_no_enrollment_names_sees_their_school(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    counselor, _ = user(db, tenant, Role.COUNSELOR, oak)
    here = make.create_student(db, school=oak)
    make.create_student(db, school=make.create_school(db))

    assert seen_by(db, counselor) == ids(here)


def test_a_counselor_whose_caseload_has_emptied_does_not_get_the_school_instead(
    db: Session, tenant: Tenant
) -> None:
    oak = make.create_school(db)
    counselor, staff = user(db, tenant, Role.COUNSELOR, oak)
    make.create_student(db, school=oak)
    gone = make.create_student(db)
    make.enroll_in_school(db, gone, oak, counselor=staff, until=date(2025, 10, 1))

    assert seen_by(db, counselor) == set()


def test_a_teacher_sees_those_in_the_sections_they_teach(db: Session, tenant: Tenant) -> None:
    teacher, staff = user(db, tenant, Role.TEACHER, make.create_school(db))
    mine = make.create_section(db, teacher=staff)
    last_year = make.create_section(db, teacher=staff, starts_on=date(2024, 9, 1), ends_on=date(2024, 12, 18))
    others = make.create_section(db, teacher=make.create_staff(db))
    inside, withdrawn, before, outside = (make.create_student(db) for _ in range(4))
    make.enroll_in_course(db, inside, mine)
    make.enroll_in_course(db, withdrawn, mine, withdrawn_on=date(2025, 10, 1))
    make.enroll_in_course(db, before, last_year)
    make.enroll_in_course(db, outside, others)

    assert seen_by(db, teacher) == ids(inside)


@pytest.mark.parametrize("role", [Role.TEACHER, Role.COUNSELOR, Role.PRINCIPAL])
def test_without_a_tie_to_anybody_nobody_is_seen(db: Session, tenant: Tenant, role: Role) -> None:
    student = make.create_student(db, school=make.create_school(db))
    someone, _ = user(db, tenant, role)
    admin, _ = user(db, tenant, Role.DISTRICT_ADMIN)

    assert seen_by(db, someone) == set()
    assert seen_by(db, admin) == ids(student)


def test_the_wall_holds_in_a_partitioned_table_too(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    counselor, staff = user(db, tenant, Role.COUNSELOR, oak)
    make.create_student(db, "PPU", school=oak, counselor=staff)
    make.create_student(db, "UUUU", school=oak)
    look_through(db, visibility_of(db, counselor))

    assert len(db.scalars(select(AttendanceRecord)).all()) == 3
