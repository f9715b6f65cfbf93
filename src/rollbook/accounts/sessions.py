"""Sessions: begun by a sign-in, known by the hash of a token, ended at once when their user may no longer."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, true, update
from sqlalchemy.orm import Session

from rollbook.accounts.models import Awaited, User, UserSession
from rollbook.core import clock, tenancy
from rollbook.core.errors import Forbidden, Unauthenticated
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility

TOKEN_BYTES: Final = 32
# A page that is read writes nothing; a sign-in's last use is exact to this.
SEEN_EVERY: Final = timedelta(minutes=1)
# Between the password and the second factor.
_AWAITING: Final = timedelta(minutes=10)


class NotSignedIn(Unauthenticated):
    """Your sign-in has ended, or there was none. Sign in to go on."""


class SecondFactorMissing(NotSignedIn):
    """Your sign-in is not complete: the code of your second factor is missing. Sign in again."""


class PasswordChangeNeeded(Forbidden):
    """Choose a new password first, under `/account/password`. Nothing was changed."""

    page = "/account/password"


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a sign-in comes from, coarsely; the token that the browser had until now; by which provider."""

    network: str = ""
    device: str = ""
    token: str = ""
    provider_id: UUID | None = None
    provider_session: str | None = None

    def within(self, session: UserSession) -> "Arrival":
        """Return it as the sign-in goes on that began ``session``: by the same provider, or by none."""
        return replace(self, provider_id=session.provider_id, provider_session=session.provider_session)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new sign-in: ``token`` is told once, to the browser, and kept nowhere."""

    token: str
    user: User
    expires_at: datetime
    awaits: Awaited | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A session that stands, and its user."""

    session: UserSession
    user: User


def begin_session(
    db: Session,
    user: User,
    arrival: Arrival | None = None,
    *,
    awaits: Awaited | None = None,
    second_factor_at: datetime | None = None,
) -> SignedIn:
    """Begin a session with a new token; the one that the browser had ends: no token outlives a sign-in."""
    arrival = arrival or Arrival()
    _end(db, user, (UserSession.expires_at <= func.now()) | (UserSession.token_hash == _hash(arrival.token)))
    token = secrets.token_urlsafe(TOKEN_BYTES)
    lasts = _AWAITING if awaits is Awaited.CODE else timedelta(hours=settings().session_hours)
    begun = UserSession(
        tenant_id=user.tenant_id,
        token_hash=_hash(token),
        user_id=user.user_id,
        awaits=awaits,
        second_factor_at=second_factor_at,
        provider_id=arrival.provider_id,
        provider_session=arrival.provider_session,
        network=arrival.network,
        device=arrival.device,
        expires_at=clock.now() + lasts,
    )
    db.add(begun)
    db.flush()
    return SignedIn(token, user, begun.expires_at, awaits)


def find_session(db: Session, token: str) -> User:
    """Return who shows ``token``, as ``find_open_session`` does."""
    return find_open_session(db, token).user


def find_open_session(db: Session, token: str, network: str = "") -> Found:
    """Return the session of ``token``, and note its use. Afterwards ``db`` looks at its user's tenant.

    Raises: ``NotSignedIn``, also for a session that is idle or over, whose user may no longer sign in, or
    whose second factor is missing; ``PasswordChangeNeeded``.
    """
    found = find_any_session(db, token, network)
    if found.session.awaits is Awaited.CODE:
        raise SecondFactorMissing
    if found.session.awaits is Awaited.NEW_PASSWORD:
        raise PasswordChangeNeeded
    return found


def find_any_session(db: Session, token: str, network: str = "") -> Found:
    """Return the session of ``token``, whatever it still awaits.

    Raises: ``NotSignedIn``.
    """
    found = _session_of(db, token)
    if found is None:
        raise NotSignedIn
    tenancy.look_through(db, Visibility(found.tenant_id))
    user = db.get(User, (found.tenant_id, found.user_id))
    if user is None or not user.is_active or _has_lapsed(found):
        raise NotSignedIn
    if found.last_seen_at < clock.now() - SEEN_EVERY:
        _note_use(db, found, network)
    return Found(found, user)


def list_sessions(db: Session, user: User) -> Sequence[UserSession]:
    """Return the user's sessions that stand, the last used first."""
    mine = UserSession.tenant_id == user.tenant_id, UserSession.user_id == user.user_id
    found = db.scalars(select(UserSession).where(*mine).order_by(UserSession.last_seen_at.desc()))
    return [session for session in found if not _has_lapsed(session)]


def sign_out(db: Session, token: str) -> None:
    """End the session of ``token``, if there is one."""
    found = _session_of(db, token)
    if found is not None:
        tenancy.look_through(db, Visibility(found.tenant_id))
        db.delete(found)
        db.flush()


def end_session(db: Session, user: User, session_id: UUID) -> None:
    """End one session of ``user``, if it is theirs."""
    _end(db, user, UserSession.session_id == session_id)


def end_sessions(db: Session, user: User, *, keep: UUID | None = None) -> int:
    """End the user's sessions everywhere, at once, except ``keep``; return how many there were."""
    return _end(db, user, UserSession.session_id != keep if keep else true())


def complete(db: Session, session: UserSession) -> None:
    """Let a session open what its user may see: it awaits nothing more."""
    session.awaits = None
    db.flush()


def _has_lapsed(session: UserSession) -> bool:
    idle_since = clock.now() - timedelta(minutes=settings().session_idle_minutes)
    return session.expires_at <= clock.now() or session.last_seen_at < idle_since


def _end(db: Session, user: User, which: ColumnElement[bool]) -> int:
    mine = UserSession.tenant_id == user.tenant_id, UserSession.user_id == user.user_id
    ended = db.execute(delete(UserSession).where(*mine, which).returning(UserSession.session_id))
    return len(ended.all())


def _note_use(db: Session, found: UserSession, network: str = "") -> None:
    """Note that the sign-in is in use; one that another request has ended meanwhile stays ended."""
    this = UserSession.tenant_id == found.tenant_id, UserSession.token_hash == found.token_hash
    seen = {"last_seen_at": clock.now()} | ({"network": network} if network else {})
    db.execute(update(UserSession).where(*this).values(**seen))


def _session_of(db: Session, token: str) -> UserSession | None:
    token_hash = _hash(token)
    tenancy.show_session(db, token_hash)
    return db.scalar(select(UserSession).where(UserSession.token_hash == token_hash))


def _hash(token: str) -> bytes:
    """The token has 256 random bits, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
