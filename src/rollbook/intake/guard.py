"""The guard: a drop that would take too much away is refused, unless that was said to be meant."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rollbook.core.errors import Invalid
from rollbook.core.settings import settings
from rollbook.intake.diff import TableDiff

# Of so few rows a share says nothing: that many may leave any table.
FEW: Final = 2


class NothingToAccept(Invalid):
    """There is no table {table} in this import that could be allowed to shrink. It writes: {tables}."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Which share of a table's rows may leave, or change, before an import is refused. 1 = all."""

    most_leaving: float = 0.05
    most_leaving_elsewhere: float = 0.5
    most_changing: float = 1.0


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a drop is refused: ``rows`` of the ``present`` ones would leave, or of the compared ones change."""

    table: str
    what: str
    rows: int
    present: int
    limit: float

    @property
    def share(self) -> float:
        """The share of the rows, 0..1."""
        return self.rows / self.present

    def __str__(self) -> str:
        """Name the numbers."""
        return (
            f"{self.table}: {self.rows:,} of {self.present:,} rows ({self.share:.1%}) would {self.what},"
            f" and the limit is {self.limit:.0%}"
        )


def policy_of_settings() -> Policy:
    """Return the policy that the settings make."""
    given = settings()
    return Policy(given.import_leaving_share, given.import_shrinking_share, given.import_changing_share)


def objections(diffs: Iterable[TableDiff], policy: Policy, accepted: Collection[str]) -> Sequence[Objection]:
    """Return what speaks against the drop, for each table that is not ``accepted``.

    Raises: ``NothingToAccept`` if an accepted table is not among those that are written.
    """
    found = list(diffs)
    tables = dict.fromkeys(one.table for one in found)
    for table in accepted:
        if table not in tables:
            raise NothingToAccept(table=table, tables=", ".join(tables))
    return [against for one in found if one.table not in accepted for against in _objections(one, policy)]


def _objections(one: TableDiff, policy: Policy) -> Iterator[Objection]:
    most_leaving = policy.most_leaving if one.is_watched else policy.most_leaving_elsewhere
    for what, rows, of, limit in (
        ("leave", one.leaving, max(one.present, one.leaving), most_leaving),
        ("change", one.changed, one.changed + one.unchanged, policy.most_changing),
    ):
        if rows > FEW and rows > limit * of:
            yield Objection(one.table, what, rows, of, limit)
