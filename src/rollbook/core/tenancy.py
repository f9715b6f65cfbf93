"""The tenant and the wall around it: what a transaction may see is set here and nowhere else.

Tenants live on this floor, not in roster, because audit, intake and accounts refer to them too.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Engine, Identity, select, text
from sqlalchemy.orm import Mapped, Session, SessionTransaction, mapped_column

from rollbook.core import retrying
from rollbook.core.acting import acting, plain
from rollbook.core.errors import Invalid, NotFound
from rollbook.core.schema import Base, created_at

Result = TypeVar("Result")

_SET: Final = text(
    "SELECT set_config('rollbook.tenant', :tenant, true),"
    " set_config('rollbook.scope', :scope, true),"
    " set_config('rollbook.students', :students, true)"
)
_SIGN: Final = text(
    "SELECT set_config('rollbook.who', :who, true),"
    " set_config('rollbook.user', :user_id, true),"
    " set_config('rollbook.request', :request_id, true),"
    " set_config('rollbook.purpose', :purpose, true)"
)
_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_SCOPE: Final = text("SELECT current_setting('rollbook.scope', true)")
_SET_SCOPE: Final = text("SELECT set_config('rollbook.scope', :scope, true)")
_NAME_TENANT: Final = text("SELECT set_config('rollbook.tenant_slug', :slug, true)")
_NAME_EMAIL: Final = text("SELECT set_config('rollbook.sign_in_email', :email, true)")
_SHOW_DEVICE: Final = text("SELECT set_config('rollbook.device_hash', :token_hash, true)")
_SHOW_BEARER: Final = text("SELECT set_config('rollbook.bearer_hash', :token_hash, true)")
_SHOW_SESSION: Final = text("SELECT set_config('rollbook.session_hash', :token_hash, true)")


class Tenant(Base):
    """One district, network or university. Grain: one row per tenant; nothing refers across tenants."""

    __tablename__ = "tenants"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="slug_form"),
        CheckConstraint("risk_target IN ('course', 'student')", name="risk_target_known"),
    )

    tenant_id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True, comment="what commands call it")
    name: Mapped[str]
    time_zone: Mapped[str] = mapped_column(server_default="UTC", comment="IANA zone; ends its days")
    is_synthetic: Mapped[bool] = mapped_column(server_default="false", comment="every page says so")
    risk_target: Mapped[str] = mapped_column(
        server_default="student", comment="what a prediction is about: a student in a course, or the student"
    )
    created_at: Mapped[datetime] = created_at()


class TenantNotFound(NotFound):
    """There is no tenant '{slug}'. `rollbook tenants` lists them."""


class TenantSlugInvalid(Invalid):
    """'{slug}' cannot name a tenant: use lower-case letters, digits and hyphens, at most 63."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """What a transaction may see: one tenant, and in it these students, or all (None)."""

    tenant_id: int
    student_ids: Sequence[UUID] | None = None


@contextmanager
def transaction(engine: Engine, visibility: Visibility) -> Iterator[Session]:
    """Run the block in one transaction that sees no more than ``visibility``; commit if it returns.

    A connection that is lost before the block begins is made anew, for as long as ROLLBOOK_RETRY_S says; the
    block itself runs once. Where it can be run again as a whole, call it by ``in_transaction``.
    """
    begun = retrying.again(partial(_begin, engine, visibility))
    with begun.session as db, begun:
        yield db


def in_transaction(engine: Engine, visibility: Visibility, work: Callable[[Session], Result]) -> Result:
    """Return what ``work`` does in one transaction; if it failed for the moment and wrote nothing, again.

    ``work`` may run several times, so it does nothing but read and write by the session that it is given.
    """

    def once() -> Result:
        with transaction(engine, visibility) as db:
            return work(db)

    return retrying.again(once)


def _begin(engine: Engine, visibility: Visibility) -> SessionTransaction:
    db = Session(engine)
    try:
        begun = db.begin()
        look_through(db, visibility)
    except BaseException:
        db.close()
        raise
    return begun


def look_through(db: Session, visibility: Visibility) -> None:
    """Set, until the end of ``db``'s transaction, what row-level security lets through."""
    ids = visibility.student_ids
    db.execute(
        _SET,
        {
            "tenant": str(visibility.tenant_id),
            "scope": "tenant" if ids is None else "students",
            "students": "" if ids is None else "{" + ",".join(map(str, ids)) + "}",
        },
    )
    sign(db)


def sign(
    db: Session, *, user_id: UUID | None = None, purpose: str | None = None, who: str | None = None
) -> None:
    """Tell the audit, until the end of ``db``'s transaction, who acts and why, if not as the door said."""
    said = acting()
    db.execute(
        _SIGN,
        {
            "who": said.who if who is None else who,
            "user_id": str(user_id) if user_id else "",
            "request_id": said.request_id,
            "purpose": said.purpose if purpose is None else plain(purpose),
        },
    )


@contextmanager
def whole_tenant(db: Session) -> Iterator[None]:
    """Let the block see all of the transaction's tenant: only for what tells nothing of any student."""
    before = db.scalar(_SCOPE)
    db.execute(_SET_SCOPE, {"scope": "tenant"})
    try:
        yield
    finally:
        db.execute(_SET_SCOPE, {"scope": before or ""})


def sees_whole_tenant(db: Session) -> bool:
    """Say whether the transaction sees all students: a query may then read a table as a whole."""
    scope: str | None = db.scalar(_SCOPE)
    return scope == "tenant"


def name_email(db: Session, email: str) -> None:
    """Let the transaction see the users, in any tenant, who sign in as ``email``; "" ends that."""
    db.execute(_NAME_EMAIL, {"email": email})


def show_session(db: Session, token_hash: bytes) -> None:
    """Let the transaction see the sign-in whose token has this hash, whatever its tenant."""
    db.execute(_SHOW_SESSION, {"token_hash": token_hash.hex()})


def show_bearer(db: Session, token_hash: bytes) -> None:
    """Let the transaction see the key or token of a program that has this hash, whatever its tenant."""
    db.execute(_SHOW_BEARER, {"token_hash": token_hash.hex()})


def show_device(db: Session, token_hash: bytes) -> None:
    """Let the transaction see the browser whose token has this hash, whatever its tenant."""
    db.execute(_SHOW_DEVICE, {"token_hash": token_hash.hex()})


def find_tenant(db: Session, slug: str) -> Tenant:
    """Return the tenant that ``slug`` names.

    Raises: ``TenantNotFound``.
    """
    db.execute(_NAME_TENANT, {"slug": slug})
    tenant = db.scalar(select(Tenant).where(Tenant.slug == slug))
    if tenant is None:
        raise TenantNotFound(slug=slug)
    return tenant


def ensure_tenant(
    db: Session, slug: str, *, name: str, risk_target: str = "student", is_synthetic: bool = False
) -> Tenant:
    """Return the tenant that ``slug`` names, made now if it is new.

    Raises: ``TenantSlugInvalid``.
    """
    if not _SLUG.fullmatch(slug):
        raise TenantSlugInvalid(slug=slug)
    try:
        return find_tenant(db, slug)
    except TenantNotFound:
        sign(db)
        tenant = Tenant(slug=slug, name=name, risk_target=risk_target, is_synthetic=is_synthetic)
        db.add(tenant)
        db.flush()
        return tenant
