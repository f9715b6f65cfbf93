"""Grants and families: seen for a time, for a reason, and `why` says so of exactly whom one sees."""

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.access import grants
from rollbook.access.service import (
    GuardianNotFound,
    GuardianTaken,
    StudentNotFound,
    tie_to_guardian,
    today_of,
    visibility_of,
)
from rollbook.access.why import RULES, why
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_grants import GrantScope
from rollbook.accounts.service import add_user, deactivate
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.curriculum.models import Course
from rollbook.roster.models import Student
from rollbook.roster.models_families import Guardian, StudentGuardian
from rollbook.testing import factories as make
from rollbook.testing.rows import add

WITHOUT_WORK = [Role.STAFF, Role.STUDENT, Role.RESEARCHER, Role.AUDITOR, Role.SERVICE]
REASON = "covers for a colleague"


def user(db: Session, tenant: Tenant, role: Role) -> User:
    return add_user(
        db,
        tenant_id=tenant.tenant_id,
        email=f"{role.value}.{uuid4().hex[:6]}@oak.example",
        full_name=role.value,
        role=role,
        password=None,
    )


def seen_by(db: Session, someone: User) -> set[UUID]:
    """Ask the table itself, through row-level security."""
    db.flush()
    look_through(db, visibility_of(db, someone))
    seen = set(db.scalars(select(Student.student_id)))
    look_through(db, Visibility(someone.tenant_id))
    return seen


def ids(*students: Student) -> set[UUID]:
    return {student.student_id for student in students}


@pytest.mark.parametrize("role", WITHOUT_WORK)
def test_a_role_without_students_of_its_own_sees_who_is_granted_and_nobody_else(
    db: Session, tenant: Tenant, role: Role
) -> None:
    oak = make.create_school(db)
    someone = user(db, tenant, role)
    make.create_staff(db, school=oak, user_id=someone.user_id)
    here, other = make.create_student(db, school=oak), make.create_student(db, school=oak)
    assert seen_by(db, someone) == set(), "the home school of a staff record gives nothing"

    grants.grant(db, someone, GrantScope.STUDENT, here.student_number, reason=REASON)

    assert seen_by(db, someone) == ids(here)
    assert other.student_id not in seen_by(db, someone)


def test_a_school_a_section_and_the_tenant_can_be_granted(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db), make.create_school(db)
    at_oak, at_elm = make.create_student(db, school=oak), make.create_student(db, school=elm)
    taking = make.create_student(db)
    section = make.create_section(db, code="2025F/A")
    make.enroll_in_course(db, taking, section)
    gone = make.create_student(db)
    make.enroll_in_course(db, gone, section, withdrawn_on=date(2025, 9, 20))
    course = db.get_one(Course, (tenant.tenant_id, section.course_id))
    of_school, of_section, of_all = (user(db, tenant, Role.RESEARCHER) for _ in range(3))

    grants.grant(db, of_school, GrantScope.SCHOOL, oak.school_code, reason=REASON)
    grants.grant(db, of_section, GrantScope.SECTION, f"{course.course_code}/2025F/A", reason=REASON)
    grants.grant(db, of_all, GrantScope.TENANT, None, reason=REASON)

    assert seen_by(db, of_school) == ids(at_oak)
    assert seen_by(db, of_section) == ids(taking)
    assert seen_by(db, of_all) == ids(at_oak, at_elm, taking, gone)


def test_a_grant_comes_on_top_of_ones_work(db: Session, tenant: Tenant) -> None:
    teacher = user(db, tenant, Role.TEACHER)
    staff = make.create_staff(db, user_id=teacher.user_id)
    mine, granted, other = (make.create_student(db) for _ in range(3))
    make.enroll_in_course(db, mine, make.create_section(db, teacher=staff))

    grants.grant(db, teacher, GrantScope.STUDENT, granted.student_number, reason=REASON)

    assert seen_by(db, teacher) == ids(mine, granted)
    assert other.student_id not in seen_by(db, teacher)


@pytest.mark.parametrize(
    ("begins", "ends", "is_seen"), [(-5, None, True), (0, 1, True), (-5, 0, False), (1, None, False)]
)
def test_a_grant_is_in_force_for_its_days(
    db: Session, tenant: Tenant, begins: int, ends: int | None, is_seen: bool
) -> None:
    someone, student = user(db, tenant, Role.AUDITOR), make.create_student(db)
    today = today_of(db, someone)

    grants.grant(
        db,
        someone,
        GrantScope.STUDENT,
        student.student_number,
        reason=REASON,
        begins_on=today + timedelta(days=begins),
        ends_on=None if ends is None else today + timedelta(days=ends),
    )

    assert (seen_by(db, someone) == ids(student)) is is_seen
    assert bool(why(db, someone, student.student_id)) is is_seen


def test_a_grant_taken_back_gives_nothing_and_stays_in_the_list(db: Session, tenant: Tenant) -> None:
    someone, student = user(db, tenant, Role.AUDITOR), make.create_student(db)
    given = grants.grant(db, someone, GrantScope.STUDENT, student.student_number, reason=REASON)
    other = user(db, tenant, Role.AUDITOR)
    with pytest.raises(grants.GrantNotFound):
        grants.end_grant(db, other, given.grant_id)
    assert seen_by(db, someone) == ids(student)

    grants.end_grant(db, someone, given.grant_id)

    assert seen_by(db, someone) == set()
    assert grants.list_grants(db, someone) == [given]
    with pytest.raises(grants.GrantEnded):
        grants.end_grant(db, someone, given.grant_id)


@pytest.mark.parametrize(
    ("asked", "reason", "error"),
    [
        ((GrantScope.TENANT, "S1"), REASON, grants.ScopeUnnamed),
        ((GrantScope.SCHOOL, None), REASON, grants.ScopeUnnamed),
        ((GrantScope.SCHOOL, "NO"), REASON, grants.ScopeNotFound),
        ((GrantScope.SECTION, "NO/NO"), REASON, grants.ScopeNotFound),
        ((GrantScope.STUDENT, "NO"), REASON, StudentNotFound),
        ((GrantScope.TENANT, None), "  ", grants.ReasonMissing),
        ((GrantScope.TENANT, None), "x" * 501, grants.ReasonMissing),
    ],
)
def test_a_grant_that_cannot_be_is_refused(
    db: Session, tenant: Tenant, asked: tuple[GrantScope, str | None], reason: str, error: type[Exception]
) -> None:
    someone = user(db, tenant, Role.AUDITOR)

    with pytest.raises(error):
        grants.grant(db, someone, *asked, reason=reason)
    assert grants.list_grants(db, someone) == []


def test_a_grant_that_ends_before_it_begins_is_refused(db: Session, tenant: Tenant) -> None:
    someone = user(db, tenant, Role.AUDITOR)
    today = today_of(db, someone)

    with pytest.raises(grants.GrantDatesInvalid):
        grants.grant(db, someone, GrantScope.TENANT, None, reason=REASON, ends_on=today)


def test_another_tenants_student_cannot_be_granted(db: Session, tenant: Tenant) -> None:
    someone = user(db, tenant, Role.AUDITOR)
    elsewhere = ensure_tenant(db, "elm-park", name="Elm Park")
    look_through(db, Visibility(elsewhere.tenant_id))
    there = make.create_student(db)
    number = there.student_number
    look_through(db, Visibility(tenant.tenant_id))

    with pytest.raises(StudentNotFound):
        grants.grant(db, someone, GrantScope.STUDENT, number, reason=REASON)


def family(db: Session, number: str, *children: Student, may_see: bool = True) -> Guardian:
    guardian = add(db, Guardian(guardian_number=number, first_name="Gil", last_name="Garda"))
    for child in children:
        add(
            db,
            StudentGuardian(
                student_id=child.student_id,
                guardian_id=guardian.guardian_id,
                relation="mother",
                may_see_records=may_see,
            ),
        )
    return guardian


def test_a_guardian_sees_those_they_answer_for_unless_a_court_says_no(db: Session, tenant: Tenant) -> None:
    child, sister, stranger = (make.create_student(db) for _ in range(3))
    family(db, "G1", child, sister)
    family(db, "G2", child, may_see=False)
    mother, barred = user(db, tenant, Role.GUARDIAN), user(db, tenant, Role.GUARDIAN)

    tie_to_guardian(db, mother, "G1")
    tie_to_guardian(db, barred, "G2")

    assert seen_by(db, mother) == ids(child, sister)
    assert seen_by(db, barred) == set()
    assert stranger.student_id not in seen_by(db, mother)


def test_a_guardians_record_is_not_taken_from_who_signs_in_with_it(db: Session, tenant: Tenant) -> None:
    family(db, "G1")
    first, second = user(db, tenant, Role.GUARDIAN), user(db, tenant, Role.GUARDIAN)
    tie_to_guardian(db, first, "G1")

    with pytest.raises(GuardianTaken):
        tie_to_guardian(db, second, "G1")
    with pytest.raises(GuardianNotFound):
        tie_to_guardian(db, second, "G9")

    deactivate(db, tenant.tenant_id, first.user_id)
    tie_to_guardian(db, second, "G1")


def cast(db: Session, tenant: Tenant) -> tuple[dict[str, User], list[Student]]:
    """Return users of every kind, and students whom they see by every rule, or not."""
    oak, elm = make.create_school(db), make.create_school(db)
    users = {role.value: user(db, tenant, role) for role in Role}
    staff = {
        name: make.create_staff(db, school=oak, user_id=users[name].user_id)
        for name in ("teacher", "principal", "counselor", "registrar", "staff")
    }
    users["substitute"] = user(db, tenant, Role.TEACHER)
    at_oak, at_elm = make.create_student(db, school=oak), make.create_student(db, school=elm)
    counseled = make.create_student(db, school=oak, counselor=staff["counselor"])
    taught, left, once, unknown = (make.create_student(db) for _ in range(4))
    section = make.create_section(db, teacher=staff["teacher"], school=elm)
    make.enroll_in_course(db, taught, section)
    make.enroll_in_course(db, left, section, withdrawn_on=date(2025, 10, 1))
    make.enroll_in_school(db, once, oak, since=date(2022, 9, 1), until=date(2023, 6, 1))
    tie_to_guardian(db, users["guardian"], family(db, "G1", at_oak).guardian_number)
    grants.grant(db, users["student"], GrantScope.STUDENT, taught.student_number, reason="their own record")
    grants.grant(db, users["auditor"], GrantScope.TENANT, None, reason="yearly audit")
    grants.grant(db, users["researcher"], GrantScope.SCHOOL, elm.school_code, reason="a study")
    course = db.get_one(Course, (tenant.tenant_id, section.course_id))
    name = f"{course.course_code}/{section.section_code}"
    grants.grant(db, users["substitute"], GrantScope.SECTION, name, reason=REASON)
    return users, [at_oak, at_elm, counseled, taught, left, once, unknown]


def test_why_says_yes_of_exactly_those_whom_the_user_sees(db: Session, tenant: Tenant) -> None:
    users, students = cast(db, tenant)

    told = {
        (name, student.student_id): why(db, someone, student.student_id)
        for name, someone in users.items()
        for student in students
    }

    seen = {(name, student) for name, someone in users.items() for student in seen_by(db, someone)}
    assert {pair for pair, reasons in told.items() if reasons} == seen
    assert {reason.rule for reasons in told.values() for reason in reasons} == set(RULES)
    assert 10 < len(seen) < len(told) - 20, "each denial stands beside somebody who sees"


def test_why_names_the_enrollment_the_assignment_and_since_when(db: Session, tenant: Tenant) -> None:
    users, (at_oak, _, counseled, taught, *_) = cast(db, tenant)

    (teaches,) = why(db, users["teacher"], taught.student_id)
    assert (teaches.rule, teaches.since) == ("students_taught", make.TERM_STARTS)
    assert "teacher of Algebra I, section 2025F" in teaches.because
    assert "takes it since 2025-09-01" in teaches.because

    (leads,) = why(db, users["principal"], at_oak.student_id)
    assert leads.rule == "students_at_school"
    assert "the student is enrolled there since 2025-09-01" in leads.because

    (counsels,) = why(db, users["counselor"], counseled.student_id)
    assert (counsels.rule, counsels.since) == ("students_counseled", make.TERM_STARTS)

    (answers,) = why(db, users["guardian"], at_oak.student_id)
    assert answers.because.startswith("mother of the student")

    (granted,) = why(db, users["student"], taught.student_id)
    assert granted.because.endswith("their own record")


def test_who_may_not_sign_in_sees_nobody(db: Session, tenant: Tenant) -> None:
    admin, student = user(db, tenant, Role.DISTRICT_ADMIN), make.create_student(db)
    assert why(db, admin, student.student_id) != []

    deactivate(db, tenant.tenant_id, admin.user_id)

    assert why(db, admin, student.student_id) == []
