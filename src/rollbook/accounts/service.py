"""Verbs of accounts. A user is added by someone else; signing in needs no tenant, only the right password."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role, User, UserSession
from rollbook.accounts.passwords import hash_password, is_outdated, is_password_of
from rollbook.core import clock, tenancy
from rollbook.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility

TOKEN_BYTES: Final = 32
# A page that is read writes nothing; a sign-in's last use is exact to this.
SEEN_EVERY: Final = timedelta(minutes=1)
_EMAIL: Final = re.compile(r"[!-?A-~]{1,64}@[!-?A-~]{1,189}")


class SignInFailed(Unauthenticated):
    """No active account has this email and password."""


class NotSignedIn(Unauthenticated):
    """Your sign-in has ended, or there was none. Sign in to go on."""


class EmailInvalid(Invalid):
    """An email is printable ASCII with one @, at most 254 characters, such as ada@example.org."""


class NameInvalid(Invalid):
    """A name has 1 to 200 characters, none of them a control character."""


class EmailTaken(Conflict):
    """The tenant already has a user with this email."""


class UserNotFound(NotFound):
    """The tenant has no such user. `rollbook user list` lists them."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new sign-in: ``token`` is told once, to the browser, and kept nowhere."""

    token: str
    user: User
    expires_at: datetime


def add_user(  # noqa: PLR0913 -- a user is that many facts, all named
    db: Session, *, tenant_id: int, email: str, full_name: str, role: Role | str, password: str
) -> User:
    """Add a user to the tenant that ``db`` looks at.

    Raises: ``EmailInvalid``; ``NameInvalid``; ``PasswordUnfit``; ``EmailTaken``.
    """
    address = _address(email)
    if address is None:
        raise EmailInvalid
    if not 1 <= len(full_name) <= 200 or not full_name.isprintable():  # noqa: PLR2004 -- as NameInvalid says
        raise NameInvalid
    if find_user(db, tenant_id, address) is not None:
        raise EmailTaken
    user = User(
        tenant_id=tenant_id,
        email=address,
        full_name=full_name,
        role=Role(role),
        password_hash=hash_password(password),
    )
    db.add(user)
    db.flush()
    return user


def list_users(db: Session, tenant_id: int) -> Sequence[User]:
    """Return the tenant's users by email."""
    return db.scalars(select(User).where(User.tenant_id == tenant_id).order_by(User.email)).all()


def find_user(db: Session, tenant_id: int, email: str) -> User | None:
    """Return the tenant's user with this email, if there is one."""
    return db.scalar(select(User).where(User.tenant_id == tenant_id, User.email == email.strip().lower()))


def sign_in(db: Session, email: str, password: str) -> SignedIn:
    """Begin a session for the user of any tenant whose email and password these are.

    Afterwards ``db`` looks at that user's tenant. An unknown email takes as long as a wrong password
    and fails alike; an email known in two tenants is tried in both.
    Raises: ``SignInFailed``.
    """
    matching = [user for user in _signing_in(db, email) if is_password_of(user.password_hash, password)]
    if not matching:
        raise SignInFailed
    user = matching[0]
    tenancy.look_through(db, Visibility(user.tenant_id))
    if is_outdated(user.password_hash):
        user.password_hash = hash_password(password)
    return _begin_session(db, user)


def find_session(db: Session, token: str) -> User:
    """Return who shows ``token``, and note that they were here. Afterwards ``db`` looks at their tenant.

    Raises: ``NotSignedIn``, also for a session that is idle or over, or whose user may no longer sign in.
    """
    found = _session_of(db, token)
    if found is None:
        raise NotSignedIn
    tenancy.look_through(db, Visibility(found.tenant_id))
    user = db.get(User, (found.tenant_id, found.user_id))
    idle_since = clock.now() - timedelta(minutes=settings().session_idle_minutes)
    if (
        user is None
        or not user.is_active
        or found.expires_at <= clock.now()
        or found.last_seen_at < idle_since
    ):
        raise NotSignedIn
    if found.last_seen_at < clock.now() - SEEN_EVERY:
        _note_use(db, found)
    return user


def sign_out(db: Session, token: str) -> None:
    """End the session of ``token``, if there is one."""
    found = _session_of(db, token)
    if found is not None:
        tenancy.look_through(db, Visibility(found.tenant_id))
        db.delete(found)
        db.flush()


def deactivate(db: Session, tenant_id: int, user_id: UUID) -> None:
    """Keep the user from signing in, and end their sessions at once.

    Raises: ``UserNotFound``.
    """
    user = db.get(User, (tenant_id, user_id))
    if user is None:
        raise UserNotFound
    user.is_active = False
    db.execute(delete(UserSession).where(UserSession.tenant_id == tenant_id, UserSession.user_id == user_id))


def _address(email: str) -> str | None:
    """Return the email in the form it is kept in, or None if it cannot be one."""
    address = email.strip().lower()
    return address if _EMAIL.fullmatch(address) and address.isascii() else None


def _signing_in(db: Session, email: str) -> list[User]:
    """Return the active users with this email, or an empty list after the time that one would take."""
    address = _address(email)
    users: Sequence[User] = []
    if address is not None:
        tenancy.name_email(db, address)
        found = select(User).where(User.email == address, User.is_active).order_by(User.tenant_id)
        users = db.scalars(found).all()
        tenancy.name_email(db, "")
    if not users:
        is_password_of(None, email)
    return list(users)


def _begin_session(db: Session, user: User) -> SignedIn:
    db.execute(
        delete(UserSession).where(
            UserSession.tenant_id == user.tenant_id,
            UserSession.user_id == user.user_id,
            UserSession.expires_at <= func.now(),
        )
    )
    token = secrets.token_urlsafe(TOKEN_BYTES)
    expires_at = clock.now() + timedelta(hours=settings().session_hours)
    db.add(
        UserSession(
            tenant_id=user.tenant_id, token_hash=_hash(token), user_id=user.user_id, expires_at=expires_at
        )
    )
    db.flush()
    return SignedIn(token, user, expires_at)


def _note_use(db: Session, found: UserSession) -> None:
    """Note that the sign-in is in use; one that another request has ended meanwhile stays ended."""
    this = UserSession.tenant_id == found.tenant_id, UserSession.token_hash == found.token_hash
    db.execute(update(UserSession).where(*this).values(last_seen_at=clock.now()))


def _session_of(db: Session, token: str) -> UserSession | None:
    token_hash = _hash(token)
    tenancy.show_session(db, token_hash)
    return db.scalar(select(UserSession).where(UserSession.token_hash == token_hash))


def _hash(token: str) -> bytes:
    """The token has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
