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


def schema_of(columns: Sequence[Column]) -> Any:  # noqa: ANN401 -- pyarrow has no types of its own
    """Return the Arrow schema of ``columns``."""
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
    return pa.schema(fields, metadata={f"postgresql:{one.name}": one.type for one in columns})


def _exact(name: str) -> Any:  # noqa: ANN401 -- as above
    import pyarrow as pa  # noqa: PLC0415 -- as above

    found = _DECIMAL.fullmatch(name)
    if found and int(found[1]) <= _MOST_DIGITS:
        return pa.decimal128(int(found[1]), int(found[2]))
    return pa.string()
