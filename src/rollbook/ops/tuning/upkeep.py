"""Which tables ask for vacuum or fresh statistics."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from rollbook.ops.tuning.indexes import SQL

_SHARE: Final = 0.1
_FEW_DEAD: Final = 1_000
_FEW_CHANGED: Final = 500
_FEW_ROWS: Final = 100


@dataclass(frozen=True, slots=True)
class Table:
    """A table, or a partitioned one as a whole, with what changed since it was last looked after."""

    schema: str
    name: str
    is_partitioned: bool
    is_looked_at: bool
    rows: float
    dead: int
    live: int
    changed: int
    bytes: int

    @property
    def is_littered(self) -> bool:
        """Whether dead rows take enough room for a vacuum to pay."""
        return self.dead > max(_FEW_DEAD, self.live * _SHARE)

    @property
    def is_stale(self) -> bool:
        """Whether the planner's statistics are missing, or of too many other rows."""
        changed = max(self.live, self.changed) if not self.is_looked_at else self.changed
        return changed > max(_FEW_ROWS if not self.is_looked_at else _FEW_CHANGED, self.rows * _SHARE)


def tables(db: Connection | Session) -> list[Table]:
    """Return every table of ours."""
    return [Table(**row) for row in db.execute(SQL["upkeep"]).mappings()]


def stale(db: Connection | Session) -> list[Table]:
    """Return the tables whose statistics mislead the planner."""
    return [one for one in tables(db) if one.is_stale]
