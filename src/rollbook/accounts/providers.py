"""Sign-in providers of a tenant, and whom of the tenant they vouch for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from rollbook.accounts.models import User, UserSession
from rollbook.accounts.models_providers import ClientAuth, IdentityLink, IdentityProvider
from rollbook.core import clock
from rollbook.core.errors import Conflict, Invalid, NotFound, Unauthenticated

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_LONGEST: Final = 200


class ProviderNameInvalid(Invalid):
    """A provider's name has lower-case letters, digits and hyphens, at most 63, such as entra."""


class ProviderTextInvalid(Invalid):
    """A label, a client's id or a value of acr or amr has 1 to 200 printable characters."""


class IssuerInvalid(Invalid):
    """An issuer is an https address without query, such as https://login.example.org/oak."""


class ProviderTaken(Conflict):
    """The tenant already has a provider of this name, or this client of this issuer."""


class ProviderNotFound(NotFound):
    """The tenant has no sign-in provider '{name}'. `rollbook provider list` lists them."""


class IdentityUnknown(Unauthenticated):
    """Nobody here signs in with this account. Your district's Rollbook administrator can help."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a provider vouches for. ``email`` only where the provider says that it verified it."""

    issuer: str
    subject: str
    email: str | None
    session: str | None = None
    factors: frozenset[str] = frozenset()


def add_provider(  # noqa: PLR0913 -- a provider is that many facts, all named
    db: Session,
    tenant_id: int,
    name: str,
    *,
    issuer: str,
    client_id: str,
    label: str | None = None,
    client_auth: ClientAuth = ClientAuth.BASIC,
    second_factors: Sequence[str] = (),
) -> IdentityProvider:
    """Let people of the tenant sign in by the provider.

    Raises: ``ProviderNameInvalid``; ``ProviderTextInvalid``; ``IssuerInvalid``; ``ProviderTaken``.
    """
    if not _NAME.fullmatch(name):
        raise ProviderNameInvalid
    check_texts(client_id, label or name, *second_factors)
    _check_issuer(issuer)
    mine = IdentityProvider.tenant_id == tenant_id
    same = (IdentityProvider.issuer == issuer) & (IdentityProvider.client_id == client_id)
    if db.scalar(select(exists().where(mine, (IdentityProvider.name == name) | same))):
        raise ProviderTaken
    provider = IdentityProvider(
        tenant_id=tenant_id,
        name=name,
        label=label or name,
        issuer=issuer,
        client_id=client_id,
        client_auth=client_auth,
        second_factors=list(second_factors),
    )
    db.add(provider)
    db.flush()
    return provider


def list_providers(db: Session, tenant_id: int) -> Sequence[IdentityProvider]:
    """Return the tenant's providers by name, also those that are out of use."""
    mine = IdentityProvider.tenant_id == tenant_id
    return db.scalars(select(IdentityProvider).where(mine).order_by(IdentityProvider.name)).all()


def get_provider(db: Session, tenant_id: int, name: str) -> IdentityProvider:
    """Return the tenant's provider of this name.

    Raises: ``ProviderNotFound``.
    """
    mine = IdentityProvider.tenant_id == tenant_id, IdentityProvider.name == name
    found = db.scalar(select(IdentityProvider).where(*mine))
    if found is None:
        raise ProviderNotFound(name=name[:_LONGEST])
    return found


def replace_passwords(db: Session, provider: IdentityProvider) -> int:
    """Let no password of the tenant in any more; end, and count, the sessions that began with one."""
    provider.replaces_passwords = True
    by_password = UserSession.tenant_id == provider.tenant_id, UserSession.provider_id.is_(None)
    ended = db.execute(delete(UserSession).where(*by_password).returning(UserSession.session_id)).all()
    db.flush()
    return len(ended)


def stop_provider(db: Session, provider: IdentityProvider) -> int:
    """Let nobody in by the provider any more; end, and count, the sessions that began by it."""
    provider.is_active = False
    begun = UserSession.tenant_id == provider.tenant_id, UserSession.provider_id == provider.provider_id
    ended = db.execute(delete(UserSession).where(*begun).returning(UserSession.session_id)).all()
    db.flush()
    return len(ended)


def are_passwords_replaced(db: Session, tenant_id: int) -> bool:
    """Say whether only providers let people of the tenant in."""
    replaced = (
        IdentityProvider.tenant_id == tenant_id,
        IdentityProvider.is_active,
        IdentityProvider.replaces_passwords,
    )
    return bool(db.scalar(select(exists().where(*replaced))))


def user_of(db: Session, provider: IdentityProvider, identity: Identity) -> User:
    """Return the user of the provider's tenant whom it vouches for; at first by a verified email.

    A user who is linked to one subject is never taken over by another with the same email.
    Raises: ``IdentityUnknown``: also where the user is there and may not sign in.
    """
    user = _linked(db, provider, identity) or _link(db, provider, identity)
    if user is None or not user.is_active:
        raise IdentityUnknown
    return user


def links_of(db: Session, user: User) -> Sequence[IdentityLink]:
    """Return who the user is at providers."""
    mine = IdentityLink.tenant_id == user.tenant_id, IdentityLink.user_id == user.user_id
    return db.scalars(select(IdentityLink).where(*mine).order_by(IdentityLink.issuer)).all()


def unlink(db: Session, user: User) -> int:
    """Forget, and count, who the user is at providers; the next sign-in goes by a verified email again."""
    mine = IdentityLink.tenant_id == user.tenant_id, IdentityLink.user_id == user.user_id
    return len(db.execute(delete(IdentityLink).where(*mine).returning(IdentityLink.subject)).all())


def end_provider_sessions(
    db: Session, provider: IdentityProvider, *, subject: str | None, session: str | None
) -> int:
    """End, and count, the sessions that the provider says are over: one of its own, or all of a subject."""
    begun = UserSession.tenant_id == provider.tenant_id, UserSession.provider_id == provider.provider_id
    if session is not None:
        which = UserSession.provider_session == session
    else:
        linked = select(IdentityLink.user_id).where(
            IdentityLink.tenant_id == provider.tenant_id,
            IdentityLink.issuer == provider.issuer,
            IdentityLink.subject == subject,
        )
        which = UserSession.user_id.in_(linked)
    return len(db.execute(delete(UserSession).where(*begun, which).returning(UserSession.session_id)).all())


def check_texts(*texts: str) -> None:
    """Make sure that each can stand in a button or a request.

    Raises: ``ProviderTextInvalid``.
    """
    if not all(1 <= len(text) <= _LONGEST and text.isprintable() for text in texts):
        raise ProviderTextInvalid


def _linked(db: Session, provider: IdentityProvider, identity: Identity) -> User | None:
    link = db.get(IdentityLink, (provider.tenant_id, identity.issuer, identity.subject))
    if link is None:
        return None
    link.last_used_at = clock.now()
    db.flush()
    return db.get(User, (link.tenant_id, link.user_id))


def _link(db: Session, provider: IdentityProvider, identity: Identity) -> User | None:
    """Link the active user of the tenant with this verified email, unless another subject is that user.

    Only ASCII is compared: a Kelvin sign, in lower case, is a k, and somebody else's address.
    """
    email = identity.email or ""
    if not (email and email.isascii() and email.isprintable()):
        return None
    email = email.strip().lower()
    same = User.tenant_id == provider.tenant_id, User.email == email, User.is_active
    user = db.scalar(select(User).where(*same))
    if user is None:
        return None
    made = insert(IdentityLink).values(
        tenant_id=user.tenant_id, issuer=identity.issuer, subject=identity.subject, user_id=user.user_id
    )
    once = made.on_conflict_do_nothing().returning(IdentityLink.subject)
    return user if db.execute(once).all() else None


def is_safe_address(address: str) -> bool:
    """Say whether it may be asked who somebody is: by https; by plain http only on this machine itself."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    is_plain = not (parts.fragment or parts.username or parts.password)
    return bool(host) and is_safe and is_plain and address.isascii() and address.isprintable()


def _check_issuer(issuer: str) -> None:
    if not is_safe_address(issuer) or "?" in issuer:
        raise IssuerInvalid
