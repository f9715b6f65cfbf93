"""The server that is backed up: who may copy it, with which programs, and what it says of itself."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Final

import psycopg
from psycopg import conninfo

from rollbook.core.settings import Settings
from rollbook.ops import external, roles, server
from rollbook.ops.backup.physical_errors import BackupRoleTooWeak
from rollbook.ops.backup.programs import client_programs
from rollbook.ops.binaries import Binaries
from rollbook.ops.cluster import server_environment
from rollbook.ops.embedded import DATABASE, connect_as_superuser

SUMMARIZES_SINCE: Final = 17
_FACTS: Final = """
SELECT
    (SELECT system_identifier FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'),
    (SELECT rolname FROM pg_roles WHERE oid = 10),
    coalesce(current_setting('summarize_wal', true), 'off') = 'on',
    (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user),
    has_function_privilege('pg_read_binary_file(text, bigint, bigint, boolean)', 'EXECUTE'),
    current_database()
"""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a server is: ``superuser`` is the one that initdb made, whatever it is called there."""

    system_id: int
    timeline: int
    segment_bytes: int
    superuser: str
    summarizes: bool
    may_copy: bool
    may_read_files: bool
    database: str
    major: int


@dataclass(frozen=True, slots=True)
class Source:
    """A server and the role that copies it. The password is in the environment of its programs, never in argv."""

    parts: dict[str, Any]
    binaries: Binaries
    facts: Facts

    @contextmanager
    def connected(self) -> Iterator[roles.Connection]:
        """Connect to the database, each statement its own transaction."""
        with psycopg.connect(
            **(self.parts | {"application_name": "rollbook backup"}), autocommit=True
        ) as db:
            yield db

    def start(self, program: str, *arguments: str, stdout: int | IO[bytes], stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start one of PostgreSQL's client programs against this server."""
        address = conninfo.make_conninfo(**{key: value for key, value in self.parts.items() if key != "password"})
        command = [self.binaries.program(program), f"--dbname={address}", "--no-password", *arguments]
        return subprocess.Popen(  # noqa: S603 -- PostgreSQL's own program
            command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=self._environment()
        )

    def _environment(self) -> dict[str, str]:
        password = self.parts.get("password")
        return server_environment() | ({"PGPASSWORD": str(password)} if password else {})


def open_source(settings: Settings) -> Source:
    """Return the server that ``settings`` name, to be copied by the role that may.

    Raises: ``BackupRoleTooWeak``; ``NoProgramsFor``; what connecting raises.
    """
    with _connect(settings) as db:
        facts = _facts(db)
        if not facts.may_copy:
            raise BackupRoleTooWeak(role=db.info.user, reason="it has no REPLICATION")
        parts = {**db.info.get_parameters(), "password": db.info.password}
        binaries = client_programs(facts.major, settings, tls=bool(db.pgconn.ssl_in_use))
    return Source({key: value for key, value in parts.items() if key not in _OURS}, binaries, facts)


_OURS: Final = {"application_name", "connect_timeout", "options"}


def _connect(settings: Settings) -> roles.Connection:
    if not server.is_external(settings):
        return connect_as_superuser(settings, DATABASE)
    if settings.owner_url is not None:
        return external.connect_as_owner(settings)
    return external.connect_as_given(settings)


def _facts(db: roles.Connection) -> Facts:
    try:
        found: Any = db.execute(_FACTS).fetchone()
    except psycopg.errors.InsufficientPrivilege as error:
        raise BackupRoleTooWeak(role=db.info.user, reason=str(error).splitlines()[0]) from error
    return Facts(*found, major=db.info.server_version // 10_000)


def said(log: Sequence[str]) -> str:
    """Return what a program complained of, on one line, without its own name and hints."""
    errors = [line.split("error: ", 1)[-1] for line in log if "error:" in line or "FATAL" in line]
    return (" ".join(errors) or " ".join(log[-2:]) or "it said nothing").strip().rstrip(".")


def own_environment() -> dict[str, str]:
    """Return the environment for programs that need no server."""
    return server_environment() | {"HOME": os.environ.get("HOME", "/")}
