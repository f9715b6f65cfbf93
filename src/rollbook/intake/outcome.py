"""What came of an import, for a person, as JSON and for the receipt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rollbook.intake.diff import TableDiff
from rollbook.intake.guard import Objection
from rollbook.intake.liberties import Liberty
from rollbook.intake.quarantine import Cause
from rollbook.intake.rejects import Reject
from rollbook.intake.target import Written


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What came of a file: rows read, those of them that were rejected, columns that nobody asked for.

    ``columns`` are pairs: a column of the file, and what a rejected line's fields call it.
    """

    file: str
    rows_read: int
    rejected: int
    ignored_columns: Sequence[str]
    columns: Sequence[tuple[str, str]]
    sha256: str


@dataclass(frozen=True, slots=True)
class TableCounts:
    """What was done to a table."""

    new: int = 0
    changed: int = 0
    closed: int = 0
    deleted: int = 0
    unchanged: int = 0

    @property
    def is_written(self) -> bool:
        """Whether a row of the table was written."""
        return bool(self.new or self.changed or self.closed or self.deleted)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did, or would do (``is_dry_run``). ``import_id`` None: nothing was kept of it.

    ``tables`` is what was found before writing, ``counts`` what was written; ``rejects`` are the first of the
    ``rejected`` lines' faults, ``causes`` groups all; ``objections`` speak against a dry run's drop.
    """

    tenant: str
    format: str
    source: str
    import_id: int | None
    is_dry_run: bool
    files: Sequence[FileSummary] = ()
    tables: Sequence[TableDiff] = ()
    counts: Mapping[str, TableCounts] = field(default_factory=dict)
    rejected: int = 0
    max_rejects: int = 0
    rejects: Sequence[Reject] = ()
    causes: Sequence[Cause] = ()
    liberties: Sequence[Liberty] = ()
    objections: Sequence[Objection] = ()

    @property
    def written(self) -> int:
        """Rows written in all."""
        return sum(one.new + one.changed + one.closed + one.deleted for one in self.counts.values())

    @property
    def is_refused(self) -> bool:
        """Whether it is, or would be, refused."""
        return bool(self.objections) or self.rejected > self.max_rejects


def add_up(tables: Sequence[TableDiff], written: Sequence[Written]) -> Mapping[str, TableCounts]:
    """Add up what was written by table; several targets may feed one."""
    counts: dict[str, TableCounts] = {}
    for found, did in zip(tables, written, strict=True):
        before = counts.get(found.table, TableCounts())
        counts[found.table] = TableCounts(
            before.new + did.new,
            before.changed + did.changed,
            before.closed + did.closed,
            before.deleted + did.deleted,
            before.unchanged + found.unchanged,
        )
    return counts
