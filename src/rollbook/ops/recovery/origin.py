"""The server that is backed up: who may copy it, with which programs, and what it says of itself."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final

import psycopg

from rollbook.core.settings import Settings
from rollbook.ops import roles
from rollbook.ops.backup.source import Source, source
from rollbook.ops.errors import ExternalUnreachable
from rollbook.ops.recovery.errors import BaseBackupFailed, CopyForbidden, CopyOfReplica

SUMMARIZES_SINCE: Final = 17
_FACTS: Final = """
SELECT
    (SELECT system_identifier FROM pg_control_system()),
    CASE WHEN pg_is_in_recovery() THEN 0
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END,
    (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'),
    (SELECT rolname FROM pg_roles WHERE oid = 10),
    coalesce(current_setting('summarize_wal', true), 'off') = 'on',
    (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user),
    current_database(),
    pg_is_in_recovery(),
    ARRAY(SELECT spcname::text FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global') ORDER BY 1)
"""
_MAY_MARK: Final = """
SELECT
    has_function_privilege('pg_read_binary_file(text, bigint, bigint, boolean)', 'EXECUTE')
    AND has_function_privilege('pg_create_restore_point(text)', 'EXECUTE')
    AND has_function_privilege('pg_switch_wal()', 'EXECUTE')
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server is: ``superuser`` is the one that initdb made, whatever it is called there.

    ``marks_in``: the database in which the role may mark the log and read it; None: in none of two. Rights
    to functions are each database's own, and given in the one that is backed up they would be in every dump.
    """

    system_id: int
    timeline: int
    segment_bytes: int
    superuser: str
    summarizes: bool
    may_copy: bool
    database: str
    is_replica: bool
    tablespaces: list[str]
    major: int
    marks_in: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """The server that backups are made of, by a role that may copy its files."""

    source: Source
    facts: Facts

    @contextmanager
    def connected(self) -> Iterator[roles.Connection]:
        """Connect to the database, each statement its own transaction."""
        with self.source.connect() as db:
            yield db

    def history(self, timeline: int) -> bytes:
        """Return the file that says where a timeline left the one before it."""
        with self.source.connect_to_copy() as db:
            found = db.pgconn.exec_(b"TIMELINE_HISTORY %d" % timeline)
        content = found.get_value(0, 1) if found.ntuples else None
        if content is None:
            raise BaseBackupFailed(reason=f"the server does not say how its timeline {timeline} began")
        return content

    @contextmanager
    def marking(self) -> Iterator[roles.Connection]:
        """Connect where the log may be marked and read."""
        with self.source.connect(self.facts.marks_in) as db:
            yield db

    def start(
        self, program: str, *arguments: str, stdout: int, stderr: IO[bytes]
    ) -> "subprocess.Popen[bytes]":
        """Start one of PostgreSQL's client programs against this server."""
        path = self.source.tools([program]).program(program)
        return subprocess.Popen(  # noqa: S603 -- PostgreSQL's own program
            [path, "--no-password", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=self.source.environment(),
        )


def origin(settings: Settings) -> Origin:
    """Return the server that ``settings`` name.

    Raises: ``CopyForbidden``; ``CopyOfReplica``; what ``source`` raises.
    """
    found = source(settings)
    with found.connect() as db:
        facts = _facts(db, _marks_in(found, db))
        if not facts.may_copy:
            raise CopyForbidden(role=db.info.user, reason="it has no REPLICATION")
        if facts.is_replica:
            raise CopyOfReplica
    return Origin(found, facts)


def _marks_in(found: Source, db: roles.Connection) -> str | None:
    if db.execute(_MAY_MARK).fetchone() == (True,):
        return found.database
    try:
        with found.connect(roles.MAINTENANCE) as other:
            return roles.MAINTENANCE if other.execute(_MAY_MARK).fetchone() == (True,) else None
    except ExternalUnreachable:
        return None


def _facts(db: roles.Connection, marks_in: str | None) -> Facts:
    try:
        found: Any = db.execute(_FACTS).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise CopyForbidden(role=db.info.user, reason=str(error).splitlines()[0]) from error
    return Facts(*[*found, db.info.server_version // 10_000, marks_in])


def said(log: Sequence[str]) -> str:
    """Return what a program complained of, on one line, without its own name and hints."""
    errors = [line.split("error: ", 1)[-1] for line in log if "error:" in line or "FATAL" in line]
    return (" ".join(errors) or " ".join(log[-2:]) or "it said nothing").strip().rstrip(".")
