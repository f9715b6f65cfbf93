"""Students' weeks, kept so that lists over a district are quick: bring them up to date, and ask for them."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant

_SQL: Final = named_sql("rollbook.attendance", "weeks.sql")
_AT_ONCE: Final = timedelta(weeks=4)


def refresh_weeks(db: Session, tenant: Tenant) -> int:
    """Count anew the weeks that changed; return how many. ``db`` must see the whole tenant.

    Give it a transaction of its own: another refresh of the tenant waits for its end, nobody else does.
    """
    db.execute(_SQL["lock_weeks"], {"tenant_id": tenant.tenant_id})
    stale = db.scalars(_SQL["take_stale_weeks"], {"tenant_id": tenant.tenant_id}).all()
    for since, until in _runs(stale):
        window = {"tenant_id": tenant.tenant_id, "since": since, "until": until}
        for query in ("forget_weeks", "count_weeks"):
            db.execute(_SQL[query], window)
    return len(stale)


def students_in_sight(db: Session) -> list[UUID] | None:
    """Return the students whom this transaction sees, or None if it sees the whole tenant."""
    found: list[UUID] | None = db.execute(_SQL["students_in_sight"]).scalar_one()
    return found


def _runs(weeks: Sequence[date]) -> list[tuple[date, date]]:
    """Put weeks that follow each other together, some at a time: (first Monday, last Monday)."""
    runs: list[tuple[date, date]] = []
    for week in sorted(weeks):
        if runs and week - runs[-1][1] == timedelta(weeks=1) and week - runs[-1][0] < _AT_ONCE:
            runs[-1] = (runs[-1][0], week)
        else:
            runs.append((week, week))
    return runs
