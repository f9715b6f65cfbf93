"""Run the guards of guards.sql."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection

# What extensions bring is theirs; Alembic's own table holds no rows of a tenant.
_OURS: Final = """
CREATE TEMPORARY VIEW our_relations AS
SELECT pg_class.oid, pg_class.relname AS name, pg_class.relkind AS kind, pg_class.relispartition AS is_partition
FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND relname <> 'alembic_version'
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e');

CREATE TEMPORARY VIEW our_tables AS SELECT oid, name, is_partition FROM our_relations WHERE kind IN ('r', 'p');

CREATE TEMPORARY VIEW our_functions AS
SELECT oid, proname, proconfig, proacl, proowner, prorettype FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND prosecdef
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e');
"""


def _read() -> dict[str, str]:
    _, *parts = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split("-- name: ")
    named = (part.split("\n", 1) for part in parts)
    return {name.strip(): query.strip().rstrip(";") for name, query in named}


GUARDS: Final = _read()


def faults(owner: Connection, guard: str) -> list[str]:
    """Return what ``guard`` finds wrong, in a transaction that the caller rolls back."""
    owner.exec_driver_sql("DROP VIEW IF EXISTS our_tables, our_relations, our_functions")
    owner.exec_driver_sql(_OURS)
    found = owner.exec_driver_sql(GUARDS[guard].replace("%", "%%")).scalars()
    return sorted(str(fault) for fault in found)
