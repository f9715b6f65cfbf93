"""What can be written down of a class in PE, activities and fitness tests alike; what is known of a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql

_SQL: Final = named_sql("rollbook.activity", "measuring.sql")
MOST_MINUTES: Final = 600
MOST_RESULT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Measured:
    """An activity, with scores out of ``most``, or a fitness test, with results in ``unit``."""

    kind: Literal["activity", "test"]
    code: str
    name: str
    unit: str
    least: int
    most: Decimal

    @property
    def value(self) -> str:
        """What a form calls it."""
        return f"{self.kind}:{self.code}"

    @property
    def query(self) -> str:
        """What an address calls it."""
        return urlencode({"what": self.value})

    @property
    def has_minutes(self) -> bool:
        """Whether it is told how long it took: of an activity, not of a test."""
        return self.kind == "activity"


@dataclass(frozen=True, slots=True)
class Kept:
    """A score or result, how long it took, and what was noted."""

    amount: Decimal | None
    minutes: Decimal | None = None
    notes: str | None = None


def list_measured(db: Session, tenant_id: int) -> list[Measured]:
    """Return the tenant's activities and fitness tests, by name."""
    asked = {"tenant_id": tenant_id, "most_result": MOST_RESULT}
    return [Measured(*row) for row in db.execute(_SQL["measured"], asked)]


def kept_on(
    db: Session, tenant_id: int, measured: Measured, day: date, student_ids: Sequence[UUID]
) -> Mapping[UUID, Kept]:
    """Return what is known of these students on a day; of an activity their first attempt."""
    asked = {"tenant_id": tenant_id, "code": measured.code, "day": day, "student_ids": list(student_ids)}
    found = db.execute(_SQL[f"kept_of_{measured.kind}"], asked)
    return {row.student_id: Kept(row.amount, row.minutes, row.notes) for row in found}
