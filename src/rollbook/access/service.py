"""What a user may see, from what they are and whom they work with."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role, User
from rollbook.core import clock
from rollbook.core.errors import Conflict, NotFound
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, Visibility
from rollbook.roster.models import Staff, StaffRole

_SQL: Final = named_sql("rollbook.access")
# Which work at a school lets the holder of a role see all of its students. A principal who also teaches
# elsewhere does not see that whole school; work for the whole tenant is what a district admin's role says.
SCHOOL_ROLES: Final = {
    Role.PRINCIPAL: [StaffRole.PRINCIPAL, StaffRole.SITE_ADMINISTRATOR],
    Role.COUNSELOR: [StaffRole.COUNSELOR],
}

_INTERESTS: Final = {
    "students_taught": "of a section that the student takes",
    "students_counseled": "whom the student's enrollment names",
    "students_at_school": "at the student's school",
}


class StaffNotFound(NotFound):
    """The tenant has no staff member with the number '{staff_number}'."""


class StaffTaken(Conflict):
    """The staff member '{staff_number}' already signs in as {email}. Nothing was changed.

    If that sign-in is out of use, end it first: `rollbook user deactivate {email}`.
    """


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


def visibility_of(db: Session, user: User) -> Visibility:
    """Return what ``user`` may see; ``db`` must look at the whole tenant while this asks.

    A district admin sees the tenant. A principal sees the students of the schools they lead; a counselor
    those whose enrollment names them, or those of their schools where no enrollment ever did; a teacher those
    in the sections they teach. All by the assignments that stand today, in the tenant's time zone. Someone
    whom no staff record ties to anybody sees nobody.
    """
    if user.role is Role.DISTRICT_ADMIN:
        return Visibility(user.tenant_id)
    who = _who(db, user)
    query = _SQL[_query_of(db, user.role, who)]
    ids = db.scalars(query, who | {"staff_roles": SCHOOL_ROLES.get(user.role, [])})
    return Visibility(user.tenant_id, tuple(ids))


def interest_of(db: Session, user: User) -> str:
    """Return in words the rule by which ``user`` sees students, as a disclosure keeps it.

    Source: 34 CFR 99.31(a)(1) and 99.32: a school official's legitimate educational interest.
    """
    role = user.role.value.replace("_", " ")
    if user.role is Role.DISTRICT_ADMIN:
        return f"{role} of the student's district"
    return f"{role} {_INTERESTS[_query_of(db, user.role, _who(db, user))]}"


def _who(db: Session, user: User) -> dict[str, object]:
    return {"tenant_id": user.tenant_id, "user_id": user.user_id, "today": today_of(db, user)}


def _query_of(db: Session, role: Role, who: dict[str, object]) -> str:
    match role:
        case Role.TEACHER:
            return "students_taught"
        case Role.COUNSELOR if db.scalar(_SQL["has_caseload"], who):
            return "students_counseled"
        case _:
            return "students_at_school"


def today_of(db: Session, user: User) -> date:
    """Return the day that it is for the user, in the tenant's time zone."""
    zone = db.get_one(Tenant, user.tenant_id).time_zone
    return clock.now().astimezone(ZoneInfo(zone)).date()
