"""Try every command on every table as somebody, and say where the database differs from the oracle."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from access.proof.catalogue import Connection, Table
from access.proof.filling import Fields, addition
from access.proof.oracle import DELETE, INSERT, SELECT, UPDATE, Oracle, Viewer

# Tries statements with the caller's rights, each undone: what each touched (its keys, or how many rows), none
# where it was refused.
FUNCTION: Final = """
CREATE FUNCTION public.proof_try(statements text[])
RETURNS TABLE (place bigint, is_refused boolean, keys text[])
LANGUAGE plpgsql AS $$
DECLARE
    statement text;
    touched bigint;
BEGIN
    FOR place, statement IN SELECT n, s FROM unnest(statements) WITH ORDINALITY AS tried (s, n) LOOP
        BEGIN
            IF statement LIKE '% AS key%' THEN
                EXECUTE format('WITH done AS (%s) SELECT array_agg(key) FROM done', statement) INTO keys;
            ELSIF statement LIKE 'INSERT%' THEN  -- its key may be taken
                EXECUTE statement;
                keys := '{}';
            ELSE
                EXECUTE statement;
                GET DIAGNOSTICS touched = ROW_COUNT;
                keys := ARRAY[touched];
            END IF;
            RAISE EXCEPTION 'undone' USING ERRCODE = 'PRF01';
        EXCEPTION
            WHEN insufficient_privilege THEN is_refused := true;
            WHEN SQLSTATE 'PRF01' OR unique_violation THEN is_refused := false;
        END;
        RETURN NEXT;
        keys := NULL;
    END LOOP;
END
$$
"""
_STATEMENTS: Final = {
    SELECT: "SELECT {key} AS key FROM {table}",
    UPDATE: "UPDATE {table} SET tenant_id = tenant_id RETURNING {key} AS key",
    DELETE: "DELETE FROM {table} RETURNING {key} AS key",
}
# What needs the one privilege and touches nothing.
_BARE: Final = {
    SELECT: "SELECT tenant_id FROM {table} WHERE false",
    INSERT: "INSERT INTO {table} (tenant_id) SELECT 1 WHERE false",
    UPDATE: "UPDATE {table} SET tenant_id = NULL WHERE false",
    DELETE: "DELETE FROM {table} WHERE false",
}


@dataclass(frozen=True)
class Attempt:
    """A statement, and what the oracle says of it: the keys it touches, none where it is refused."""

    what: str
    statement: str
    expected: set[str] | None

    def difference(self, got: set[str] | None) -> str | None:
        """Say how what was touched differs, if it does."""
        if (self.expected is None) != (got is None):
            return f"{self.what}: {'refused' if got is None else 'not refused'}"
        many, missing = (got or set()) - (self.expected or set()), (self.expected or set()) - (got or set())
        if many or missing:
            return (
                f"{self.what}: {len(many)} too many, {len(missing)} missing, such as {min(many or missing)}"
            )
        return None


@dataclass(frozen=True)
class Matrix:
    """The oracle, the tables, and rows to insert."""

    oracle: Oracle
    tables: Sequence[Table]
    unborn: dict[str, list[Fields]]

    def differences(self, db: Connection, viewer: Viewer, only: Collection[str] | None = None) -> list[str]:
        """Return what differs, in words; ``db`` is in a transaction as ``viewer``."""
        attempts = list(self._attempts(viewer, only))
        got = db.execute(
            "SELECT is_refused, keys FROM proof_try(%s) ORDER BY place", [[one.statement for one in attempts]]
        ).fetchall()
        return [
            difference
            for attempt, (is_refused, keys) in zip(attempts, got, strict=True)
            if (difference := attempt.difference(None if is_refused else set(keys or ()))) is not None
        ]

    def _attempts(self, viewer: Viewer, only: Collection[str] | None) -> Iterator[Attempt]:
        for table in self.tables:
            if only is None or table.name in only:
                yield from self._on_rows(viewer, table)
                yield from self._moves(viewer, table)
                yield from self._additions(viewer, table)

    def _on_rows(self, viewer: Viewer, table: Table) -> Iterator[Attempt]:
        name, may = f"{viewer.name} {{}} {table.name}", self.oracle.may
        granted = {command for command in _BARE if self.oracle.is_granted(viewer, table, command)}
        for command, bare in _BARE.items():
            expected = set() if command == INSERT else {"0"}
            statement = bare.format(table=table.name)
            yield Attempt(name.format(f"bare {command}"), statement, expected if command in granted else None)
        for command, statement in _STATEMENTS.items():
            if command in granted:
                whole = statement.format(key=table.key_text, table=table.name)
                yield Attempt(name.format(command), whole, may(viewer, table, command))
        if DELETE in granted:  # what returns nothing asks only the policies for deleting
            number = len(may(viewer, table, DELETE))
            yield Attempt(name.format("blind DELETE"), f"DELETE FROM {table.name}", {str(number)})

    def _moves(self, viewer: Viewer, table: Table) -> Iterator[Attempt]:
        """Yield what would give a row to another tenant: nobody may, who sees any."""
        if viewer.tenant_id is not None and self.oracle.is_granted(viewer, table, UPDATE):
            sees = len(self.oracle.may(viewer, table, UPDATE))
            statement = f"UPDATE {table.name} SET tenant_id = 999"
            yield Attempt(f"{viewer.name} moves {table.name}", statement, None if sees else {"0"})

    def _additions(self, viewer: Viewer, table: Table) -> Iterator[Attempt]:
        for row in self.unborn.get(table.name, ()):
            about = row.get("student_id", row["tenant_id"])
            yield Attempt(
                f"{viewer.name} {INSERT} {table.name} of {about}",
                addition(table.name, row),
                set() if self.oracle.may_insert(viewer, table, row) else None,
            )


@contextmanager
def acting_as(db: Connection, viewer: Viewer) -> Iterator[None]:
    """Let the block of a transaction be ``viewer``'s, as the superuser who can be anybody; undo all of it."""
    db.execute("SAVEPOINT viewer")
    db.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(viewer.role)))
    for name, value in viewer.settings.items():
        db.execute("SELECT set_config(%s, %s, true)", [name, value])
    try:
        yield
    finally:
        db.execute("ROLLBACK TO SAVEPOINT viewer")
