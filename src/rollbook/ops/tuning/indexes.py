"""Indexes that only cost, and foreign keys without one.

An index that makes rows unique, or by which a foreign key finds its rows, is never called unused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.ops.tuning import bloat

SQL: Final = named_sql("rollbook.ops.tuning", "indexes.sql")
FEW_ROWS: Final = 10_000

Reason = Literal["unused", "duplicate", "covered"]
Database = Connection | Session


@dataclass(frozen=True, slots=True)
class Drop:
    """An index that could go. ``keeper``: the one that does its work; ``parts``: its partitions."""

    schema: str
    name: str
    table: str
    reason: Reason
    keeper: str | None
    size_bytes: int
    scans: int
    parts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Invalid:
    """An index that a failed build left: it is kept up by each write and never read."""

    schema: str
    name: str
    table: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Unindexed:
    """A foreign key without an index. ``changes_there``: deletes and moves of rows that it refers to."""

    schema: str
    table: str
    constraint: str
    columns: Sequence[str]
    referred: str
    rows: int
    changes_there: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the indexes found. ``since``: when reads began to be counted."""

    since: datetime
    replicas: int
    drops: Sequence[Drop]
    unindexed: Sequence[Unindexed]
    invalid: Sequence[Invalid]
    bloated: Sequence[bloat.Bloated]


@dataclass(frozen=True, slots=True)
class _Index:
    """A row of the inventory."""

    schema: str
    name: str
    table_name: str
    number: int
    table_number: int
    method: str
    is_needed: bool
    is_valid: bool
    is_being_built: bool
    keys: Sequence[str]
    key_count: int
    all_columns: Sequence[int]
    has_expressions: bool
    predicate: str | None
    scans: int
    bytes: int
    parts: Sequence[str]


def look_at(db: Connection) -> Found:
    """Say which indexes could go, are broken, bloated or missing."""
    counted = counting(db)
    return Found(
        since=counted.since,
        replicas=counted.replicas,
        drops=drops(db),
        unindexed=unindexed(db),
        invalid=invalid(db),
        bloated=bloat.proven(db),
    )


def counting(db: Database) -> Any:  # noqa: ANN401 -- a row
    """Return since when reads and writes are counted here, and how many replicas count their own."""
    return db.execute(SQL["counting_since"]).one()


def drops(db: Database) -> list[Drop]:
    """Return indexes that another one replaces, and those that nothing read since reads were counted."""
    every = [one for one in _inventory(db) if one.is_valid]
    keys = db.execute(SQL["foreign_keys"]).mappings().all()
    found = []
    for one in every:
        keeper = next((other for other in every if _replaces(other, one)), None)
        if keeper is not None:
            reason: Reason = "duplicate" if len(keeper.keys) == len(one.keys) else "covered"
            found.append(_drop(one, reason, keeper.name))
        elif not (one.scans or one.is_needed or any(_serves(one, key) for key in keys)):
            found.append(_drop(one, "unused", None))
    return found


def unindexed(db: Database) -> list[Unindexed]:
    """Return foreign keys whose rows no index finds, those of the largest tables first."""
    every = [one for one in _inventory(db) if one.is_valid]
    keys = db.execute(SQL["foreign_keys"]).mappings()
    missing = [key for key in keys if not any(_serves(one, key) for one in every)]
    return [
        Unindexed(
            key["schema"],
            key["table_name"],
            key["name"],
            key["columns"],
            key["referred"],
            int(key["rows"]),
            key["changes_there"],
        )
        for key in sorted(missing, key=lambda key: -key["rows"])
    ]


def invalid(db: Database) -> list[Invalid]:
    """Return indexes that a failed build left; one that is being built is none."""
    broken = [one for one in _inventory(db) if not (one.is_valid or one.is_being_built)]
    return [Invalid(one.schema, one.name, one.table_name, one.bytes) for one in broken]


def _inventory(db: Database) -> list[_Index]:
    return [_Index(**row) for row in db.execute(SQL["inventory"]).mappings()]


def _drop(one: _Index, reason: Reason, keeper: str | None) -> Drop:
    return Drop(one.schema, one.name, one.table_name, reason, keeper, one.bytes, one.scans, one.parts)


def _replaces(keeper: _Index, one: _Index) -> bool:
    """Say whether ``keeper`` does all that ``one`` does: of two equal ones the older stays."""
    count = len(one.keys)
    alike = (keeper.table_number, keeper.method, keeper.predicate) == (
        one.table_number,
        one.method,
        one.predicate,
    )
    if one.is_needed or keeper.number == one.number or not alike or one.has_expressions:
        return False
    if keeper.has_expressions or list(keeper.keys[:count]) != list(one.keys):
        return False
    if not set(one.all_columns) <= set(keeper.all_columns):
        return False
    if len(keeper.keys) > count:
        return one.method == "btree"  # of other kinds a part is no replacement
    wider = set(keeper.all_columns) > set(one.all_columns)
    return wider or keeper.is_needed or keeper.number < one.number


def _serves(one: _Index, key: Any) -> bool:  # noqa: ANN401 -- a row
    """Say whether the foreign key's rows are found by ``one``: its columns come first, in any order."""
    first = one.all_columns[: min(one.key_count, len(key["numbers"]))]
    is_whole = one.predicate is None and one.method == "btree"
    return one.table_number == key["table_number"] and is_whole and set(first) == set(key["numbers"])
