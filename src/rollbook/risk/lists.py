"""The lists that were scored: one for each date, and how many students each asks someone to look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant, sees_whole_tenant, whole_tenant
from rollbook.risk.levels import NEED_A_LOOK

DATES_OFFERED: Final = 60
SQL: Final = named_sql("rollbook.risk", "caseload.sql")


@dataclass(frozen=True, slots=True)
class RiskList:
    """The predictions of one date and one model."""

    as_of: date
    model_version: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """The list to show and the one before it; the dates to choose from, newest first, the shown one's too."""

    current: RiskList | None
    previous: RiskList | None
    dates: Sequence[date]


def choose_list(db: Session, tenant: Tenant, as_of: date | None = None) -> Chosen:
    """Return the list of ``as_of``; without it the active model's newest, or else the newest of all."""
    lists = read_lists(db, tenant)
    if as_of is None:
        current = next((each for each in lists if each.is_active), lists[0] if lists else None)
    else:
        current = next((each for each in lists if each.as_of == as_of), None)
    earlier = [each for each in lists if current is not None and each.as_of < current.as_of]
    offered = [*lists[:DATES_OFFERED], *(each for each in lists[DATES_OFFERED:] if each == current)]
    return Chosen(current, earlier[0] if earlier else None, [each.as_of for each in offered])


def lists_until(db: Session, tenant: Tenant, as_of: date | None = None) -> list[RiskList]:
    """Return the list that stands on ``as_of`` and those before it, newest first.

    Without ``as_of`` the list that stands is the one that ``choose_list`` chooses.
    """
    lists = read_lists(db, tenant)
    if as_of is None:
        active = next((each for each in lists if each.is_active), None)
        as_of = active.as_of if active else date.max
    return [each for each in lists if each.as_of <= as_of]


def read_lists(db: Session, tenant: Tenant) -> list[RiskList]:
    """Return all lists of the tenant, newest first, also those that none of the viewer's students are in."""
    with whole_tenant(db):
        found = db.execute(SQL["lists"], {"tenant_id": tenant.tenant_id, "target": tenant.risk_target}).all()
    return [RiskList(*row) for row in found]


def students_to_look_at(db: Session, tenant: Tenant, chosen: RiskList | None) -> int | None:
    """Return how many students of the list need a look; None where there is no list."""
    if chosen is None:
        return None
    levels = [level.value for level in NEED_A_LOOK]
    count: int = db.execute(
        SQL["students_to_look_at"], _key(db, tenant, chosen) | {"levels": levels}
    ).scalar_one()
    return count


def levels_of(db: Session, tenant: Tenant, chosen: RiskList) -> dict[str, int]:
    """Return how many subjects the list has at each level."""
    return {row.risk_category: row.subjects for row in db.execute(SQL["levels"], _key(db, tenant, chosen))}


def _key(db: Session, tenant: Tenant, chosen: RiskList) -> dict[str, object]:
    return {
        "tenant_id": tenant.tenant_id,
        "sees_all": sees_whole_tenant(db),
        "as_of": chosen.as_of,
        "model_version": chosen.model_version,
    }
