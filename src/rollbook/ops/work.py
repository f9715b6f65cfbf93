"""How a command gets to work: the running server, one tenant, one transaction as the app's role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.errors import Invalid
from rollbook.core.settings import settings
from rollbook.core.tenancy import Tenant, Visibility, find_tenant, transaction
from rollbook.ops import server
from rollbook.ops.errors import ExternalUnreachable, ServerNotReady, ServerNotRunning


class NoTenant(Invalid):
    """There is no tenant yet. `rollbook demo` or `rollbook import` makes one."""


class TenantUnnamed(Invalid):
    """Several tenants are here: {slugs}. Say which with --tenant, or set ROLLBOOK_TENANT."""


@dataclass(frozen=True, slots=True)
class Work:
    """A transaction in one tenant, with all of its students in sight."""

    db: Session
    tenant: Tenant


def running_server() -> server.ServerStatus:
    """Return the server's status.

    Raises: ``ServerNotRunning``; ``ExternalUnreachable``; ``ServerNotReady``.
    """
    status = server.status()
    if not status.running and status.kind == "external":
        raise ExternalUnreachable(reason="`rollbook up` says why")
    if not status.running:
        raise ServerNotRunning
    if not status.url:
        raise ServerNotReady
    return status


@contextmanager
def work_in(slug: str | None = None, *, as_owner: bool = False) -> Iterator[Work]:
    """Run the block in one transaction, as the app's role, without a statement timeout; commit if it returns.

    ``slug`` None means the setting, or else the only tenant there is. ``as_owner``: as the role that owns the
    tables, for what the app may not do: take away what it was only ever to add.
    Raises: what ``running_server`` raises; ``TenantNotFound``; ``TenantUnnamed``; ``NoTenant``.
    """
    status = running_server()
    url = status.owner_url if as_owner else status.url
    engine = engine_for(url, statement_timeout_s=0)
    with Session(engine) as db:
        tenant_id = find_tenant(db, slug or settings().tenant or _only_slug(status)).tenant_id
    with transaction(engine, Visibility(tenant_id)) as db:
        yield Work(db, db.get_one(Tenant, tenant_id))


def list_tenants() -> list[Tenant]:
    """Return every tenant, by slug; as the owner's role, which alone may list them."""
    with Session(engine_for(running_server().owner_url), expire_on_commit=False) as db:
        return list(db.scalars(select(Tenant).order_by(Tenant.slug)))


def _only_slug(status: server.ServerStatus) -> str:
    with Session(engine_for(status.owner_url)) as db:
        slugs = list(db.scalars(select(Tenant.slug).order_by(Tenant.slug)))
    if not slugs:
        raise NoTenant
    if len(slugs) > 1:
        raise TenantUnnamed(slugs=", ".join(slugs))
    return slugs[0]
