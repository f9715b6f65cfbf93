"""One login per role, with passwords that follow from this home's secret: nobody else's demo has the same."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from rollbook.accounts import service as accounts
from rollbook.accounts.models import Role, User
from rollbook.accounts.passwords import hash_password, is_password_of
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.core.words import many
from rollbook.roster.models import Staff
from rollbook.roster.models_families import Guardian

_SQL: Final = named_sql("rollbook.demo")
_SEES: Final = {
    Role.TEACHER: "the students taught at",
    Role.COUNSELOR: "the caseload at",
    Role.PRINCIPAL: "all of",
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """Who may sign in to the demo, and what they then see."""

    tenant: str
    role: Role
    email: str
    password: str
    full_name: str
    sees: str


def ensure_sign_ins(db: Session, tenant: Tenant, today: date, secret: str) -> list[SignIn]:
    """Let an admin, one member of staff in each role, and one guardian sign in to ``tenant``."""
    admin = _ensure_user(db, tenant, Role.DISTRICT_ADMIN, "Robin Archer", secret)
    sign_ins = [_sign_in(tenant, *admin, sees="everyone")]
    for role, staff_id, full_name, school in db.execute(_SQL["demo_staff"], {"today": today}).all():
        user, password = _ensure_user(db, tenant, Role(role), full_name, secret)
        link = update(Staff).where(Staff.tenant_id == tenant.tenant_id, Staff.staff_id == staff_id)
        db.execute(link.values(user_id=user.user_id))
        sign_ins.append(_sign_in(tenant, user, password, sees=f"{_SEES[user.role]} {school}"))
    return [*sign_ins, *_of_family(db, tenant, secret)]


def _of_family(db: Session, tenant: Tenant, secret: str) -> list[SignIn]:
    """Let a guardian in, where the tenant has any."""
    found = db.execute(_SQL["demo_guardian"]).one_or_none()
    if found is None:
        return []
    user, password = _ensure_user(db, tenant, Role.GUARDIAN, found.full_name, secret)
    guardian = db.get_one(Guardian, (tenant.tenant_id, found.guardian_id))
    guardian.user_id = user.user_id
    sees = f"the {many(found.students, 'student')} they answer for"
    return [_sign_in(tenant, user, password, sees=sees)]


def _sign_in(tenant: Tenant, user: User, password: str, *, sees: str) -> SignIn:
    return SignIn(tenant.slug, user.role, user.email, password, user.full_name, sees)


def _ensure_user(db: Session, tenant: Tenant, role: Role, name: str, secret: str) -> tuple[User, str]:
    """Return the user of ``role``, made now if new, and the password that lets them in."""
    email = f"{role.replace('_', '.')}@{tenant.slug}.example"
    password = password_for(email, secret)
    user = accounts.find_user(db, tenant.tenant_id, email)
    if user is None:
        user = accounts.add_user(
            db, tenant_id=tenant.tenant_id, email=email, full_name=name, role=role, password=password
        )
    elif not is_password_of(user.password_hash, password):
        user.password_hash = hash_password(password)
    return user, password


def password_for(email: str, secret: str) -> str:
    """Return the password of ``email``: 75 bits of a keyed hash, in groups that can be typed."""
    digest = hmac.new(secret.encode(), f"demo sign-in of {email}".encode(), hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode().lower()
    return "-".join(letters[start : start + 5] for start in (0, 5, 10))
