"""The present of a tenant: the day that pages, answers and commands are about unless somebody names one."""

from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant

_SQL: Final = named_sql("rollbook.curriculum", "present.sql")


def present_of(db: Session, tenant: Tenant) -> date:
    """Return today; of a tenant whose records end earlier their last day, for they are of a time gone by."""
    today = clock.today_in(tenant.time_zone)
    last: date | None = db.scalar(_SQL["last_day_kept"], {"tenant_id": tenant.tenant_id})
    return min(today, last or today)
