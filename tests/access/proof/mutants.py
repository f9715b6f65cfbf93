"""Walls, each weakened in one way: the matrix must notice every one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from access.proof.catalogue import Connection, tables_of

_POLICIES: Final = """
SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies
WHERE schemaname = 'public' ORDER BY tablename, policyname
"""


@dataclass(frozen=True)
class Mutant:
    """A statement that breaks one wall of ``table``."""

    table: str
    what: str
    statement: str

    def __str__(self) -> str:
        return f"{self.table}: {self.what}"


def mutants_of(db: Connection) -> list[Mutant]:
    """Return every mutant of the walls that ``db`` has."""
    return [*_of_policies(db), *_of_tables(db)]


def _of_policies(db: Connection) -> Iterator[Mutant]:
    for table, policy, command, using, check in db.execute(_POLICIES).fetchall():
        alter = f"ALTER POLICY {policy} ON {table}"
        yield Mutant(table, f"{policy} is dropped", f"DROP POLICY {policy} ON {table}")
        if using is not None:
            for how, weaker in _weaker(using):
                kept = f" WITH CHECK ({check or using})" if command in {"ALL", "UPDATE"} else ""
                yield Mutant(table, f"{policy} USING {how}", f"{alter} USING ({weaker}){kept}")
        if command in {"ALL", "INSERT", "UPDATE"}:
            for how, weaker in _weaker(check or using):
                yield Mutant(table, f"{policy} WITH CHECK {how}", f"{alter} WITH CHECK ({weaker})")


def _weaker(expression: str) -> Iterator[tuple[str, str]]:
    if expression == "true":
        return
    yield "true", "true"
    parts = conjuncts(expression)
    for place in range(len(parts) if len(parts) > 1 else 0):
        rest = parts[:place] + parts[place + 1 :]
        yield f"without conjunct {place + 1}", " AND ".join(f"({part})" for part in rest)


def conjuncts(expression: str) -> list[str]:
    """Return what is joined by AND at the top of an expression as PostgreSQL prints it."""
    inner = expression.strip()
    while inner.startswith("(") and _end(inner, 0) == len(inner) - 1:
        inner = inner[1:-1].strip()
    parts, begin, place = [], 0, 0
    while place < len(inner):
        if inner[place] in "('":
            place = _end(inner, place)
        elif inner.startswith(" AND ", place):
            parts.append(inner[begin:place])
            begin = place + len(" AND ")
        place += 1
    return [*parts, inner[begin:]]


def _end(text: str, begin: int) -> int:
    """Return where the bracket or the quoted text that begins there ends."""
    if text[begin] == "'":
        return text.index("'", begin + 1)
    depth, place = 0, begin
    while place < len(text):
        if text[place] == "'":
            place = text.index("'", place + 1)
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return place
        place += 1
    raise ValueError(text)


def _of_tables(db: Connection) -> Iterator[Mutant]:
    for table in tables_of(db):
        alter = f"ALTER TABLE {table.name}"
        yield Mutant(table.name, "row-level security is off", f"{alter} DISABLE ROW LEVEL SECURITY")
        yield Mutant(table.name, "its owner is not forced", f"{alter} NO FORCE ROW LEVEL SECURITY")
        for command in ("SELECT", "INSERT", "UPDATE", "DELETE"):
            grant = f"GRANT {command} ON {table.name} TO rollbook_app"
            found = db.execute(
                "SELECT has_table_privilege('rollbook_app', %s::regclass, %s)", [table.name, command]
            )
            if found.fetchone() == (False,):
                yield Mutant(table.name, f"the app may {command}", grant)
