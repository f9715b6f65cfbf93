"""Into the database: each batch staged by COPY, written by one INSERT; corrections follow as UPDATEs.

COPY may not go to tables with row-level security, so it goes to temporary tables.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import psycopg
from psycopg import Cursor, sql
from sqlalchemy import Connection, Table, text
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.demo import marks
from rollbook.demo.binary import encode, staged_as
from rollbook.demo.calendar import Array
from rollbook.demo.facts import KNOWN_AT, Batch, Column, Columns, Correction, Words
from rollbook.demo.ids import UUID_BYTES
from rollbook.demo.marks import MarksLoad
from rollbook.demo.sealing import seal_columns
from rollbook.migrations.registry import metadata

_MONTHS: Final = text("SELECT rollbook_ensure_months(cast(:table AS regclass), :since, :until)")
PARTITIONED: Final = ("analytics_events", "activity_logs")


@dataclass(frozen=True, slots=True)
class _Staged:
    """A temporary table that holds ``columns``, as numbers and codes if ``is_binary``."""

    name: str
    columns: Columns
    is_binary: bool

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier(self.name)

    def read(self, name: str) -> sql.Composable:
        """Return the expression that reads a column: a code becomes its word, a mark of absence NULL."""
        column, values = sql.Identifier(self.name, name), self.columns[name]
        kind = staged_as(values)
        if not self.is_binary or kind is None:
            return column
        if isinstance(values, Words):
            return sql.SQL("({}::text[])[{} + 1]").format(sql.Literal(list(values.words)), column)
        return sql.SQL(kind.read).format(column)


class Writer:
    """Writes batches of ``since`` to ``until`` into one tenant, in the transaction of ``db``."""

    def __init__(self, db: Session, tenant: Tenant, since: date, until: date) -> None:
        self._db, self._tenant_id, self._span = db, tenant.tenant_id, (since, until)
        self._cursor = _cursor(db.connection())
        self._made: dict[str, sql.Identifier] = {}
        self._marks: MarksLoad | None = None
        self._corrections_of_marks: list[Correction] = []

    def write(self, batch: Batch) -> int:
        """Write ``batch`` and its corrections; return how many rows were inserted.

        Marks of attendance, and their corrections, are there only after ``finish``.
        """
        if batch.table == marks.TABLE:
            self._marks = self._marks or MarksLoad(self._db, self._cursor, *self._span)
            self._corrections_of_marks += batch.corrections
            return self._marks.add(batch.rows)
        target = metadata.tables[batch.table]
        written = self._insert(target, self._stage(target, batch.rows))
        self._correct(target, batch.corrections)
        return written

    def finish(self) -> None:
        """Finish the load of marks, correct them, and drop the temporary tables."""
        if self._marks:
            self._marks.finish()
            self._correct(metadata.tables[marks.TABLE], self._corrections_of_marks)
        marks.ensure_months(self._db, *self._span)
        for table in self._made.values():
            self._cursor.execute(sql.SQL("DROP TABLE {}").format(table))
        self._made.clear()

    def _correct(self, target: Table, corrections: Sequence[Correction]) -> None:
        for correction in filter(len, corrections):
            staged = self._stage(target, {**correction.key, **correction.columns})
            self._update(target, correction, staged)

    def _insert(self, target: Table, staged: _Staged) -> int:
        """Insert the rows; what says when a row was written says when it was known, the same on every run."""
        names = list(staged.columns)
        values = [staged.read(name) for name in names]
        if "created_at" in target.c:
            names, values = [*names, "created_at"], [*values, staged.read(KNOWN_AT)]
        self._cursor.execute(
            sql.SQL("INSERT INTO {} (tenant_id, {}) SELECT {}, {} FROM {}").format(
                sql.Identifier(target.name),
                _list(map(sql.Identifier, names)),
                sql.Literal(self._tenant_id),
                _list(values),
                staged.table,
            )
        )
        return self._cursor.rowcount

    def _update(self, target: Table, correction: Correction, staged: _Staged) -> None:
        name = sql.SQL("{} = {}")
        changes = [name.format(sql.Identifier(c), staged.read(c)) for c in correction.columns]
        same = [name.format(sql.Identifier(target.name, c), staged.read(c)) for c in correction.key]
        self._cursor.execute(
            sql.SQL("UPDATE {} SET {} FROM {} WHERE {} = {} AND {}").format(
                sql.Identifier(target.name),
                _list(changes),
                staged.table,
                sql.Identifier(target.name, "tenant_id"),
                sql.Literal(self._tenant_id),
                sql.SQL(" AND ").join([*same, *_within(target, correction)]),
            )
        )

    def _stage(self, target: Table, columns: Columns) -> _Staged:
        """COPY ``columns`` into a temporary table, emptied and used again for the next batch of its kind."""
        columns = seal_columns(target, self._tenant_id, columns)
        is_binary = all(staged_as(values) for values in columns.values())
        kind = zlib.crc32(repr((list(columns), is_binary)).encode())
        staged = _Staged(f"demo_{target.name[:40]}_{kind:08x}", columns, is_binary)
        if staged.name in self._made:
            self._cursor.execute(sql.SQL("TRUNCATE {}").format(staged.table))
        else:
            self._cursor.execute(_create(staged, target))
            self._made[staged.name] = staged.table
        self._copy(staged)
        self._cursor.execute(sql.SQL("ANALYZE {}").format(staged.table))
        return staged

    def _copy(self, staged: _Staged) -> None:
        fields = _list(map(sql.Identifier, staged.columns))
        form = sql.SQL(" (FORMAT binary)" if staged.is_binary else "")
        copy = sql.SQL("COPY {} ({}) FROM STDIN{}").format(staged.table, fields, form)
        with self._cursor.copy(copy) as stream:
            if staged.is_binary:
                for chunk in encode(staged.columns):
                    stream.write(chunk)
            else:
                for row in _rows(staged.columns.values()):
                    stream.write_row(row)


def ensure_months(db: Session, since: object, until: object) -> None:
    """Make the partitions of tables that have them; in a transaction of its own, since that locks.

    Those of attendance are made by its load.
    """
    for table in PARTITIONED:
        db.execute(_MONTHS, {"table": table, "since": since, "until": until})


def _within(target: Table, correction: Correction) -> Iterator[sql.Composable]:
    """Yield the span of a month's corrections, so that only its partition is looked at."""
    days = correction.key.get("date")
    if isinstance(days, np.ndarray):
        yield sql.SQL("{} BETWEEN {} AND {}").format(
            sql.Identifier(target.name, "date"),
            sql.Literal(days.min().item()),
            sql.Literal(days.max().item()),
        )


def _create(staged: _Staged, target: Table) -> sql.Composed:
    if not staged.is_binary:
        return sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
            staged.table, _list(map(sql.Identifier, staged.columns)), sql.Identifier(target.name)
        )
    kinds = {name: staged_as(values) for name, values in staged.columns.items()}
    fields = (
        sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind.sql_type))
        for name, kind in kinds.items()
        if kind
    )
    return sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(staged.table, _list(fields))


def _list(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)


def _cursor(connection: Connection) -> Cursor[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver.cursor()


def _rows(columns: Iterable[Column]) -> Iterator[tuple[object, ...]]:
    return zip(*(_values(values) for values in columns), strict=True)


def _values(values: Column) -> Sequence[object]:
    """Return Python's values; an instant says that it is UTC, whatever the session's zone is."""
    if isinstance(values, Words):
        return _values(values.texts())
    if values.dtype == UUID_BYTES:
        return [value.hex() for value in values.tolist()]
    is_instant = values.dtype == np.dtype("datetime64[s]")
    plain: Array = np.datetime_as_string(values, timezone="UTC") if is_instant else values
    return [None if value != value else value for value in plain.tolist()]  # noqa: PLR0124 -- NaN
