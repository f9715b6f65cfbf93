"""What an import writes to: a room's table, where its typed rows wait, and what becomes of those that leave.

A format declares one ``Target`` for each table it feeds; diff, guard and merge know no more than that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from sqlalchemy import Boolean, ColumnElement, Table, TableClause, column, table
from sqlalchemy.orm import Session

from rollbook.core.schema import Base

KNOWN_AT: Final = "known_at"
IS_GONE: Final = "is_gone"


def table_of(model: type[Base]) -> Table:
    """Return the table of a model."""
    found = model.__table__
    assert isinstance(found, Table)
    return found


class Completeness(StrEnum):
    """What it means that a row is not there: in a bulk drop it left, in a delta nothing."""

    BULK = "bulk"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class Keep:
    """Rows that leave are counted and guarded, and stay as they are: of students, the relations end."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Rows that leave are deleted; their last version stays in the history."""


@dataclass(frozen=True, slots=True)
class Close:
    """Rows that leave get ``value`` in ``column``, unless they were closed by then.

    Both may speak of the target's own columns: ``func.greatest(table.c.entry_on, day)``. A row is open while
    ``column`` is null or later than ``value``; only open ones can leave. ``also`` are more columns to set.
    """

    column: str
    value: ColumnElement[Any]
    also: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What each row that an import writes is marked with."""

    tenant_id: int
    import_id: int


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows of a table were written, and how."""

    new: int = 0
    changed: int = 0
    closed: int = 0
    deleted: int = 0

    def __add__(self, other: "Written") -> "Written":
        """Add up two steps."""
        return Written(
            self.new + other.new,
            self.changed + other.changed,
            self.closed + other.closed,
            self.deleted + other.deleted,
        )


class Merge(Protocol):
    """Writes a target's new and changed rows. Replace it where there is a faster way for a table.

    The rows that leave were closed or deleted before, for every target, children first.
    """

    def __call__(self, db: Session, target: "Target", stamp: Stamp, expected: "Expected") -> Written:
        """Write what is new or differs, in ``db``'s transaction."""


class Expected(Protocol):
    """What the diff found; a merge may leave out a step that has nothing to do."""

    @property
    def present(self) -> int:
        """Rows of the target that were there, in its scope; 0 = none, so nothing has to be compared."""

    @property
    def is_empty(self) -> bool:
        """Whether the tenant had no row at all (of a partitioned table: in the drop's months)."""

    @property
    def new(self) -> int:
        """Incoming rows that are not in the target."""

    @property
    def changed(self) -> int:
        """Incoming rows that differ from the target's."""

    @property
    def leaving(self) -> int:
        """Open rows of the target that the drop misses or says are gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A table that an import writes, and the temporary table in which its typed rows wait.

    The incoming table's columns are called as the target's, and are of types that PostgreSQL assigns to
    them. It holds each of ``key``, ``compared`` and ``inserted``; ``known_at timestamptz`` (the source's
    instant; null = not told) if ``has_known_at``; ``is_gone boolean NOT NULL`` if ``has_gone`` (true: the
    source says the row is gone; only its key is looked at). It does not hold tenant_id or import_id.
    """

    table: Table
    incoming: str
    file: str
    """Which file the rows come from, for people."""
    key: tuple[str, ...]
    """Columns, besides tenant_id, that say which row it is. At least one is NOT NULL in the target. Where the
    format has resolved an entity's id, that is its key."""
    compared: tuple[str, ...] = ()
    """Columns that are compared (null equals null), counted when they differ, and updated."""
    inserted: tuple[str, ...] = ()
    """Columns that are written with a new row and never looked at again."""
    completeness: Completeness = Completeness.DELTA
    leaving: Keep | Delete | Close = field(default_factory=Keep)
    scope: ColumnElement[bool] | None = None
    """Which of the tenant's rows a bulk drop is complete for: such as those of this source, of these schools,
    of this school year, of students who are still enrolled. None: all. Others can be neither missing nor
    counted as present."""
    has_known_at: bool = False
    has_gone: bool = False
    is_watched: bool = False
    """Whether the strict limit of the guard holds (students, enrollments, staff: 5 %)."""
    is_unique: bool = False
    """Whether the format vouches that no two incoming rows have the same key; else that is looked at."""
    month: str | None = None
    """The column that the table is partitioned by, month for month."""
    merge: Merge | None = None
    """A faster way to write this table, which also makes its months; None: ``merge.merge_rows``."""

    @property
    def name(self) -> str:
        """The table's name, as the guard and --accept-shrink call it."""
        return self.table.name

    @property
    def rows(self) -> TableClause:
        """The incoming table, to build queries with."""
        told = [KNOWN_AT] if self.has_known_at else []
        names = dict.fromkeys((*self.key, *self.compared, *self.inserted, *told))
        columns = [column(name, self.table.c[name].type) for name in names]
        gone = [column(IS_GONE, Boolean)] if self.has_gone else []
        return table(self.incoming, *columns, *gone)
