"""The columns of a table: as PostgreSQL names their types, and as Parquet keeps them.

What Parquet has no exact type for is kept as PostgreSQL's text of it: every value comes back as it was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.ops.archive.raw import execute

SQL: Final = named_sql("rollbook.ops.archive", "rows.sql")
_DECIMAL: Final = re.compile(r"numeric\((\d+),(\d+)\)")
_MOST_DIGITS: Final = 38
_TEXTS: Final = ("text", "character varying")
_TYPE: Final = re.compile(r"[a-z_][\w ]*(\(\d+(,\d+)?\))?[a-z ]*(\[\])*")
_TYPE_OF: Final = "postgresql:"
_KEY: Final = "rollbook:key"
# Each text is then the same on every server, whatever its settings.
_PLAINLY: Final = sql.SQL(
    "SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres';"
    " SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL work_mem = '64MB'"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type, as PostgreSQL writes it."""

    name: str
    type: str


def columns_of(db: Session, relation: str) -> list[Column]:
    """Return the columns of a table or partition, in their order."""
    return [Column(**row) for row in db.execute(SQL["columns"], {"relation": relation}).mappings()]


def key_of(db: Session, relation: str) -> list[str]:
    """Return the columns of the primary key: the order in which rows are archived."""
    return list(db.scalars(SQL["key"], {"relation": relation}))


def speak_plainly(db: Session) -> None:
    """Let values have one text each, until the transaction ends."""
    execute(db, _PLAINLY)


def listed(columns: Sequence[Column]) -> sql.Composed:
    """Return the columns' names, quoted."""
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)


def ordered(columns: Sequence[Column], key: Sequence[str]) -> sql.Composed:
    """Return the order of ``key``, the same whatever the locale of the server."""
    types = {column.name: column.type for column in columns}
    by_bytes, plain = sql.SQL('{} COLLATE "C"'), sql.SQL("{}")
    return sql.SQL(", ").join(
        (by_bytes if types.get(name) in _TEXTS else plain).format(sql.Identifier(name)) for name in key
    )


def defined(columns: Sequence[Column]) -> sql.Composed:
    """Return the columns as a table is made of them."""
    return sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.name), _type(column)) for column in columns
    )


def converted(columns: Sequence[Column]) -> sql.Composed:
    """Return the columns' values, as their types are now."""
    return sql.SQL(", ").join(
        sql.SQL("CAST({} AS {})").format(sql.Identifier(column.name), _type(column)) for column in columns
    )


def _type(column: Column) -> sql.SQL:
    """Return a type's name; it comes from the catalogue, or from a file of ours."""
    assert _TYPE.fullmatch(column.type), column.type
    return sql.SQL(column.type)


def schema_of(columns: Sequence[Column], key: Sequence[str] = ()) -> Any:  # noqa: ANN401 -- pyarrow has no types of its own
    """Return the Arrow schema of ``columns``, which remembers their types here and the rows' order."""
    import pyarrow as pa  # noqa: PLC0415 -- of the extra

    plain = {
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "real": pa.float32(),
        "double precision": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp with time zone": pa.timestamp("us", "UTC"),
        "timestamp without time zone": pa.timestamp("us"),
    }
    fields = [pa.field(one.name, plain.get(one.type) or _exact(one.type)) for one in columns]
    types = {f"{_TYPE_OF}{one.name}": one.type for one in columns}
    return pa.schema(fields, metadata=types | ({_KEY: ",".join(key)} if key else {}))


def told_by(schema: Any) -> tuple[list[Column], list[str]]:  # noqa: ANN401 -- as above
    """Return the columns that a file's Arrow schema remembers, and the key; none where it remembers none."""
    known = {name.decode(): value.decode() for name, value in (schema.metadata or {}).items()}
    columns = [Column(name, known[f"{_TYPE_OF}{name}"]) for name in schema.names]
    return columns, known[_KEY].split(",") if _KEY in known else []


def _exact(name: str) -> Any:  # noqa: ANN401 -- as above
    import pyarrow as pa  # noqa: PLC0415 -- as above

    found = _DECIMAL.fullmatch(name)
    if found and int(found[1]) <= _MOST_DIGITS:
        return pa.decimal128(int(found[1]), int(found[2]))
    return pa.string()
