"""Ask the archive together with the live rows, in DuckDB: of one tenant, and of nothing else on this machine.

DuckDB is given the rows that PostgreSQL shows the app's role in this tenant, and those of the tenant's own
files, decrypted on the way. It can open no file and no connection itself, whatever the query says.
What opens something (a hash of a password, a secret) is not given at all.

Months may leave or come back meanwhile: what was read is believed only if the archive stands as before.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session

from rollbook.ops.archive import catalog
from rollbook.ops.archive.catalog import Archived
from rollbook.ops.archive.columns import SQL, Column, columns_of, listed, schema_of, speak_plainly
from rollbook.ops.archive.errors import ArchiveMoved, FileMissing, QueryInvalid, ValueUnreadable
from rollbook.ops.archive.exporting import stream_of
from rollbook.ops.archive.files import BATCH_ROWS, batches_of_csv, need_extra, open_file
from rollbook.ops.archive.store import Store

_LIVE: Final = sql.SQL("COPY (SELECT {} FROM public.{}) TO STDOUT (FORMAT csv)")
_CREATE: Final = sql.SQL("CREATE TABLE {} AS SELECT * FROM incoming")
_INSERT: Final = sql.SQL("INSERT INTO {} BY NAME SELECT * FROM incoming")
_TRIES: Final = 3
_WALLS: Final = (
    "SET enable_external_access = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET temp_file_encryption = true",
    "SET TimeZone = 'UTC'",
    "SET lock_configuration = true",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query found, and the tables whose rows it could read: ``archived`` of them came from files.

    ``lacking``: months that are half taken out, so that perhaps neither the table nor a file shows them.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    tables: Sequence[str]
    archived: int
    lacking: Sequence[str] = ()


def query(db: Session, store: Store, question: str) -> Answer:
    """Answer a SELECT over the tenant's tables. ``db`` is the app's role, which sees the tenant.

    A table by month has its live rows and its archived ones. Raises: ``QueryInvalid``; ``FileMissing``;
        ``FileDamaged``; ``ValueUnreadable``; ``ArchiveMoved``; ``ExtraMissing``; ``RingMissing``.
    """
    need_extra()
    for _ in range(_TRIES):
        before = _standing(db)
        try:
            answer = _ask(db, store, question)
        except FileMissing:
            if _standing(db) == before:
                raise
            continue
        if _standing(db) == before:
            lacking = [f"{one.table_name} {one.month:%Y-%m}" for one in before if one.file is None]
            return replace(answer, lacking=[one for one in lacking if one.split()[0] in answer.tables])
    raise ArchiveMoved


def _standing(db: Session) -> list[Any]:
    """Return the tenant's archived months by file, and those that are on their way, by none."""
    return list(db.execute(SQL["standing"]))


def _ask(db: Session, store: Store, question: str) -> Answer:
    import duckdb  # noqa: PLC0415 -- of the extra
    import pyarrow as pa  # noqa: PLC0415 -- likewise

    with tempfile.TemporaryDirectory(prefix="rollbook-") as spill, duckdb.connect(":memory:") as ask:
        ask.execute("SET temp_directory = ?", [spill])
        tables = _tables(ask, question)
        archived = 0
        try:
            read = {table: columns for table in tables if (columns := _shown(db, table))}
            for table, columns in read.items():
                archived += _fill(ask, db, store, table, columns)
            for wall in _WALLS:
                ask.execute(wall)
            found = ask.sql(question).to_arrow_table()
        except duckdb.Error as error:
            raise QueryInvalid(reason=str(error).splitlines()[0].rstrip(".!")) from error
        except pa.ArrowInvalid:
            # what it says quotes the value
            raise ValueUnreadable from None
        except psycopg.errors.InsufficientPrivilege as error:
            raise QueryInvalid(reason=str(error.diag.message_primary)) from error
    rows = [list(row.values()) for row in found.to_pylist()]
    return Answer(found.column_names, rows, list(read), archived)


def _shown(db: Session, table: str) -> list[Column]:
    """Return the columns of a table, without what opens something."""
    columns = columns_of(db, table)
    secret = set(db.scalars(SQL["secret"], {"names": [column.name for column in columns]}))
    return [column for column in columns if column.name not in secret]


def _tables(ask: Any, question: str) -> list[str]:  # noqa: ANN401 -- DuckDB's connection
    """Return what a SELECT reads, as it names it.

    Raises: ``QueryInvalid``, also where it is no SELECT.
    """
    told = json.loads(ask.execute("SELECT json_serialize_sql(?)", [question]).fetchall()[0][0])
    if told.get("error"):
        raise QueryInvalid(reason=str(told.get("error_message") or "no SELECT").rstrip(".!"))
    return sorted(set(_named(told)))


def _named(node: Any) -> Iterator[str]:  # noqa: ANN401 -- JSON
    if isinstance(node, dict):
        if node.get("type") == "BASE_TABLE":
            yield node["table_name"].lower()
        for value in node.values():
            yield from _named(value)
    elif isinstance(node, list):
        for value in node:
            yield from _named(value)


def _fill(ask: Any, db: Session, store: Store, table: str, columns: Sequence[Column]) -> int:  # noqa: ANN401 -- as above
    """Make a table of DuckDB's with the live and the archived rows; return how many were archived."""
    import pyarrow as pa  # noqa: PLC0415 -- of the extra

    schema = schema_of(columns)
    ask.register("incoming", pa.Table.from_batches([], schema))
    name = sql.Identifier(table)
    ask.execute(_CREATE.format(name).as_string())
    ask.unregister("incoming")
    archives = catalog.find(db, table)
    there = [column.name for column in columns]
    for batch in chain(_live(db, table, columns), *(_of_file(store, one, there) for one in archives)):
        ask.register("incoming", batch)
        ask.execute(_INSERT.format(name).as_string())
        ask.unregister("incoming")
    return sum(one.row_count for one in archives)


def _live(db: Session, table: str, columns: Sequence[Column]) -> Iterator[Any]:
    speak_plainly(db)
    with stream_of(db, _LIVE.format(listed(columns), sql.Identifier(table))) as copied:
        if copied.peek():
            yield from batches_of_csv(copied, columns)


def _of_file(store: Store, one: Archived, wanted: Sequence[str]) -> Iterator[Any]:
    """Yield what a file has of the table's columns; those that came later are null."""
    file = open_file(store.check(one.file, one.sha256), one.place)
    names = [name for name in file.schema_arrow.names if name in wanted]
    yield from file.iter_batches(BATCH_ROWS, columns=names)
