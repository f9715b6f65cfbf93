"""Plans without running anything: how PostgreSQL would answer a statement whose values are $1, $2 ..."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

from rollbook.ops.tuning.looking import Raw

Plan = Mapping[str, Any]
_EXPLAIN: Final = b"EXPLAIN (GENERIC_PLAN, VERBOSE, FORMAT JSON) "
_CONDITIONS: Final = ("Filter", "Index Cond", "Recheck Cond", "Join Filter", "Hash Cond", "Merge Cond")
_INDEX_NODES: Final = {"Index Scan", "Index Only Scan", "Bitmap Index Scan"}
_STRING: Final = re.compile(r"'(?:[^']|'')*'")
_HIDDEN_TENANT: Final = """
SELECT cast(cast(most_common_vals AS text) AS text[])
FROM pg_stats
INNER JOIN pg_class ON pg_class.relname = tablename AND pg_class.relnamespace = to_regnamespace(schemaname)
WHERE attname = 'tenant_id' AND most_common_vals IS NOT NULL AND NOT inherited
ORDER BY reltuples DESC, relname
LIMIT 1
"""


class NotPlannable(Exception):
    """A statement that cannot be planned by itself: its text is cut, or a parameter's type is unknown."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """As whom a statement is planned: its role, behind the walls of this tenant, seeing all of it."""

    role: str
    tenant: str

    def stand(self, db: Raw) -> None:
        """Become the viewer until the transaction ends."""
        db.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(self.role)))
        db.execute(
            "SELECT set_config('rollbook.tenant', %s, true), set_config('rollbook.scope', 'tenant', true),"
            " set_config('rollbook.students', '', true)",
            [self.tenant],
        )


def busiest_tenant(db: Raw) -> str:
    """Return the tenant that most rows of the largest table are of, by its statistics; "0" where none is."""
    found = db.execute(_HIDDEN_TENANT).fetchone()
    return str(found[0][0]) if found and found[0] else "0"


def explain(db: Raw, statement: str, viewer: Viewer) -> Plan:
    """Return the generic plan of ``statement`` for ``viewer``; nothing runs.

    Raises: ``NotPlannable``.
    """
    try:
        with db.transaction(force_rollback=True):
            db.execute("SET TRANSACTION READ ONLY")
            viewer.stand(db)
            return _generic(db, statement.encode())
    except psycopg.Error as error:
        raise NotPlannable(error.sqlstate or type(error).__name__) from error


def _generic(db: Raw, statement: bytes) -> Plan:
    try:
        with db.transaction():
            return _first(db.execute(_EXPLAIN + statement))
    except psycopg.errors.UndefinedParameter:
        pass  # before 16 an EXPLAIN takes no $1 ...
    except psycopg.errors.SyntaxError as error:
        if "generic_plan" not in str(error):  # ... and does not know the option
            raise
    return _prepared(db, statement)


def _prepared(db: Raw, statement: bytes) -> Plan:
    """Ask a server before 16, which has no GENERIC_PLAN: prepare it, and force the plan for any values."""
    db.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    db.execute(b"PREPARE rollbook_probe AS " + statement)
    try:
        found = db.execute(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'rollbook_probe'"
        ).fetchone()
        nulls = ", ".join(["NULL"] * int(found[0] if found else 0))
        given = f"({nulls})" if nulls else ""
        return _first(db.execute(f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE rollbook_probe{given}".encode()))
    finally:
        db.execute("DEALLOCATE rollbook_probe")


def _first(cursor: psycopg.Cursor[Any]) -> Plan:
    row = cursor.fetchone()
    assert row is not None
    plan: Plan = row[0][0]["Plan"]
    return plan


def nodes(plan: Plan) -> Iterator[Plan]:
    """Yield each node, from the top."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


def cost(plan: Plan) -> float:
    """Return what the whole plan costs, in the planner's units."""
    return float(plan["Total Cost"])


def shape(plan: Plan) -> tuple[str, ...]:
    """Return the kinds of nodes with the tables and indexes that they read, from the top, without values."""
    return tuple(
        " ".join(filter(None, (node["Node Type"], node.get("Index Name"), _on(node)))) for node in nodes(plan)
    )


def _on(node: Plan) -> str:
    return f"on {node['Relation Name']}" if "Relation Name" in node else ""


def indexes_used(plan: Plan) -> set[str]:
    """Return the names of the indexes that the plan reads."""
    return {str(node["Index Name"]) for node in nodes(plan) if node["Node Type"] in _INDEX_NODES}


def read_whole(plan: Plan) -> set[tuple[str, str]]:
    """Return the tables, as (schema, name), that the plan reads from end to end."""
    return {_table(node) for node in nodes(plan) if node["Node Type"] == "Seq Scan"}


def aliases(plan: Plan) -> dict[str, tuple[str, str]]:
    """Return what each alias stands for, as (schema, name)."""
    return {str(node["Alias"]): _table(node) for node in nodes(plan) if "Relation Name" in node}


def _table(node: Plan) -> tuple[str, str]:
    return str(node.get("Schema", "")), str(node["Relation Name"])


def conditions(plan: Plan) -> Iterator[str]:
    """Yield what the nodes compare, with every string emptied."""
    for node in nodes(plan):
        yield from (_STRING.sub("''", str(node[key])) for key in _CONDITIONS if key in node)


def sort_keys(plan: Plan) -> Iterator[list[str]]:
    """Yield what the plan sorts by, each as a list of expressions."""
    for node in nodes(plan):
        if "Sort Key" in node:
            yield [str(key) for key in node["Sort Key"]]
