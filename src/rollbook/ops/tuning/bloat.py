"""Indexes that hold more air than entries: suspected by size, proven by reading them."""

from dataclasses import dataclass
from typing import Any, Final

from psycopg import errors, sql
from sqlalchemy import Connection

from rollbook.core.sql import named_sql
from rollbook.ops.tuning.looking import Raw, raw
from rollbook.ops.tuning.sizes import Column, btree_bytes

SQL: Final = named_sql("rollbook.ops.tuning", "indexes.sql")
LEAST_BYTES: Final = 8_000_000
_SUSPECT: Final = 1.4  # times what it would be, freshly built
_LOOSE: Final = 60.0  # percent of its leaves that are filled; a build fills 90, splits leave about 70


@dataclass(frozen=True, slots=True)
class Bloated:
    """An index that was read: so much of its leaves is filled. ``rebuilt_bytes``: a prediction."""

    schema: str
    name: str
    size_bytes: int
    rebuilt_bytes: int
    filled: float


def proven(db: Connection, *, least_bytes: int = LEAST_BYTES) -> list[Bloated]:
    """Return the indexes that are too large and, once read, prove to be half empty.

    Reads each suspect from end to end. Without pgstattuple, or the right to use it, nothing is proven.
    """
    suspects = [
        one
        for row in db.execute(SQL["index_columns"], {"least_bytes": least_bytes})
        if (one := _suspect(row))
    ]
    read = [(one, _filled(raw(db), one)) for one in suspects]
    return [
        Bloated(one.schema, one.name, one.size_bytes, one.rebuilt_bytes, filled / 100)
        for one, filled in read
        if filled is not None and filled < _LOOSE
    ]


def _suspect(row: Any) -> Bloated | None:  # noqa: ANN401 -- a row
    columns = [
        Column(str(at), width, values, packs=row.packs)
        for at, (width, values) in enumerate(zip(row.widths, row.kinds, strict=True))
    ]
    rebuilt = btree_bytes(row.rows, columns)
    return Bloated(row.schema, row.name, row.bytes, rebuilt, 1.0) if row.bytes > rebuilt * _SUSPECT else None


def _filled(db: Raw, one: Bloated) -> float | None:
    """Return how full its leaves are, in percent.

    Where the extension is not here it is made for this one transaction, which is rolled back.
    """
    try:
        with db.transaction(force_rollback=True):
            schema = _extension_schema(db)
            if schema is None:
                db.execute("SET LOCAL client_min_messages = warning")
                db.execute("CREATE EXTENSION pgstattuple SCHEMA public")
            found = db.execute(
                sql.SQL("SELECT avg_leaf_density FROM {}.pgstatindex(%s::regclass)").format(
                    sql.Identifier(schema or "public")
                ),
                [sql.Identifier(one.schema, one.name).as_string(db)],
            ).fetchone()
    except (
        errors.InsufficientPrivilege,
        errors.FeatureNotSupported,
        errors.UndefinedFile,
        errors.UndefinedTable,
    ):
        return None
    return float(found[0]) if found and found[0] is not None else None


def _extension_schema(db: Raw) -> str | None:
    found = db.execute(
        "SELECT nspname FROM pg_extension INNER JOIN pg_namespace ON pg_namespace.oid = extnamespace"
        " WHERE extname = 'pgstattuple'"
    ).fetchone()
    return str(found[0]) if found else None
