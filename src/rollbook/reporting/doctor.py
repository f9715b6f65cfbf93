"""Look over an installation: each room says of its own what is wrong, and how to mend it."""

from collections.abc import Callable, Iterator
from typing import Final

from sqlalchemy.orm import Session

from rollbook.accounts import health as accounts_health
from rollbook.audit import health as audit_health
from rollbook.core.checks import Checked, State, fine
from rollbook.core.database import engine_for
from rollbook.core.progress import Report
from rollbook.core.settings import settings
from rollbook.core.tenancy import Tenant, Visibility, transaction
from rollbook.ops import doctor as ops_doctor
from rollbook.ops import keys_health, migrate
from rollbook.ops.replicas import health as replicas_health
from rollbook.ops.server import ServerStatus
from rollbook.ops.work import list_tenants

OF_A_TENANT: Final[tuple[Callable[[Session, Tenant], Checked], ...]] = (
    audit_health.look_over,
    accounts_health.look_over,
)


def look_over(status: ServerStatus, report: Report) -> Iterator[Checked]:
    """Yield what is found, of the server first, then of each tenant. Writes nothing."""
    report.step("Looking at the server")
    missing = len(migrate.pending(status.owner_url))
    yield _schema(missing)
    with Session(engine_for(status.owner_url)) as db:
        yield from ops_doctor.look_over(db, is_ours=status.kind != "external")
    yield from replicas_health.look_over(settings())
    if not missing:
        yield keys_health.look_over(status.owner_url)
        for tenant in list_tenants():
            report.step(f"Looking at {tenant.slug}")
            with transaction(engine_for(status.url), Visibility(tenant.tenant_id)) as db:
                yield from (look(db, tenant) for look in OF_A_TENANT)


def _schema(missing: int) -> Checked:
    if not missing:
        return fine("schema", "The schema is up to date.")
    return Checked("schema", State.WRONG, f"The schema lacks {missing} steps.", "rollbook db migrate")
