"""Who sees whom. Every denial stands beside someone who does see."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.access.service import visibility_of
from rollbook.access.why import why
from rollbook.access.writing import Work, may_for_section
from rollbook.accounts.models import Role, User
from rollbook.accounts.service import add_user
from rollbook.attendance.models import AttendanceRecord
from rollbook.core import clock
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.curriculum.models import SectionRole
from rollbook.roster.models import School, Staff, StaffRole, Student
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


def test_a_registrar_sees_who_is_at_the_school_whose_books_they_keep(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    registrar, staff = user(db, tenant, Role.REGISTRAR, elm)
    make.assign_to_school(db, staff, oak, StaffRole.SITE_ADMINISTRATOR)
    here, there = make.create_student(db, school=oak), make.create_student(db, school=elm)

    assert seen_by(db, registrar) == ids(here)
    staff.school_id = oak.school_id
    assert there.student_id not in seen_by(db, registrar), "an assignment stands before the home school"


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


def day(offset: int) -> date:
    """Return a day before or after today; two days off are off in every time zone."""
    return clock.now().date() + timedelta(days=offset)


@pytest.mark.parametrize(
    ("begins", "ends", "sees"),
    [(None, None, True), (-9, 9, True), (None, -2, False), (2, None, False), (-9, -2, False)],
)
def test_a_teacher_sees_a_section_while_assigned_to_it(
    db: Session, tenant: Tenant, begins: int | None, ends: int | None, sees: bool
) -> None:
    teacher, staff = user(db, tenant, Role.TEACHER)
    section = make.create_section(db, starts_on=day(-30), ends_on=day(30))
    student = make.create_student(db)
    make.enroll_in_course(db, student, section)
    since, until = (None if offset is None else day(offset) for offset in (begins, ends))
    make.assign_to_section(db, staff, section, begins_on=since, ends_on=until)

    assert seen_by(db, teacher) == (ids(student) if sees else set())


def test_who_taught_a_section_to_its_end_keeps_seeing_it_and_who_was_replaced_does_not(
    db: Session, tenant: Tenant
) -> None:
    teacher, staff = user(db, tenant, Role.TEACHER)
    other, replaced = user(db, tenant, Role.COUNSELOR)
    other.role = Role.TEACHER
    section = make.create_section(db, starts_on=day(-90), ends_on=day(-10))
    student = make.create_student(db)
    make.enroll_in_course(db, student, section, withdrawn_on=day(-10))
    make.assign_to_section(db, replaced, section, ends_on=day(-60))
    make.assign_to_section(db, staff, section, begins_on=day(-60), ends_on=day(-10))

    assert seen_by(db, teacher) == ids(student)
    assert seen_by(db, other) == set()


def test_an_aide_sees_the_section_and_a_proctor_does_not(db: Session, tenant: Tenant) -> None:
    teacher, staff = user(db, tenant, Role.TEACHER)
    helped, overseen = make.create_section(db), make.create_section(db)
    inside, examined = make.create_student(db), make.create_student(db)
    make.enroll_in_course(db, inside, helped)
    make.enroll_in_course(db, examined, overseen)
    make.assign_to_section(db, staff, helped, role=SectionRole.AIDE)
    make.assign_to_section(db, staff, overseen, role=SectionRole.PROCTOR)

    assert seen_by(db, teacher) == ids(inside)


def test_a_principal_sees_the_schools_led_today_not_those_taught_at_or_led_before(
    db: Session, tenant: Tenant
) -> None:
    oak, elm, ash, yew = (make.create_school(db) for _ in range(4))
    principal, staff = user(db, tenant, Role.PRINCIPAL, yew)
    make.assign_to_school(db, staff, oak, StaffRole.PRINCIPAL, begins_on=day(-400))
    make.assign_to_school(db, staff, elm, StaffRole.TEACHER)
    make.assign_to_school(db, staff, ash, StaffRole.PRINCIPAL, ends_on=day(-2))
    make.assign_to_school(db, staff, None, StaffRole.PRINCIPAL)
    here = make.create_student(db, school=oak)
    for school in (elm, ash, yew):
        make.create_student(db, school=school)

    assert seen_by(db, principal) == ids(here), "the home school stands only where nothing was ever assigned"


def test_an_assignment_that_ended_does_not_give_the_home_school_back(db: Session, tenant: Tenant) -> None:
    oak = make.create_school(db)
    principal, staff = user(db, tenant, Role.PRINCIPAL, oak)
    student = make.create_student(db, school=oak)
    assert seen_by(db, principal) == ids(student)

    make.assign_to_school(db, staff, oak, StaffRole.PRINCIPAL, ends_on=day(-2))

    assert seen_by(db, principal) == set()


def test_a_counselor_without_a_caseload_sees_the_schools_they_counsel_at(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    counselor, staff = user(db, tenant, Role.COUNSELOR)
    make.assign_to_school(db, staff, oak, StaffRole.COUNSELOR)
    make.assign_to_school(db, staff, elm, StaffRole.TEACHER)
    here = make.create_student(db, school=oak)
    make.create_student(db, school=elm)

    assert seen_by(db, counselor) == ids(here)


def test_who_works_nowhere_any_more_sees_neither_their_caseload_nor_their_sections(
    db: Session, tenant: Tenant
) -> None:
    oak = make.create_school(db)
    counselor, counseling = user(db, tenant, Role.COUNSELOR, oak)
    teacher, teaching = user(db, tenant, Role.TEACHER, oak)
    section = make.create_section(db, starts_on=day(-30), ends_on=day(30))
    student = make.create_student(db, school=oak, counselor=counseling)
    make.enroll_in_course(db, student, section)
    make.assign_to_section(db, teaching, section)
    for staff, role in ((counseling, StaffRole.COUNSELOR), (teaching, StaffRole.TEACHER)):
        make.assign_to_school(db, staff, oak, role, begins_on=day(-400), ends_on=day(-2))

    for someone in (counselor, teacher):
        assert seen_by(db, someone) == set()
        assert list(why(db, someone, student.student_id)) == []
    assert not may_for_section(db, teacher, section.section_id, Work.ATTENDANCE)

    for staff, role in ((counseling, StaffRole.COUNSELOR), (teaching, StaffRole.TEACHER)):
        make.assign_to_school(db, staff, oak, role, begins_on=day(2))
    for someone in (counselor, teacher):
        assert seen_by(db, someone) == ids(student), "whose next work is known has not left"
        assert len(why(db, someone, student.student_id)) == 1
