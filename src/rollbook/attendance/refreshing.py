"""Bring up to date what is kept of attendance: weeks, their sums, and the totals of the school year."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.attendance.service import last_day, school_year_start
from rollbook.attendance.weeks import Standing, mondays, standing
from rollbook.core import clock
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant

_SQL: Final = named_sql("rollbook.attendance", "weeks.sql")
_AT_ONCE: Final = timedelta(weeks=4)
_WEEK: Final = timedelta(weeks=1)


def refresh_weeks(db: Session, tenant: Tenant) -> int:
    """Count anew what changed; return how many weeks did. ``db`` must see the whole tenant.

    Give it a transaction of its own: another refresh of the tenant waits for its end, nobody else does.
    """
    key = {"tenant_id": tenant.tenant_id}
    db.execute(_SQL["lock_weeks"], key)
    stale = db.scalars(_SQL["take_stale_weeks"], key).all()
    for since, until in _runs(stale):
        _count_weeks(db, tenant, since, until)
    changed, touched = set(stale), set[UUID]()
    for since, until, students in db.execute(_SQL["take_stale_students"], key).all():
        _count_weeks(db, tenant, since, until, students)
        changed |= set(mondays(since, until))
        touched |= set(students)
    _refresh_totals(db, tenant, touched, is_for_all=bool(stale))
    return len(changed)


def _count_weeks(
    db: Session, tenant: Tenant, since: date, until: date, students: Sequence[UUID] | None = None
) -> None:
    whose = {"tenant_id": tenant.tenant_id, "students": students}
    weeks = mondays(since, until)
    if weeks:
        db.execute(_SQL["forget_weeks"], whose | {"weeks": weeks})
        db.execute(_SQL["count_weeks"], whose | {"since": since, "until": until})


def _refresh_totals(db: Session, tenant: Tenant, touched: set[UUID], *, is_for_all: bool) -> None:
    """Add up the totals of those who were touched, or of all where they would end on another day."""
    through = last_day(db, clock.today_in(tenant.time_zone))
    now = standing(db, school_year_start(db, through), through)
    if is_for_all or not now.has_totals:
        _count_totals(db, tenant, now, None)
    elif touched or now.moved:
        _count_totals(db, tenant, now, sorted(touched | set(now.moved)))
    db.execute(_SQL["forget_window"], {"tenant_id": tenant.tenant_id})
    db.execute(_SQL["keep_window"], {"tenant_id": tenant.tenant_id, "since": now.since, "through": now.until})


def _count_totals(db: Session, tenant: Tenant, now: Standing, students: Sequence[UUID] | None) -> None:
    apart = now.apart if students is None else sorted(set(now.apart) & set(students))
    whose = {"tenant_id": tenant.tenant_id, "students": students}
    db.execute(_SQL["forget_totals"], whose)
    db.execute(_SQL["count_totals"], whose | now.params() | {"apart": apart})


def _runs(weeks: Iterable[date]) -> list[tuple[date, date]]:
    """Put weeks that follow each other together, some at a time: (first Monday, last Monday)."""
    runs: list[tuple[date, date]] = []
    for week in sorted(weeks):
        if runs and week - runs[-1][1] == _WEEK and week - runs[-1][0] < _AT_ONCE:
            runs[-1] = (runs[-1][0], week)
        else:
            runs.append((week, week))
    return runs
