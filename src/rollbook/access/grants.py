"""Grants: students whom a user may see beside those of their work, for a time and with a reason."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from rollbook.access.service import StudentNotFound, find_student_id, today_of
from rollbook.access.writing import writes
from rollbook.accounts.models import User
from rollbook.accounts.models_grants import GrantScope, UserGrant
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.curriculum.models import Course, Section
from rollbook.roster.models import School

__all__ = ["StudentNotFound", "end_grant", "grant", "list_grants"]


class ScopeUnnamed(Invalid):
    """Say which {scope}: a school's code, COURSE/SECTION, or a student's number; none for a tenant."""


class ScopeNotFound(NotFound):
    """The tenant has no {scope} '{name}'."""


class ReasonMissing(Invalid):
    """Say in a sentence of at most 500 characters why they need it: who asks is told."""


class RoleWritesNothing(Invalid):
    """A {role} writes nothing about students, so that a grant cannot let them write. Nothing was granted."""


class GrantDatesInvalid(Invalid):
    """A grant ends after it begins."""


class GrantNotFound(NotFound):
    """The user has no such grant. `rollbook user grants` lists them."""


class GrantEnded(Conflict):
    """This grant has ended already."""


def grant(  # noqa: PLR0913 -- a grant is that many facts, all named
    db: Session,
    user: User,
    scope: GrantScope,
    name: str | None,
    *,
    reason: str,
    begins_on: date | None = None,
    ends_on: date | None = None,
    may_write: bool = False,
) -> UserGrant:
    """Let ``user`` see the students of the school, section or student that ``name`` names, or of the tenant.

    ``may_write``: what their role writes, they write about these students too.
    Units:  days in the tenant's time zone; ``ends_on`` is the first day without it.
    Raises: ``ScopeUnnamed``; ``ScopeNotFound``; ``StudentNotFound``; ``ReasonMissing``;
    ``GrantDatesInvalid``; ``RoleWritesNothing``.
    """
    if may_write and not writes(user):
        raise RoleWritesNothing(role=user.role.value.replace("_", " "))
    told = reason.strip()
    if not 1 <= len(told) <= 500 or not told.isprintable():  # noqa: PLR2004 -- as ReasonMissing says
        raise ReasonMissing
    since = begins_on or today_of(db, user)
    if ends_on is not None and ends_on <= since:
        raise GrantDatesInvalid
    given = UserGrant(
        tenant_id=user.tenant_id,
        user_id=user.user_id,
        scope=scope,
        scope_id=_scope_id(db, user.tenant_id, scope, name),
        begins_on=since,
        ends_on=ends_on,
        reason=told,
        may_write=may_write,
    )
    db.add(given)
    db.flush()
    return given


def list_grants(db: Session, user: User) -> Sequence[UserGrant]:
    """Return every grant that ``user`` ever had, the newest first."""
    mine = UserGrant.tenant_id == user.tenant_id, UserGrant.user_id == user.user_id
    newest_first = UserGrant.begins_on.desc(), UserGrant.grant_id.desc()
    return db.scalars(select(UserGrant).where(*mine).order_by(*newest_first)).all()


def end_grant(db: Session, user: User, grant_id: UUID) -> UserGrant:
    """Take a grant back, from today on; it stays in the list.

    Raises: ``GrantNotFound``; ``GrantEnded``.
    """
    given = db.get(UserGrant, (user.tenant_id, grant_id))
    if given is None or given.user_id != user.user_id:
        raise GrantNotFound
    today = today_of(db, user)
    if given.ends_on is not None and given.ends_on <= today:
        raise GrantEnded
    given.ends_on = max(today, given.begins_on)
    db.flush()
    return given


def _scope_id(db: Session, tenant_id: int, scope: GrantScope, name: str | None) -> UUID | None:
    if (scope is GrantScope.TENANT) != (name is None):
        raise ScopeUnnamed(scope=scope.value)
    if name is None:
        return None
    if scope is GrantScope.STUDENT:
        return find_student_id(db, tenant_id, name)
    if scope is GrantScope.SCHOOL:
        query = select(School.school_id).where(School.tenant_id == tenant_id, School.school_code == name)
    else:
        query = select(Section.section_id).join(Course, _same_course()).where(*_section(tenant_id, name))
    found = db.scalar(query)
    if found is None:
        raise ScopeNotFound(scope=scope.value, name=name)
    return found


def _same_course() -> ColumnElement[bool]:
    return (Section.tenant_id == Course.tenant_id) & (Section.course_id == Course.course_id)


def _section(tenant_id: int, name: str) -> tuple[ColumnElement[bool], ...]:
    course, _, section = name.partition("/")
    return Section.tenant_id == tenant_id, Course.course_code == course, Section.section_code == section
