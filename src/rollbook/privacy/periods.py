"""How long a tenant keeps the rows of a table: as the default rules say, or as it has set."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.acting import acting
from rollbook.core.errors import Invalid, NotFound
from rollbook.privacy.models import RetentionRule
from rollbook.privacy.retention_rules import GOES_WITH, KEPT, RULES, Period, why_kept


class TableUnknown(NotFound):
    """There is no table '{table}'. `rollbook privacy retention show` lists them."""


class TableKept(Invalid):
    """Rows of {table} are not removed by time: {why}."""


class TableFollows(Invalid):
    """Rows of {table} go with those of {parent}: set that."""


class PeriodTooShort(Invalid):
    """Rows of {table} are to be kept for {least} at least: {law}."""


class PeriodInvalid(Invalid):
    """Say how long with --years (up to 200), --days (up to 36500) or both, one day at least."""


class PeriodReasonMissing(Invalid):
    """Say why, such as the rule or the board's decision."""


def set_period(db: Session, tenant_id: int, table: str, period: Period, *, reason: str) -> None:
    """Keep rows of ``table`` for ``period`` in this tenant; what was set before stays in the history.

    Raises: ``TableUnknown``; ``TableKept``; ``TableFollows``; ``PeriodTooShort``; ``PeriodInvalid``;
    ``PeriodReasonMissing``.
    """
    _check(table, period)
    if not reason.strip():
        raise PeriodReasonMissing
    said = {
        "keep_years": period.years,
        "keep_days": period.days,
        "reason": reason.strip(),
        "changed_by": acting().who,
        "known_at": clock.now(),
    }
    made = insert(RetentionRule).values(tenant_id=tenant_id, table_name=table, **said)
    db.execute(made.on_conflict_do_update(index_elements=["tenant_id", "table_name"], set_=said))


def _check(table: str, period: Period) -> None:
    if table in GOES_WITH:
        raise TableFollows(table=table, parent=GOES_WITH[table])
    if table not in RULES:
        if not any(table in names for names in KEPT.values()):
            raise TableUnknown(table=table)
        raise TableKept(table=table, why=why_kept(table))
    if not (0 <= period.years <= 200 and 0 <= period.days <= 36500 and period != Period()):  # noqa: PLR2004 -- as the table's check
        raise PeriodInvalid
    rule = RULES[table]
    if rule.least is not None and period.is_under(rule.least):
        raise PeriodTooShort(table=table, least=rule.least, law=rule.law)


def set_periods(db: Session, tenant_id: int) -> Mapping[str, RetentionRule]:
    """Return by table what the tenant has set."""
    mine = select(RetentionRule).where(RetentionRule.tenant_id == tenant_id)
    return {one.table_name: one for one in db.scalars(mine)}


def periods(db: Session, tenant_id: int) -> Mapping[str, Period]:
    """Return by table how long the tenant keeps its rows; never less than a law asks, whatever was set."""
    found = {name: rule.keep for name, rule in RULES.items()}
    for name, one in set_periods(db, tenant_id).items():
        if name in RULES:
            period, least = Period(one.keep_years, one.keep_days), RULES[name].least
            found[name] = least if least is not None and period.is_under(least) else period
    return found
