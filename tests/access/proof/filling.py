"""Rows for every table there is, whatever its columns: the proof must not pass because a table was empty.

Constraints and triggers are dropped first: they are proven elsewhere; here only walls are to be in the way.
"""

import json
from itertools import count
from typing import Final
from uuid import UUID, uuid4, uuid5

from access.proof.catalogue import Column, Connection, Table, tables_of
from access.proof.people import People

Fields = dict[str, object]
_DAY: Final = "2025-09-15"
_CONSTRAINTS: Final = """
SELECT
    CASE contypid
        WHEN 0 THEN format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', conrelid::regclass, conname)
        ELSE format('ALTER DOMAIN %s DROP CONSTRAINT %I', contypid::regtype, conname)
    END
FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'x') AND coninhcount = 0
"""
_TIES: Final = frozenset({"student_id", "guardian_id", "incident_id"})
_MONTHS: Final = f"""
SELECT rollbook_ensure_months(oid::regclass, '{_DAY}', '{_DAY}')
FROM pg_class WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace
"""
_TRIGGERS: Final = """
SELECT format('ALTER TABLE %s DISABLE TRIGGER ALL', oid::regclass)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""


def clear_the_way(db: Connection) -> None:
    """Let no constraint but keys, no trigger and no missing month stand in the way of a row."""
    db.execute(_MONTHS)
    db.execute("ALTER TABLE tenants ALTER tenant_id DROP IDENTITY")
    for query in (_CONSTRAINTS, _TRIGGERS):
        for (statement,) in db.execute(query).fetchall():
            db.execute(statement)


def fill(db: Connection, people: People) -> dict[str, list[Fields]]:
    """Add to every table a row about each of the cast in either tenant; return as many more, not added."""
    numbers = count(5000)
    unborn: dict[str, list[Fields]] = {}
    for table in tables_of(db):
        cast = _cast(table, people)
        for about in cast:
            db.execute(addition(table.name, _row(db, table, *about, next(numbers))))
        unborn[table.name] = [_row(db, table, *about, next(numbers)) for about in cast]
        if table.name == "discipline_incidents":
            for row in unborn[table.name]:
                row["incident_id"] = str(uuid4())
    _vary(db)
    return unborn


def _cast(table: Table, people: People) -> list[tuple[int, UUID]]:
    """Return about whom a table gets rows: where it is about nobody, one of each tenant is enough."""
    if table.is_partition:
        return people.about()[:1]
    return people.about() if _TIES & set(table.columns) else [people.about()[0], people.about()[-1]]


def addition(table: str, row: Fields) -> str:
    """Return what adds ``row``, unless its key is taken. It returns nothing: who adds need not see."""
    literal = json.dumps(row).replace("'", "''")
    return (
        f"INSERT INTO {table} OVERRIDING SYSTEM VALUE"
        f" SELECT (jsonb_populate_record(NULL::{table}, '{literal}')).* ON CONFLICT DO NOTHING"
    )


def _vary(db: Connection) -> None:
    """Let there be what a policy of its own asks for: old hashes, and a try to sign in that is not stale."""
    db.execute("UPDATE users SET password_hash = '$2b$10$' || email WHERE full_name LIKE 'v%'")
    db.execute("UPDATE sign_in_tries SET last_failed_at = now() WHERE tenant_id = 1")


def _row(db: Connection, table: Table, tenant_id: int, student_id: UUID, number: int) -> Fields:
    fields = {
        column.name: _value(column, number, table.first_day or _DAY)
        for column in table.columns.values()
        if column.is_required or column.name in _TIES
    }
    return fields | {"tenant_id": tenant_id} | _ties(db, table, student_id)


def _ties(db: Connection, table: Table, student_id: UUID) -> Fields:
    """Return of the row's fields those that tie it to somebody."""
    ties: Fields = {}
    if "student_id" in table.columns and table.name != "students":
        ties["student_id"] = str(student_id)
    if "incident_id" in table.columns:
        ties["incident_id"] = str(uuid5(student_id, "their incident"))
    if table.name == "guardians_history":
        of = "SELECT guardian_id FROM student_guardians WHERE student_id = %s ORDER BY 1 LIMIT 1"
        ties["guardian_id"] = str((db.execute(of, [student_id]).fetchone() or [UUID(int=0)])[0])
    return ties


def _value(column: Column, number: int, day: str) -> object:
    """Return a value of the column's type, another one for another number where it has to be a key."""
    if column.type.endswith("[]"):
        return []
    by_type: dict[str, object] = {
        "uuid": str(UUID(int=number)),
        "numeric": 1,
        "double precision": 1,
        "boolean": False,
        "date": day,
        "timestamp with time zone": day,
        "time without time zone": "12:00",
        "jsonb": {},
        "bytea": f"\\x{number:064x}",
    }
    of_numbers = {"integer", "bigint", "smallint"}
    return number if column.type in of_numbers else by_type.get(column.type, f"v{number}")
