"""Look over a tenant's audit: is it sealed, and lately?"""

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from rollbook.audit.reading import SQL
from rollbook.core import clock
from rollbook.core.checks import Checked, State, fine
from rollbook.core.tenancy import Tenant

_LATELY: Final = timedelta(days=1)


def look_over(db: Session, tenant: Tenant) -> Checked:
    """Say whether rows of the tenant's logs wait for a seal longer than a day.

    A row without a seal can be changed unseen by whoever has the owner's password.
    """
    name = f"seals of {tenant.slug}"
    oldest = db.scalar(SQL["oldest_unsealed"], {"tenant_id": tenant.tenant_id})
    if oldest is None or oldest > clock.now() - _LATELY:
        return fine(name, "No row of the audit waits longer than a day for a seal.")
    return Checked(
        name,
        State.WARNING,
        f"Rows of the audit since {oldest:%Y-%m-%d} have no seal: a change of them would not be found.",
        f"rollbook audit seal --tenant {tenant.slug}, every hour, and keep its hash elsewhere.",
    )
