"""When a tenant calls absence chronic."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from sqlalchemy.orm import Session

from rollbook.core.errors import Invalid
from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.attendance")
_MOST_DAYS: Final = 366


class RuleInvalid(Invalid):
    """A chronic rate lies between 0 and 1, such as 0.1 or 0.125; minimum days are 1 to 366."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Chronic: at least ``chronic_rate`` (0..1) of the days missed, of at least ``minimum_days``."""

    chronic_rate: Decimal = Decimal("0.1")  # ED FS195
    minimum_days: int = 10

    def holds(self, missed: Decimal, days: int) -> bool:
        """Say whether so many days missed are chronic absence."""
        return days >= self.minimum_days and missed >= self.chronic_rate * days


DEFAULT: Final = Rule()


def rule_of(db: Session, tenant_id: int) -> Rule:
    """Return the tenant's rule, or the default."""
    row = db.execute(_SQL["rule"], {"tenant_id": tenant_id}).one_or_none()
    return Rule(*row) if row else DEFAULT


def set_rule(
    db: Session, tenant_id: int, *, chronic_rate: Decimal | None = None, minimum_days: int | None = None
) -> Rule:
    """Change the tenant's rule where something is given, and return it.

    Raises: ``RuleInvalid``.
    """
    if chronic_rate is not None and not _is_rate(chronic_rate):
        raise RuleInvalid
    if minimum_days is not None and not 1 <= minimum_days <= _MOST_DAYS:
        raise RuleInvalid
    said = {
        "tenant_id": tenant_id,
        "chronic_rate": chronic_rate,
        "minimum_days": minimum_days,
        "default_rate": DEFAULT.chronic_rate,
        "default_days": DEFAULT.minimum_days,
    }
    return Rule(*db.execute(_SQL["set_rule"], said).one())


def _is_rate(rate: Decimal) -> bool:
    """See that nothing is rounded away when it is stored."""
    return rate.is_finite() and 0 < rate < 1 and rate == round(rate, 3)
