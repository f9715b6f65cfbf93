"""Logical backups, by pg_dump: for another major version, another machine, or one database of many.

Streamed straight into the repository: nothing is plain on a disk. Rows are counted in the same snapshot.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Literal

from psycopg import sql

from rollbook.core import clock
from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.ops.backup.manifest import Backup, TableSum, file_name, new_id
from rollbook.ops.backup.programs import read_from
from rollbook.ops.backup.repository import Stored
from rollbook.ops.backup.source import Source, source
from rollbook.ops.backup.vault import Vault
from rollbook.ops.client_tools import ClientTools
from rollbook.ops.roles import Connection

LogicalKind = Literal["full", "schema", "data"]
SCHEMA: Final = "schema.dump"
DATA: Final = "data.dump"
FULL: Final = "full.dump"
# What is restored of a data backup is its rows; of its schema only as much as they need to stand in.
STREAMS: Final[Mapping[LogicalKind, Mapping[str, tuple[str, ...]]]] = {
    "full": {FULL: ()},
    "schema": {SCHEMA: ("--schema-only",)},
    "data": {SCHEMA: ("--schema-only",), DATA: ("--data-only",)},
}
_LOCK_WAIT_MS: Final = 60_000
_SILENT: Final = Silent()
_TABLES: Final = """
SELECT n.nspname, c.relname
FROM pg_class AS c
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE c.relkind = 'r' AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1, 2
"""
_ROLES: Final = """
SELECT DISTINCT r.rolname
FROM pg_shdepend AS d
INNER JOIN pg_roles AS r ON d.refobjid = r.oid
WHERE d.refclassid = 'pg_authid'::regclass
    AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class _Dump:
    """One backup at work: of which database, by which programs, into which vault."""

    origin: Source
    tools: ClientTools
    vault: Vault
    kind: LogicalKind

    def make(self) -> Backup:
        """Dump all streams of the kind as of one snapshot, then publish."""
        began = clock.now()
        backup_id = new_id(began)
        with (
            self.origin.connect() as db,
            _snapshot(db) as snapshot,
            self.vault.whole_or_nothing(backup_id),
        ):
            facts = _facts(db, self.tools)
            tables = {} if self.kind == "schema" else count_rows(db, self.vault.report)
            files = tuple(
                self._keep(file_name(backup_id, name), snapshot, *options)
                for name, options in STREAMS[self.kind].items()
            )
            backup = Backup(
                backup_id=backup_id,
                kind=self.kind,
                began_at=began,
                ended_at=clock.now(),
                server_version=self.origin.server_version,
                files=files,
                database=self.origin.database,
                tables=tables,
                facts=facts,
            )
            self.vault.publish(backup)
        return backup

    def _keep(self, name: str, snapshot: str, *options: str) -> Stored:
        """Stream one dump into the vault."""
        self.vault.report.step(f"Dumping {self.origin.database}")
        command = [
            self.tools.program("pg_dump"),
            "--format=custom",
            "--compress=0",  # frames do that, and better
            "--no-password",
            f"--lock-wait-timeout={_LOCK_WAIT_MS}",
            f"--snapshot={snapshot}",
            *options,
        ]
        with closing(read_from(command, self.origin.environment())) as told:
            return self.vault.keep(name, told)


def create(chosen: Settings, vault: Vault, kind: LogicalKind) -> Backup:
    """Dump the database of ``chosen`` and keep it. A repository that is away is waited for.

    Raises: ``ClientToolsMissing``; ``BackupRoleTooWeak``; ``ProgramFailed``; ``RepositoryFull``;
    ``RepositoryUnreachable``. What was begun is removed then.
    """
    origin = source(chosen)
    dump = _Dump(origin, origin.tools(["pg_dump"]), vault, kind)
    return vault.patience.insist(dump.make)


@contextmanager
def _snapshot(db: Connection) -> Iterator[str]:
    """Hold the database as it is now for the block; the name lets other connections see the same."""
    db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    told = db.execute("SELECT pg_export_snapshot()").fetchone()
    assert told is not None
    yield str(told[0])
    db.execute("COMMIT")


def count_rows(db: Connection, report: Report = _SILENT) -> dict[str, TableSum]:
    """Return how many rows each table holds, partitions by themselves, as this transaction sees it."""
    report.step("Counting rows")
    counts: dict[str, TableSum] = {}
    for schema, table in db.execute(_TABLES).fetchall():
        found = db.execute(
            sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(str(schema), str(table)))
        ).fetchone()
        assert found is not None
        counts[f"{schema}.{table}"] = TableSum(int(str(found[0])))
    return counts


def _facts(db: Connection, tools: ClientTools) -> dict[str, Any]:
    """Return what a restore has to know: whose names the dump uses, and which revision the schema is at."""
    has_revision = db.execute("SELECT to_regclass('public.alembic_version') IS NOT NULL").fetchone() == (
        True,
    )
    revision = db.execute("SELECT version_num FROM alembic_version").fetchone() if has_revision else None
    return {
        "tools_major": tools.major,
        "roles": [str(name) for (name,) in db.execute(_ROLES)],
        "revision": revision and str(revision[0]),
    }
