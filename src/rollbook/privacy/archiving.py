"""Which months may be archived: by the rules of retention, a month when its own rows would be past them.

Rows of those who left go by their rule from the archive as from the database. Of the audit's logs nothing is
archived: seals chain whole logs. Histories are not by month, and stay: an erasure finds them there.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import exists, insert, select
from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, transaction
from rollbook.ops.archive.catalog import find, owner_in
from rollbook.ops.archive.rewriting import Forgotten, forget_values
from rollbook.ops.archive.rules import Keeping, Rule
from rollbook.ops.archive.store import store_of
from rollbook.ops.work import list_tenants, running_server
from rollbook.privacy.about import TABLES
from rollbook.privacy.periods import periods
from rollbook.privacy.retention import students_past
from rollbook.privacy.retention_rules import RULES, Period

# By table, the columns that name somebody, and where those are who were not erased.
PEOPLE: Final[Mapping[str, Mapping[str, str]]] = {
    "attendance_records": {"student_id": "students"},
    "analytics_events": {"student_id": "students"},
    "activity_logs": {"student_id": "students", "user_id": "users"},
}
DEFAULTS: Final = {table: rule.keep for table, rule in RULES.items()}
_SILENCE: Final = (
    "schools send exceptions only, so that a day without a mark is a present one: without its marks a month"
    " would be one of perfect attendance"
)


def keeping(owner_url: str, app_url: str, tenants: Iterable[Tenant]) -> Keeping:
    """Return where archives are kept, and what may go there today by the longest of all tenants' rules."""
    engine = engine_for(app_url)
    kept: dict[str, list[date]] = {table: [] for table in PEOPLE}
    for tenant in tenants:
        with transaction(engine, Visibility(tenant.tenant_id)) as db:
            here = periods(db, tenant.tenant_id)
        today = clock.today_in(tenant.time_zone)
        for table, dates in kept.items():
            dates.append(live_for(table, here).before(today))
    return Keeping(owner_url, store_of(), rules_of(kept))


def rules_of(kept: Mapping[str, Sequence[date]]) -> list[Rule]:
    """Return what may go, by the days before which each tenant lets a table's months go."""
    today = clock.now().date()
    return [
        _rule(table, min(kept.get(table, ()), default=live_for(table, DEFAULTS).before(today)))
        for table in PEOPLE
    ]


def keeping_here() -> Keeping:
    """Return ``keeping`` of this installation.

    Raises: what ``running_server`` raises.
    """
    status = running_server()
    return keeping(status.owner_url, status.url, list_tenants())


def live_for(table: str, kept: Mapping[str, Period]) -> Period:
    """Return how long a month's rows stay in the database: what a law asks for, or else the whole period."""
    return RULES[table].least or kept[table]


def _rule(table: str, before: date) -> Rule:
    is_attendance = table == "attendance_records"
    return Rule(
        table,
        before,
        RULES[table].why,
        people=PEOPLE[table],
        obstacle=_is_silent if is_attendance else None,
        moved=_count_anew if is_attendance else None,
    )


def _is_silent(db: Session, tenant_id: int) -> str | None:
    """Return why a tenant's attendance stays: without its marks, silence would say something else."""
    sent = TABLES["attendance_submissions"]
    asked = select(exists().where(sent.c.tenant_id == tenant_id, sent.c.is_by_exception))
    return _SILENCE if db.scalar(asked) else None


def _count_anew(db: Session, tenant_id: int, since: date, until: date) -> None:
    """Let what is counted from attendance be counted again from what is there."""
    stale = TABLES["attendance_stale_weeks"]
    db.execute(insert(stale).values(tenant_id=tenant_id, since=since, until=until))


def forget_past(where: Keeping, tenant: Tenant) -> list[Forgotten]:
    """Take out of the archive what rules of retention remove: the rows of students who left long ago.

    Raises: as ``forget_values``.
    """
    forgotten: list[Forgotten] = []
    for table in PEOPLE:
        with owner_in(where.owner_url, tenant.tenant_id) as db:
            if not find(db, table):
                continue
            students = students_past(db, tenant, table)
        forgotten += forget_values(where, tenant.tenant_id, table, "student_id", students)
    return forgotten
