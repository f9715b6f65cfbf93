"""What each table holds, as a count and a checksum: equal before and after, or something was lost.

The checksum adds up, over a table's rows, a hash of the row together with the place it lies at: neither a
changed row nor one that moved passes, and nothing is sorted. Files are restored as they were: so are places.
"""

from collections.abc import Iterator
from typing import Any, Final

import psycopg
from psycopg import sql

from rollbook.core.sql import named_sql
from rollbook.ops.backup.manifest import TableSum
from rollbook.ops.roles import Connection

_TABLES: Final = named_sql("rollbook.ops.recovery", "fingerprint.sql")["tables"].text
_BY_HASH: Final = "hash_record_extended(ROW(held.ctid, held.*), 0)"
_BY_TEXT: Final = "hashtextextended(held.ctid::text || held::text, 0)"
_SUM: Final = "SELECT count(*), coalesce(sum({}::numeric), 0)::text FROM ONLY {}.{} AS held"


def fingerprint(db: Connection) -> dict[str, TableSum]:
    """Return what each table of this database holds, in the snapshot of the transaction that ``db`` is in.

    Raises: ``psycopg.Error`` if the role may not see every row.
    """
    db.execute("SET LOCAL row_security = off")
    db.execute("SET LOCAL statement_timeout = 0")
    found: list[Any] = db.execute(_TABLES).fetchall()
    return {f"{schema}.{table}": _sum(db, schema, table) for schema, table in found}


def _sum(db: Connection, schema: str, table: str) -> TableSum:
    try:
        with db.transaction():
            return _read(db, _BY_HASH, schema, table)
    except psycopg.errors.UndefinedFunction:  # a column's type, such as json, has no hash
        return _read(db, _BY_TEXT, schema, table)


def _read(db: Connection, row_hash: str, schema: str, table: str) -> TableSum:
    query = sql.SQL(_SUM).format(sql.SQL(row_hash), sql.Identifier(schema), sql.Identifier(table))
    found: Any = db.execute(query).fetchone()
    return TableSum(rows=found[0], checksum=found[1])


def differences(recorded: dict[str, TableSum], found: dict[str, TableSum]) -> Iterator[str]:
    """Yield a sentence for each table that does not hold what it held; never what it holds."""
    for table in sorted(recorded.keys() | found.keys()):
        before, after = recorded.get(table), found.get(table)
        if before is None or after is None:
            yield f"{table} {'was not there' if before is None else 'is missing'}"
        elif before.rows != after.rows:
            yield f"{table} held {before.rows:,} rows and has {after.rows:,}"
        elif before != after:
            yield f"{table} has as many rows, but not the same"
