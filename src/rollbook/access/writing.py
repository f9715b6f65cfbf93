"""Who may write what. Whoever is not named here writes nothing: a student, a guardian, a researcher.

About a student: only those whom the transaction sees; where a request writes, that is whom its user may
write about. About a section: who teaches it, and who leads, counsels or keeps the books at its school.
About a school: who does so there. A registrar enrolls and takes attendance, and judges nobody: no
incidents, no activities. A grant widens this only where it says so, and never what a role writes at all.
A district admin writes all.
"""

from datetime import date
from enum import Enum
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.access.service import SCHOOL_ROLES, today_of
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_grants import GrantScope
from rollbook.core.errors import Forbidden
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import whole_tenant
from rollbook.roster.models import School, Staff

_SQL: Final = named_sql("rollbook.access")
_EDUCATORS: Final = frozenset({Role.TEACHER, Role.COUNSELOR, Role.PRINCIPAL, Role.DISTRICT_ADMIN})
_ALL: Final = _EDUCATORS | {Role.REGISTRAR}
_OFFICE: Final = _ALL - {Role.TEACHER}
_TENANT: Final = (GrantScope.TENANT, None)


class Work(Enum):
    """Something that people write, in the words of "you may not ..."."""

    ATTENDANCE = "take attendance"
    SUBMISSION = "submit a school's attendance"
    INCIDENT = "record incidents"
    ENROLLMENT = "enroll or withdraw students"
    LESSON_PLAN = "write lesson plans"
    ACTIVITY = "record activities"
    AMENDMENT = "decide on requests to amend a record"


_WHO: Final = {
    Work.ATTENDANCE: _ALL,
    Work.SUBMISSION: _OFFICE,
    Work.INCIDENT: _EDUCATORS,
    Work.ENROLLMENT: _OFFICE,
    Work.LESSON_PLAN: _EDUCATORS,
    Work.ACTIVITY: _EDUCATORS,
    Work.AMENDMENT: frozenset({Role.PRINCIPAL, Role.DISTRICT_ADMIN}),
}


class WorkNotYours(Forbidden):
    """You may not {work}. Nothing was changed. Your district's Rollbook administrator can say who may."""


class SectionNotYours(Forbidden):
    """You may not {work} for this section: it is not yours, nor of your school. Nothing was changed."""


class SchoolNotYours(Forbidden):
    """You may not {work} for this school: it is not yours. Nothing was changed."""


def writes(user: User) -> bool:
    """Say whether the user's role writes anything."""
    return user.role in _ALL


def may(user: User, work: Work) -> bool:
    """Say whether the user may do such work at all."""
    return user.role in _WHO[work]


def require(user: User, work: Work) -> None:
    """Make sure that the user may do such work at all.

    Raises: ``WorkNotYours``.
    """
    if not may(user, work):
        raise WorkNotYours(work=work.value)


def may_for_section(db: Session, user: User, section_id: UUID, work: Work) -> bool:
    """Say whether the section is the user's to work for: taught by them, or at a school of theirs."""
    if not may(user, work):
        return False
    if user.role is Role.DISTRICT_ADMIN:
        return True
    school_id = db.scalar(_SQL["school_of_section"], {"tenant_id": user.tenant_id, "section_id": section_id})
    granted = _granted(db, user)
    if granted & {_TENANT, (GrantScope.SECTION, section_id), (GrantScope.SCHOOL, school_id)}:
        return True
    if user.role is Role.TEACHER:
        return bool(db.scalar(_SQL["teaches"], _who(db, user) | {"section_id": section_id}))
    return school_id is not None and school_id in schools_of(db, user)


def require_section(db: Session, user: User, section_id: UUID, work: Work) -> None:
    """Make sure that the user may do such work for a section.

    Raises: ``WorkNotYours``; ``SectionNotYours``.
    """
    require(user, work)
    if not may_for_section(db, user, section_id, work):
        raise SectionNotYours(work=work.value)


def schools_of(db: Session, user: User) -> frozenset[UUID]:
    """Return the schools that the user works for: all of a district admin, none of a teacher."""
    roles = SCHOOL_ROLES.get(user.role)
    granted = _granted(db, user) if roles else frozenset()
    if user.role is Role.DISTRICT_ADMIN or _TENANT in granted:
        return frozenset(db.scalars(select(School.school_id).where(School.tenant_id == user.tenant_id)))
    if roles is None:
        return frozenset()
    own = db.scalars(_SQL["own_schools"], _who(db, user) | {"staff_roles": roles})
    also = (scope_id for scope, scope_id in granted if scope == GrantScope.SCHOOL and scope_id)
    return frozenset(own) | frozenset(also)


def may_for_school(db: Session, user: User, school_id: UUID, work: Work) -> bool:
    """Say whether the school is the user's to work for.

    A counselor with a caseload sees a part of the school, and cannot answer for all of its attendance.
    """
    if not may(user, work) or school_id not in schools_of(db, user):
        return False
    return work is not Work.SUBMISSION or not has_caseload(db, user)


def require_school(db: Session, user: User, school_id: UUID, work: Work) -> None:
    """Make sure that the user may do such work for a school.

    Raises: ``WorkNotYours``; ``SchoolNotYours``.
    """
    require(user, work)
    if not may_for_school(db, user, school_id, work):
        raise SchoolNotYours(work=work.value)


def staff_of(db: Session, user: User) -> UUID | None:
    """Return the staff record that the user is tied to."""
    found = select(Staff.staff_id).where(Staff.tenant_id == user.tenant_id, Staff.user_id == user.user_id)
    return db.scalar(found.limit(1))


def has_caseload(db: Session, user: User) -> bool:
    """Say whether the user is a counselor who sees those students whose enrollment names them."""
    if user.role is not Role.COUNSELOR:
        return False
    with whole_tenant(db):
        return bool(db.scalar(_SQL["has_caseload"], _who(db, user)))


def _granted(db: Session, user: User) -> frozenset[tuple[str, UUID | None]]:
    """Return the schools and sections that the user is granted for writing too, or the tenant."""
    rows = db.execute(_SQL["granted_for_writing"], _who(db, user))
    return frozenset((row.scope, row.scope_id) for row in rows)


def _who(db: Session, user: User) -> dict[str, object]:
    today: date = today_of(db, user)
    return {"tenant_id": user.tenant_id, "user_id": user.user_id, "today": today}
