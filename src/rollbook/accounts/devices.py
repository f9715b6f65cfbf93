"""Browsers that a user signed in with: a stranger's guesses elsewhere do not keep them waiting."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from rollbook.accounts.models import User
from rollbook.accounts.models_tries import KnownDevice
from rollbook.core import clock, tenancy
from rollbook.core.tenancy import Visibility

KEPT: Final = timedelta(days=180)
_TOKEN_BYTES: Final = 32


def known_device(engine: Engine, email: str, token: str | None) -> str | None:
    """Return ``token`` if a browser that shows it signed in as ``email`` within ``KEPT``, else None."""
    if not token:
        return None
    with Session(engine) as db, db.begin():
        token_hash = _hash(token)
        tenancy.show_device(db, token_hash)
        device = db.scalar(select(KnownDevice).where(KnownDevice.token_hash == token_hash))
        if device is None or device.last_used_at < clock.now() - KEPT:
            return None
        tenancy.look_through(db, Visibility(device.tenant_id, ()))
        user = db.get(User, (device.tenant_id, device.user_id))
        return token if user is not None and user.email == email.strip().lower() else None


def remember_device(db: Session, user: User, token: str | None) -> str:
    """Return the token that this browser shows from now on: the one it has, if it is this user's."""
    mine = KnownDevice.tenant_id == user.tenant_id, KnownDevice.user_id == user.user_id
    db.execute(delete(KnownDevice).where(*mine, KnownDevice.last_used_at < clock.now() - KEPT))
    if token:
        this = update(KnownDevice).where(*mine, KnownDevice.token_hash == _hash(token))
        used = this.values(last_used_at=clock.now()).returning(KnownDevice.user_id)
        if db.execute(used).all():
            return token
    made = secrets.token_urlsafe(_TOKEN_BYTES)
    db.add(KnownDevice(tenant_id=user.tenant_id, token_hash=_hash(made), user_id=user.user_id))
    db.flush()
    return made


def forget_devices(db: Session, user: User) -> None:
    """Let every browser of ``user`` be a stranger's again."""
    mine = KnownDevice.tenant_id == user.tenant_id, KnownDevice.user_id == user.user_id
    db.execute(delete(KnownDevice).where(*mine))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
