"""Look over an installation: each room says of its own what is wrong, and how to mend it."""

from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy.orm import Session

from rollbook.accounts import health as accounts_health
from rollbook.audit import health as audit_health
from rollbook.core.checks import Checked
from rollbook.core.database import engine_for
from rollbook.core.progress import Report
from rollbook.core.tenancy import Tenant, Visibility, transaction
from rollbook.ops import migrate
from rollbook.ops.server import ServerStatus
from rollbook.ops.work import list_tenants
from rollbook.reporting import health

OF_A_TENANT: Final[tuple[Callable[[Session, Tenant], Checked], ...]] = (
    audit_health.look_over,
    accounts_health.look_over,
)


def look_over(status: ServerStatus, report: Report) -> Iterator[Checked]:
    """Yield what is found, of the server first, then of each tenant. Writes nothing."""
    report.step("Looking at the server")
    missing = len(migrate.pending(status.owner_url))
    yield health.schema(missing)
    for found in health.look_at_sections(status, health.SECTIONS, with_schema=not missing):
        yield found.checked
    if not missing:
        for tenant in list_tenants():
            report.step(f"Looking at {tenant.slug}")
            with transaction(engine_for(status.url), Visibility(tenant.tenant_id)) as db:
                yield from (look(db, tenant) for look in OF_A_TENANT)
