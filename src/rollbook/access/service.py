"""What a user may see, from what they are and whom they work with."""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role, User
from rollbook.accounts.models_grants import GrantScope
from rollbook.core import clock
from rollbook.core.errors import Conflict, NotFound
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, Visibility
from rollbook.roster.models import Staff, StaffRole, Student
from rollbook.roster.models_families import Guardian

_SQL: Final = named_sql("rollbook.access")
# Which work at a school lets the holder of a role see all of its students. A principal who also teaches
# elsewhere does not see that whole school; work for the whole tenant is what a district admin's role says.
# OneRoster has no word for a school's office: a registrar's work there is that of a site administrator.
SCHOOL_ROLES: Final = {
    Role.PRINCIPAL: [StaffRole.PRINCIPAL, StaffRole.SITE_ADMINISTRATOR],
    Role.COUNSELOR: [StaffRole.COUNSELOR],
    Role.REGISTRAR: [StaffRole.SITE_ADMINISTRATOR],
}

_GRANTED: Final = "to whom the student is granted"
_INTERESTS: Final = {
    "students_taught": "of a section that the student takes",
    "students_counseled": "whom the student's enrollment names",
    "students_at_school": "at the student's school",
    "students_of_guardian": "who answers for the student",
    "students_granted": _GRANTED,
}


class StaffNotFound(NotFound):
    """The tenant has no staff member with the number '{staff_number}'."""


class StaffTaken(Conflict):
    """The staff member '{staff_number}' already signs in as {email}. Nothing was changed.

    If that sign-in is out of use, end it first: `rollbook user deactivate {email}`.
    """


class GuardianNotFound(NotFound):
    """The tenant has no guardian with the number '{guardian_number}'."""


class GuardianTaken(Conflict):
    """The guardian '{guardian_number}' already signs in as somebody else. Nothing was changed."""


class StudentNotFound(NotFound):
    """The tenant has no student with the number '{student_number}'."""


def tie_to_staff(db: Session, user: User, staff_number: str) -> None:
    """Let ``user`` be the staff member with this number: their school, caseload and sections are the user's.

    Raises: ``StaffNotFound``; ``StaffTaken`` by another user who may sign in.
    """
    found = select(Staff).where(Staff.tenant_id == user.tenant_id, Staff.staff_number == staff_number)
    staff = db.scalar(found)
    if staff is None:
        raise StaffNotFound(staff_number=staff_number)
    holder = db.get(User, (user.tenant_id, staff.user_id)) if staff.user_id else None
    if holder is not None and holder is not user and holder.is_active:
        raise StaffTaken(staff_number=staff_number, email=holder.email)
    staff.user_id = user.user_id
    db.flush()


def tie_to_guardian(db: Session, user: User, guardian_number: str) -> None:
    """Let ``user`` be the guardian with this number: whom they answer for, they may see.

    Raises: ``GuardianNotFound``; ``GuardianTaken`` by another user who may sign in.
    """
    same = Guardian.tenant_id == user.tenant_id, Guardian.guardian_number == guardian_number
    guardian = db.scalar(select(Guardian).where(*same))
    if guardian is None:
        raise GuardianNotFound(guardian_number=guardian_number)
    holder = db.get(User, (user.tenant_id, guardian.user_id)) if guardian.user_id else None
    if holder is not None and holder is not user and holder.is_active:
        raise GuardianTaken(guardian_number=guardian_number)
    guardian.user_id = user.user_id
    db.flush()


def untie(db: Session, user: User) -> int:
    """Let ``user`` be no member of staff and no guardian any more; return how many records were theirs."""
    count = 0
    for table in (Staff, Guardian):
        theirs = table.tenant_id == user.tenant_id, table.user_id == user.user_id
        freed = update(table).where(*theirs).values(user_id=None).returning(table.tenant_id)
        count += len(db.execute(freed).all())
    db.expire_all()
    return count


def visibility_of(db: Session, user: User, *, for_writing: bool = False) -> Visibility:
    """Return what ``user`` may see; ``db`` must look at the whole tenant while this asks.

    A district admin sees the tenant. A principal sees the students of the schools they lead, a registrar
    those of the schools whose books they keep; a counselor those whose enrollment names them, or those of
    their schools where no enrollment ever did; a teacher those in the sections they teach; a guardian those
    they answer for and may see; whoever is granted a school, a section or a student sees those too. All by
    what stands today, in the tenant's time zone. Someone whom no staff record ties to anybody sees nobody.
    ``for_writing``: whom they may write about, which a grant widens only where it says so.
    """
    if user.role is Role.DISTRICT_ADMIN:
        return Visibility(user.tenant_id)
    who = who_is(db, user) | {"for_writing": for_writing}
    scopes = set(db.scalars(_SQL["scopes_granted"], who))
    if GrantScope.TENANT in scopes:
        return Visibility(user.tenant_id)
    rules = {rule_of(db, user.role, who)} | ({"students_granted"} if scopes else set())
    ids = {student_id for rule in rules for student_id in db.scalars(_SQL[rule], who)}
    return Visibility(user.tenant_id, tuple(sorted(ids)))


def interest_of(db: Session, user: User) -> str:
    """Return in words the rules by which ``user`` sees students, as a disclosure keeps them.

    Source: 34 CFR 99.31(a)(1) and 99.32: a school official's legitimate educational interest.
    """
    role = user.role.value.replace("_", " ")
    if user.role is Role.DISTRICT_ADMIN:
        return f"{role} of the student's district"
    who = who_is(db, user)
    by_role = _INTERESTS[rule_of(db, user.role, who)]
    is_granted = bool(db.scalars(_SQL["scopes_granted"], who).all())
    return f"{role} {by_role}" + (f", or {_GRANTED}" if is_granted and by_role != _GRANTED else "")


def who_is(db: Session, user: User) -> dict[str, object]:
    """Return what the queries of rules ask: who, on which day, by which work at a school."""
    return {
        "tenant_id": user.tenant_id,
        "user_id": user.user_id,
        "today": today_of(db, user),
        "staff_roles": SCHOOL_ROLES.get(user.role, []),
        "for_writing": False,
    }


def rule_of(db: Session, role: Role, who: dict[str, object]) -> str:
    """Return the query of the students whom this role sees by work or family; grants come on top.

    Whose role says nothing of any student (researcher, auditor, service, other staff, and students, whose own
    record is granted to them) sees who is granted.
    """
    match role:
        case Role.TEACHER:
            return "students_taught"
        case Role.COUNSELOR if db.scalar(_SQL["has_caseload"], who):
            return "students_counseled"
        case Role.COUNSELOR | Role.PRINCIPAL | Role.REGISTRAR:
            return "students_at_school"
        case Role.GUARDIAN:
            return "students_of_guardian"
        case _:
            return "students_granted"


def find_student_id(db: Session, tenant_id: int, student_number: str) -> UUID:
    """Return the id of the student with this number.

    Raises: ``StudentNotFound``.
    """
    same = Student.tenant_id == tenant_id, Student.student_number == student_number
    found = db.scalar(select(Student.student_id).where(*same))
    if found is None:
        raise StudentNotFound(student_number=student_number)
    return found


def today_of(db: Session, user: User) -> date:
    """Return the day that it is for the user, in the tenant's time zone."""
    zone = db.get_one(Tenant, user.tenant_id).time_zone
    return clock.today_in(zone)
