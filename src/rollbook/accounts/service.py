"""Verbs of accounts. A user is added by someone else; signing in needs no tenant, only the right password."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from rollbook.accounts.devices import forget_devices
from rollbook.accounts.keys import revoke_keys
from rollbook.accounts.models import Awaited, Role, User
from rollbook.accounts.models_providers import IdentityProvider
from rollbook.accounts.passwords import (
    check_bcrypt,
    check_password,
    hash_password,
    is_outdated,
    is_password_of,
    is_too_short,
)
from rollbook.accounts.providers import Identity, are_passwords_replaced, unlink, user_of
from rollbook.accounts.second_factor import check_code, has_second_factor
from rollbook.accounts.sessions import (
    Arrival,
    Found,
    SignedIn,
    begin_session,
    end_session,
    end_sessions,
)
from rollbook.core import clock, tenancy
from rollbook.core.errors import Conflict, Invalid, NotFound, Unauthenticated
from rollbook.core.tenancy import Tenant, Visibility

_EMAIL: Final = re.compile(r"[!-?A-~]{1,64}@[!-?A-~]{1,189}")
_MOST_SHARING: Final = text("SELECT rollbook_most_sharing_an_email()")
_BCRYPT_COST: Final = text("SELECT rollbook_bcrypt_cost()")
_ONE_TIME_BYTES: Final = 15


class SignInFailed(Unauthenticated):
    """No active account has this email and password."""


class EmailInvalid(Invalid):
    """An email is printable ASCII with one @, at most 254 characters, such as ada@example.org."""


class NameInvalid(Invalid):
    """A name has 1 to 200 characters, none of them a control character."""


class EmailTaken(Conflict):
    """The tenant already has a user with this email."""


class UserNotFound(NotFound):
    """The tenant has no such user. `rollbook user list` lists them."""


class PasswordWrong(Invalid):
    """The present password is not that one. Nothing was changed."""


def add_user(  # noqa: PLR0913 -- a user is that many facts, all named
    db: Session,
    *,
    tenant_id: int,
    email: str,
    full_name: str,
    role: Role | str,
    password: str | None,
    bcrypt_hash: str | None = None,
) -> User:
    """Add a user to the tenant that ``db`` looks at; without a password they sign in by other means, or not.

    ``bcrypt_hash`` is what an older system kept of a password that the user goes on using.
    Raises: ``EmailInvalid``; ``NameInvalid``; ``PasswordUnfit``; ``PasswordCommon``; ``HashUnknown``;
    ``EmailTaken``.
    """
    address = _free_address(db, tenant_id, email)
    _check_name(full_name)
    user = User(tenant_id=tenant_id, email=address, full_name=full_name, role=Role(role))
    if password is not None:
        check_password(password, known_of(db, user))
        user.password_hash = hash_password(password)
    elif bcrypt_hash is not None:
        user.password_hash = check_bcrypt(bcrypt_hash)
    db.add(user)
    db.flush()
    return user


def list_users(db: Session, tenant_id: int) -> Sequence[User]:
    """Return the tenant's users by email."""
    return db.scalars(select(User).where(User.tenant_id == tenant_id).order_by(User.email)).all()


def find_user(db: Session, tenant_id: int, email: str) -> User | None:
    """Return the tenant's user with this email, if there is one."""
    return db.scalar(select(User).where(User.tenant_id == tenant_id, User.email == email.strip().lower()))


def get_user(db: Session, tenant_id: int, email: str) -> User:
    """Return the tenant's user with this email.

    Raises: ``UserNotFound``.
    """
    user = find_user(db, tenant_id, email)
    if user is None:
        raise UserNotFound
    return user


def sign_in(db: Session, email: str, password: str, arrival: Arrival | None = None) -> SignedIn:
    """Begin a session for the user of any tenant whose email and password these are.

    Afterwards ``db`` looks at that user's tenant. An unknown email takes the work of a wrong password
    and fails alike. An email known in two tenants is tried in both; then every email takes the work of two.
    Raises: ``SignInFailed``.
    """
    cost = db.scalar(_BCRYPT_COST)
    users = _signing_in(db, email)
    known = [user.password_hash for user in users]
    most = max(1, db.scalar(_MOST_SHARING) or 0)
    hashes = [*known, *[None] * (most - len(known))]
    fitting = [is_password_of(kept, password, cost) for kept in hashes]
    if not any(fitting):
        raise SignInFailed(users=[user.user_id for user in users])
    user = users[fitting.index(True)]
    tenancy.look_through(db, Visibility(user.tenant_id))
    if are_passwords_replaced(db, user.tenant_id):
        raise SignInFailed(users=[user.user_id])
    _keep_as_today(db, user, password)
    return begin_session(db, user, arrival, awaits=awaited(db, user))


def awaited(db: Session, user: User) -> Awaited | None:
    """Return what ``user`` must do after the password, before a session opens anything."""
    if has_second_factor(db, user):
        return Awaited.CODE
    return Awaited.NEW_PASSWORD if user.must_change_password else None


def show_code(db: Session, found: Found, code: str, arrival: Arrival | None = None) -> SignedIn:
    """Go on with a sign-in that awaits a second factor, in a session of another token.

    Raises: ``CodeWrong``.
    """
    check_code(db, found.user, code)
    end_session(db, found.user, found.session.session_id)
    by_provider = found.session.provider_id is not None
    awaits = Awaited.NEW_PASSWORD if found.user.must_change_password and not by_provider else None
    goes_on = (arrival or Arrival()).within(found.session)
    return begin_session(db, found.user, goes_on, awaits=awaits, second_factor_at=clock.now())


def sign_in_by_provider(
    db: Session, provider: IdentityProvider, identity: Identity, arrival: Arrival | None = None
) -> SignedIn:
    """Begin a session for whom the provider vouches. A second factor there counts where the tenant says so.

    Raises: ``IdentityUnknown``.
    """
    user = user_of(db, provider, identity)
    came = replace(arrival or Arrival(), provider_id=provider.provider_id, provider_session=identity.session)
    shown_at = clock.now() if identity.factors & set(provider.second_factors) else None
    awaits = Awaited.CODE if shown_at is None and has_second_factor(db, user) else None
    return begin_session(db, user, came, awaits=awaits, second_factor_at=shown_at)


def change_password(db: Session, user: User, present: str, new: str) -> None:
    """Give ``user`` the password they chose; every session of theirs ends.

    Raises: ``PasswordWrong``; ``PasswordUnfit``; ``PasswordCommon``.
    """
    if not is_password_of(user.password_hash, present):
        raise PasswordWrong
    _set_password(db, user, new)
    user.must_change_password = False
    db.flush()


def reset_password(db: Session, user: User, password: str | None = None) -> str:
    """Give ``user`` a password that somebody else knows, so they must choose another at the next sign-in.

    Every session of theirs ends. Returns the password: a random one where none is given.
    Raises: ``PasswordUnfit``; ``PasswordCommon``.
    """
    forget_devices(db, user)
    given = password if password is not None else secrets.token_urlsafe(_ONE_TIME_BYTES)
    _set_password(db, user, given)
    user.must_change_password = True
    db.flush()
    return given


def change_email(db: Session, user: User, email: str) -> None:
    """Let ``user`` sign in with another email from now on; every session of theirs ends.

    Raises: ``EmailInvalid``; ``EmailTaken``.
    """
    user.email = _free_address(db, user.tenant_id, email)
    end_sessions(db, user)
    forget_devices(db, user)
    db.flush()


def change_name(db: Session, user: User, full_name: str) -> None:
    """Call ``user`` otherwise.

    Raises: ``NameInvalid``.
    """
    _check_name(full_name)
    user.full_name = full_name
    db.flush()


def set_role(db: Session, user: User, role: Role) -> None:
    """Let ``user`` be something else in the tenant; every session of theirs ends."""
    user.role = role
    end_sessions(db, user)
    db.flush()


def activate(db: Session, user: User) -> None:
    """Let a user sign in again."""
    user.is_active = True
    db.flush()


def deactivate(db: Session, tenant_id: int, user_id: UUID) -> None:
    """Keep the user from signing in, and end at once all that lets them or their programs in.

    Sessions, keys, tokens, links to providers and known browsers: none comes back with ``activate``.
    Raises: ``UserNotFound``.
    """
    user = db.get(User, (tenant_id, user_id))
    if user is None:
        raise UserNotFound
    user.is_active = False
    end_sessions(db, user)
    revoke_keys(db, user)
    unlink(db, user)
    forget_devices(db, user)
    db.flush()


def known_of(db: Session, user: User) -> list[str]:
    """Return what everybody knows of ``user``, and would try as their password."""
    tenant = db.get(Tenant, user.tenant_id)
    return [user.email, user.full_name, *([tenant.name, tenant.slug] if tenant else [])]


def _free_address(db: Session, tenant_id: int, email: str) -> str:
    """Return the email in the form it is kept in, if nobody of the tenant has it."""
    address = _address(email)
    if address is None:
        raise EmailInvalid
    if find_user(db, tenant_id, address) is not None:
        raise EmailTaken
    return address


def _check_name(full_name: str) -> None:
    if not 1 <= len(full_name) <= 200 or not full_name.isprintable():  # noqa: PLR2004 -- as NameInvalid says
        raise NameInvalid


def _address(email: str) -> str | None:
    """Return the email in the form it is kept in, or None if it cannot be one."""
    address = email.strip().lower()
    return address if _EMAIL.fullmatch(address) and address.isascii() else None


def _signing_in(db: Session, email: str) -> Sequence[User]:
    """Return the active users, of any tenant, with this email."""
    address = _address(email)
    # also where it cannot be an email: the same statements are sent
    tenancy.name_email(db, address or "@")
    found = select(User).where(User.email == (address or "@"), User.is_active).order_by(User.tenant_id)
    users = db.scalars(found).all()
    tenancy.name_email(db, "")
    return users


def _keep_as_today(db: Session, user: User, password: str) -> None:
    """Keep the right password as a hash is made today; one that is too short for today must be changed."""
    assert user.password_hash is not None
    if is_outdated(user.password_hash):
        user.password_hash = hash_password(password)
    if is_too_short(password, with_second_factor=has_second_factor(db, user)):
        user.must_change_password = True
    db.flush()


def _set_password(db: Session, user: User, password: str) -> None:
    check_password(password, known_of(db, user), with_second_factor=has_second_factor(db, user))
    user.password_hash = hash_password(password)
    user.password_changed_at = clock.now()
    end_sessions(db, user)
