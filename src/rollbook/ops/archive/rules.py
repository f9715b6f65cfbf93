"""What ops is told from above: which tables may be archived, how old, and what hangs on their rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from rollbook.ops.archive.errors import NotArchivable
from rollbook.ops.archive.store import Store

Moved = Callable[[Session, int, date, date], None]
Obstacle = Callable[[Session, int], str | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A table that may be archived.

    ``before``: months that end before this day may go. ``people``: columns that name somebody, and the table
    that no longer has them once they are erased. ``obstacle``: why a tenant's rows must stay, if they must.
    ``moved``: told in the same transaction that a tenant's rows of these days are gone, or are back.
    """

    table: str
    before: date
    why: str
    people: Mapping[str, str] = field(default_factory=dict)
    obstacle: Obstacle | None = None
    moved: Moved | None = None


@dataclass(frozen=True, slots=True)
class Keeping:
    """A database, the folder that its archives lie in, and what may go there."""

    owner_url: str = field(repr=False)
    store: Store
    rules: Sequence[Rule] = ()

    def rule_of(self, table: str) -> Rule:
        """Return the rule of a table.

        Raises: ``NotArchivable``.
        """
        for rule in self.rules:
            if rule.table == table:
                return rule
        raise NotArchivable(table=table, tables=", ".join(rule.table for rule in self.rules))
