"""The people of the proof: a generated district with somebody in each relation to a student, and another."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from demo.districts import fill
from rollbook.access.grants import grant
from rollbook.access.service import tie_to_guardian, tie_to_staff
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_grants import GrantScope
from rollbook.accounts.service import add_user
from rollbook.core import clock
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.curriculum.models import SectionRole
from rollbook.demo.calendar import TODAY
from rollbook.demo.sign_ins import ensure_sign_ins
from rollbook.roster.models import School, Staff, StaffRole, Student
from rollbook.roster.models_families import Guardian, StudentGuardian
from rollbook.testing import factories as make
from rollbook.testing.rows import add

DEMO_STUDENTS: Final = 24
LEFT: Final = date(2025, 10, 1)
OLD_YEAR: Final = date(2023, 9, 1), date(2024, 6, 14)
LONG: Final = timedelta(days=30)


@dataclass(frozen=True)
class People:
    """Who stands in which relation: students by what they are to the cast."""

    north: int
    south: int
    students: dict[str, UUID]
    abroad: UUID

    def about(self) -> list[tuple[int, UUID]]:
        """Return whom rows are about: tenant and student."""
        return [(self.north, student) for student in self.students.values()] + [(self.south, self.abroad)]


def build(db: Session) -> People:
    """Write both tenants; ``db`` is committed by the caller."""
    south = ensure_tenant(db, "south", name="South")
    look_through(db, Visibility(south.tenant_id))
    abroad = make.create_student(db, "PPU", name="Sol Abroad", school=make.create_school(db))
    _user(db, south, Role.DISTRICT_ADMIN, "admin")
    north = ensure_tenant(db, "north", name="North")
    look_through(db, Visibility(north.tenant_id))
    fill(db, north, DEMO_STUDENTS)
    look_through(db, Visibility(north.tenant_id))
    ensure_sign_ins(db, north, TODAY, "secret")
    students = _cast(db, north)
    return People(north.tenant_id, south.tenant_id, students, abroad.student_id)


def _cast(db: Session, tenant: Tenant) -> dict[str, UUID]:
    oak, elm = make.create_school(db, code="P1"), make.create_school(db, code="P2")
    by_role = {
        "counselor": _staff(db, tenant, Role.COUNSELOR, "counselor", oak),
        "colleague": _staff(db, tenant, Role.COUNSELOR, "colleague", elm),
    }
    students = {
        "counseled": make.create_student(db, "PPU", school=oak, counselor=by_role["counselor"]),
        "at school": make.create_student(db, "PUU", school=oak),
        "colleague's": make.create_student(db, "PTU", school=elm, counselor=by_role["colleague"]),
        "elsewhere": make.create_student(db, "PPE", school=elm),
        "left long ago": make.create_student(db, "P"),
        "left this year": make.create_student(db, "PP"),
        "of nobody": make.create_student(db, "E"),
    }
    make.enroll_in_school(db, students["left long ago"], oak, since=OLD_YEAR[0], until=OLD_YEAR[1])
    make.enroll_in_school(
        db, students["left this year"], oak, counselor=by_role["counselor"], until=date(2025, 11, 3)
    )
    _work(db, tenant, oak, elm)
    _teach(db, tenant, oak, elm, students)
    _families(db, tenant, students)
    _grants(db, tenant, students)
    return {name: student.student_id for name, student in students.items()}


def _work(db: Session, tenant: Tenant, oak: School, elm: School) -> None:
    """Principals, registrars by assignment or home school; counselors without a caseload, or a past one."""
    make.assign_to_school(db, _staff(db, tenant, Role.PRINCIPAL, "principal", elm), oak, StaffRole.PRINCIPAL)
    _staff(db, tenant, Role.PRINCIPAL, "home-principal", elm)
    former = _staff(db, tenant, Role.PRINCIPAL, "former-principal", oak)
    make.assign_to_school(db, former, oak, StaffRole.PRINCIPAL, ends_on=LEFT)
    teaching = _staff(db, tenant, Role.PRINCIPAL, "principal-who-teaches", elm)
    make.assign_to_school(db, teaching, oak, StaffRole.TEACHER)
    registrar = _staff(db, tenant, Role.REGISTRAR, "registrar", elm)
    make.assign_to_school(db, registrar, oak, StaffRole.SITE_ADMINISTRATOR)
    _staff(db, tenant, Role.REGISTRAR, "home-registrar", elm)
    leading = _staff(db, tenant, Role.REGISTRAR, "registrar-of-another-role", elm)
    make.assign_to_school(db, leading, oak, StaffRole.PRINCIPAL)
    _staff(db, tenant, Role.COUNSELOR, "counselor-of-a-school", elm)
    past = _staff(db, tenant, Role.COUNSELOR, "counselor-of-the-past", oak)
    gone = make.create_student(db, "P")
    make.enroll_in_school(db, gone, elm, counselor=past, until=LEFT)
    _user(db, tenant, Role.TEACHER, "tied-to-nobody")


def _teach(db: Session, tenant: Tenant, oak: School, elm: School, students: dict[str, Student]) -> None:
    teacher = _staff(db, tenant, Role.TEACHER, "teacher", oak)
    algebra = make.create_section(db, school=oak, code="ALG-A", teacher=teacher)
    old = make.create_section(
        db, school=oak, code="OLD", teacher=teacher, starts_on=OLD_YEAR[0], ends_on=date(2023, 12, 15)
    )
    english = make.create_section(db, school=elm, code="ENG-A")
    former = _staff(db, tenant, Role.TEACHER, "former-teacher", elm)
    make.assign_to_section(db, former, english, ends_on=LEFT)
    proctor = _staff(db, tenant, Role.TEACHER, "proctor", elm)
    make.assign_to_section(db, proctor, english, role=SectionRole.PROCTOR)
    make.enroll_in_course(db, students["counseled"], algebra)
    make.enroll_in_course(db, students["colleague's"], algebra, withdrawn_on=LEFT)
    make.enroll_in_course(db, students["left long ago"], old)
    make.enroll_in_course(db, students["elsewhere"], english)


def _families(db: Session, tenant: Tenant, students: dict[str, Student]) -> None:
    """A guardian of one child, and of another whom a court keeps from them; each student has a guardian."""
    parent = _guardian(db, "G1")
    tie_to_guardian(db, _user(db, tenant, Role.GUARDIAN, "guardian"), "G1")
    _relate(db, parent, students["at school"])
    _relate(db, parent, students["elsewhere"], may_see_records=False)
    for number, student in enumerate(students.values()):
        _relate(db, _guardian(db, f"H{number}"), student)


def _guardian(db: Session, number: str) -> Guardian:
    return add(db, Guardian(guardian_number=number, first_name="Gus", last_name=number))


def _relate(db: Session, guardian: Guardian, student: Student, *, may_see_records: bool = True) -> None:
    add(
        db,
        StudentGuardian(
            student_id=student.student_id,
            guardian_id=guardian.guardian_id,
            relation="parent",
            may_see_records=may_see_records,
        ),
    )


def _grants(db: Session, tenant: Tenant, students: dict[str, Student]) -> None:
    number = {name: student.student_number for name, student in students.items()}
    today, tomorrow = clock.now().date(), clock.now().date() + LONG
    given: tuple[tuple[str, Role, GrantScope, str | None, date, date | None], ...] = (
        ("self", Role.STUDENT, GrantScope.STUDENT, number["counseled"], today - LONG, None),
        ("granted-school", Role.STAFF, GrantScope.SCHOOL, "P2", today - LONG, tomorrow),
        ("granted-student", Role.SERVICE, GrantScope.STUDENT, number["of nobody"], today - LONG, None),
        ("granted-tenant", Role.AUDITOR, GrantScope.TENANT, None, today - LONG, None),
        ("ended-grant", Role.RESEARCHER, GrantScope.SCHOOL, "P2", today - 2 * LONG, today - LONG),
        ("coming-grant", Role.RESEARCHER, GrantScope.SCHOOL, "P2", today + LONG, None),
        ("ended-tenant", Role.AUDITOR, GrantScope.TENANT, None, today - 2 * LONG, today - LONG),
    )
    for email, role, scope, name, since, until in given:
        grant(
            db,
            _user(db, tenant, role, email),
            scope,
            name,
            reason="the proof",
            begins_on=since,
            ends_on=until,
        )
    for role in (Role.RESEARCHER, Role.SERVICE, Role.STUDENT, Role.STAFF, Role.GUARDIAN):
        _user(db, tenant, role, f"{role.value}-without-a-grant")


def _staff(db: Session, tenant: Tenant, role: Role, name: str, school: School) -> Staff:
    staff = make.create_staff(db, name=f"{name} Staff", school=school)
    tie_to_staff(db, _user(db, tenant, role, name), staff.staff_number)
    return staff


def _user(db: Session, tenant: Tenant, role: Role, name: str) -> User:
    return add_user(
        db,
        tenant_id=tenant.tenant_id,
        email=f"{name}@{tenant.slug}.test",
        full_name=name,
        role=role,
        password=None,
    )
