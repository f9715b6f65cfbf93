"""What tables there are, from PostgreSQL's own catalogue: one that is added tomorrow is proven tomorrow."""

from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg

Connection = psycopg.Connection[Any]

_TABLES: Final = r"""
SELECT
    pg_class.relname,
    pg_class.relispartition,
    substring(pg_get_expr(relpartbound, pg_class.oid) FROM '\d{4}-\d\d-\d\d'),
    attname,
    format_type(coalesce(nullif(typbasetype, 0), atttypid), NULL),
    attnotnull,
    coalesce(attnum = ANY(indkey), false)
FROM pg_class
INNER JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
INNER JOIN pg_type ON pg_type.oid = atttypid
LEFT JOIN pg_index ON indrelid = pg_class.oid AND indisprimary
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
ORDER BY pg_class.relname, attnum
"""


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    is_required: bool


@dataclass(frozen=True)
class Table:
    name: str
    is_partition: bool
    first_day: str | None
    columns: dict[str, Column]
    key: tuple[str, ...]

    @property
    def key_text(self) -> str:
        """SQL of a row's key as text; what a statement returns, and the oracle's name of the row."""
        return f"ROW({', '.join(self.key)})::text"


def tables_of(db: Connection) -> list[Table]:
    """Return every table of ours: plain, partitioned, partition, history."""
    found: dict[str, Table] = {}
    for name, is_partition, first_day, column, kind, required, in_key in db.execute(_TABLES):
        table = found.setdefault(name, Table(name, is_partition, first_day, {}, ()))
        table.columns[column] = Column(column, kind, required)
        if in_key:
            found[name] = replace(table, key=(*table.key, column))
    return list(found.values())
