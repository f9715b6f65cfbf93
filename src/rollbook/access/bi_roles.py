"""BI roles: login roles of the server for people and programs that type SQL.

Their walls are policies that go by ``current_user``, so no setting that they make opens anything.
"""

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.access.models import BiRole
from rollbook.core.errors import Conflict, Invalid, NotFound
from rollbook.roster.models import School

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_RESERVED: Final = ("pg_", "rollbook_")


class BiRoleNameInvalid(Invalid):
    """Name a BI role with lower-case letters, digits and underscores, but not rollbook_... or pg_..."""


class BiRoleTaken(Conflict):
    """The tenant already has a BI role '{name}'. `rollbook bi-role list` shows it."""


class BiRoleNotFound(NotFound):
    """The tenant has no BI role '{name}'. `rollbook bi-role list` shows which it has."""


class SchoolNotFound(NotFound):
    """The tenant has no school with the code '{school_code}'."""


def add_bi_role(db: Session, tenant_id: int, name: str, school_code: str | None = None) -> BiRole:
    """Let the server's role ``name`` read the tenant, or one school's students; ``db`` is the owner's.

    Raises: ``BiRoleNameInvalid``; ``BiRoleTaken``; ``SchoolNotFound``.
    """
    if not _NAME.fullmatch(name) or name.startswith(_RESERVED):
        raise BiRoleNameInvalid
    if db.get(BiRole, (tenant_id, name)) is not None:
        raise BiRoleTaken(name=name)
    school = _school(db, tenant_id, school_code) if school_code is not None else None
    role = BiRole(tenant_id=tenant_id, role_name=name, school_id=school.school_id if school else None)
    db.add(role)
    db.flush()
    return role


def list_bi_roles(db: Session, tenant_id: int) -> Sequence[tuple[BiRole, str | None]]:
    """Return the tenant's BI roles by name, each with the code of the school that it is held to."""
    same_school = (School.tenant_id == BiRole.tenant_id) & (School.school_id == BiRole.school_id)
    found = select(BiRole, School.school_code).outerjoin(School, same_school)
    rows = db.execute(found.where(BiRole.tenant_id == tenant_id).order_by(BiRole.role_name))
    return [(role, school_code) for role, school_code in rows]


def remove_bi_role(db: Session, tenant_id: int, name: str) -> None:
    """Let the role ``name`` see nothing from now on; ``db`` is the owner's.

    Raises: ``BiRoleNotFound``.
    """
    role = db.get(BiRole, (tenant_id, name))
    if role is None:
        raise BiRoleNotFound(name=name)
    db.delete(role)
    db.flush()


def _school(db: Session, tenant_id: int, school_code: str) -> School:
    same = School.tenant_id == tenant_id, School.school_code == school_code
    school = db.scalar(select(School).where(*same))
    if school is None:
        raise SchoolNotFound(school_code=school_code)
    return school
