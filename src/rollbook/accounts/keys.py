"""API keys, and tokens that services get for them (OAuth 2 client credentials): what a program acts by.

A key is "rbk_" + 8 letters, which say which it is, + "_" + 256 random bits. The part before the bits is an
OAuth client's id, the bits are its secret.
"""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from rollbook.accounts.models import User
from rollbook.accounts.models_keys import AccessToken, ApiKey
from rollbook.core import clock, tenancy
from rollbook.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility

_KEY: Final = "rbk"
_TOKEN: Final = "rbt"  # noqa: S105 -- how one begins
_BYTES: Final = 32
_SEEN_EVERY: Final = timedelta(minutes=1)
_LONGEST_NAME: Final = 100


class Scope(StrEnum):
    """What a key opens of what its user may."""

    READ = "read"
    WRITE = "write"


class BearerInvalid(Unauthenticated):
    """This key or token is not known, or no longer good."""


class ScopeMissing(Forbidden):
    """This key or token does not open this: it lacks the scope '{scope}'."""


class ClientInvalid(Unauthenticated):
    """No good key has this id and this secret."""


class KeyNameInvalid(Invalid):
    """Say in at most 100 characters what the key is for."""


class KeyLifeInvalid(Invalid):
    """A key lives 1 to {most} days (ROLLBOOK_API_KEY_DAYS)."""


class KeyNotFound(NotFound):
    """The tenant has no key that begins with '{prefix}'. `rollbook key list` lists them."""


class KeyRevoked(Conflict):
    """This key is revoked already."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was just made: ``text`` is told this once and kept nowhere."""

    text: str
    kept: ApiKey


@dataclass(frozen=True, slots=True)
class Bearer:
    """For whom a program acts, and by which key: whoever made that may be somebody else."""

    user: User
    prefix: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A token that was just issued. Units: ``expires_in`` seconds."""

    token: str
    expires_in: int
    scopes: Sequence[Scope]


def create_key(
    db: Session, user: User, name: str, scopes: Collection[Scope], *, days: int | None = None
) -> NewKey:
    """Let a program act for ``user``, within ``scopes``, for some days.

    Raises: ``KeyNameInvalid``; ``KeyLifeInvalid``.
    """
    most = settings().api_key_days
    if not 1 <= len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        raise KeyNameInvalid
    if not 1 <= (days or most) <= most:
        raise KeyLifeInvalid(most=most)
    prefix = f"{_KEY}_{secrets.token_hex(4)}"
    text = f"{prefix}_{secrets.token_urlsafe(_BYTES)}"
    kept = ApiKey(
        tenant_id=user.tenant_id,
        user_id=user.user_id,
        name=name.strip(),
        prefix=prefix,
        key_hash=_hash(text),
        scopes=sorted(scopes),
        expires_at=clock.now() + timedelta(days=days or most),
    )
    db.add(kept)
    db.flush()
    return NewKey(text, kept)


def list_keys(db: Session, tenant_id: int) -> Sequence[tuple[ApiKey, User]]:
    """Return the tenant's keys with their users, the newest first, the revoked ones too."""
    same_user = (ApiKey.tenant_id == User.tenant_id) & (ApiKey.user_id == User.user_id)
    query = select(ApiKey, User).join(User, same_user).where(ApiKey.tenant_id == tenant_id)
    return [(key, user) for key, user in db.execute(query.order_by(ApiKey.key_id.desc()))]


def revoke_key(db: Session, tenant_id: int, prefix: str) -> ApiKey:
    """End a key at once, and every token that was issued for it.

    Raises: ``KeyNotFound``; ``KeyRevoked``.
    """
    key = db.scalar(select(ApiKey).where(ApiKey.tenant_id == tenant_id, ApiKey.prefix == prefix))
    if key is None:
        raise KeyNotFound(prefix=prefix[:20])
    if key.revoked_at is not None:
        raise KeyRevoked
    key.revoked_at = clock.now()
    db.execute(
        delete(AccessToken).where(AccessToken.tenant_id == tenant_id, AccessToken.key_id == key.key_id)
    )
    db.flush()
    return key


def revoke_keys(db: Session, user: User) -> None:
    """End every key of ``user`` at once, and every token that was issued for one."""
    mine = ApiKey.tenant_id == user.tenant_id, ApiKey.user_id == user.user_id
    keys = select(ApiKey.key_id).where(*mine)
    db.execute(
        delete(AccessToken).where(AccessToken.tenant_id == user.tenant_id, AccessToken.key_id.in_(keys))
    )
    db.execute(update(ApiKey).where(*mine, ApiKey.revoked_at.is_(None)).values(revoked_at=clock.now()))


def issue_token(db: Session, client_id: str, secret: str, scopes: Collection[Scope] = ()) -> Issued:
    """Return a token for some minutes, of these of the key's scopes, or of all.

    Raises: ``ClientInvalid``; ``ScopeMissing``.
    """
    key = _key_of(db, f"{client_id}_{secret}") if client_id.startswith(f"{_KEY}_") else None
    if key is None or _user_of(db, key) is None:
        raise ClientInvalid
    for scope in scopes:
        _check_scope(scope, key.scopes)
    granted = sorted(scopes or map(Scope, key.scopes))
    mine = AccessToken.tenant_id == key.tenant_id, AccessToken.key_id == key.key_id
    db.execute(delete(AccessToken).where(*mine, AccessToken.expires_at <= clock.now()))
    token = f"{_TOKEN}_{secrets.token_urlsafe(_BYTES)}"
    life = timedelta(minutes=settings().access_token_minutes)
    expires_at = min(clock.now() + life, key.expires_at)
    db.add(
        AccessToken(
            tenant_id=key.tenant_id,
            token_hash=_hash(token),
            key_id=key.key_id,
            scopes=granted,
            expires_at=expires_at,
        )
    )
    db.flush()
    return Issued(token, round((expires_at - clock.now()).total_seconds()), granted)


def find_bearer(db: Session, shown: str, needed: Scope) -> Bearer:
    """Return for whom the program acts that shows a key or a token. Afterwards ``db`` looks at their tenant.

    Raises: ``BearerInvalid``, also where the user may no longer sign in; ``ScopeMissing``.
    """
    found = _token_of(db, shown) if shown.startswith(f"{_TOKEN}_") else None
    key = found[0] if found else _key_of(db, shown)
    user = _user_of(db, key) if key is not None else None
    if key is None or user is None:
        raise BearerInvalid
    _check_scope(needed, found[1] if found else key.scopes)
    _note_use(db, key)
    return Bearer(user, key.prefix)


def _check_scope(needed: Scope, scopes: Collection[str]) -> None:
    if needed.value not in scopes:
        raise ScopeMissing(scope=needed.value)


def _key_of(db: Session, text: str) -> ApiKey | None:
    """Return the key, if it is good still, and look at its tenant."""
    key_hash = _hash(text)
    tenancy.show_bearer(db, key_hash)
    return _good(db, db.scalar(select(ApiKey).where(ApiKey.key_hash == key_hash)))


def _token_of(db: Session, text: str) -> tuple[ApiKey | None, Collection[str]]:
    """Return the key that the token was issued for, if both are good still, and what the token opens."""
    token_hash = _hash(text)
    tenancy.show_bearer(db, token_hash)
    token = db.scalar(select(AccessToken).where(AccessToken.token_hash == token_hash))
    if token is None or token.expires_at <= clock.now():
        return None, ()
    tenancy.look_through(db, Visibility(token.tenant_id))
    return _good(db, db.get(ApiKey, (token.tenant_id, token.key_id))), token.scopes


def _good(db: Session, key: ApiKey | None) -> ApiKey | None:
    if key is None or key.revoked_at is not None or key.expires_at <= clock.now():
        return None
    tenancy.look_through(db, Visibility(key.tenant_id))
    return key


def _user_of(db: Session, key: ApiKey) -> User | None:
    user = db.get(User, (key.tenant_id, key.user_id))
    return user if user is not None and user.is_active else None


def _note_use(db: Session, key: ApiKey) -> None:
    if key.last_used_at is None or key.last_used_at < clock.now() - _SEEN_EVERY:
        this = ApiKey.tenant_id == key.tenant_id, ApiKey.key_id == key.key_id
        db.execute(update(ApiKey).where(*this).values(last_used_at=clock.now()))


def _hash(text: str) -> bytes:
    """256 random bits need no slow hash."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
