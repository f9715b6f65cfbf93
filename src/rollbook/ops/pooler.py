"""A configuration of pgbouncer for this installation: transaction mode, sized by the settings, SCRAM only."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import conninfo

from rollbook.core.pool import cores, size_for
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.embedded import connect_as_superuser
from rollbook.ops.errors import file_errors
from rollbook.ops.external import connect_as_given
from rollbook.ops.work import running_server

INI: Final = "pgbouncer.ini"
USERS: Final = "users.txt"
_TIMES_CLIENTS: Final = 20
_LEAST_CLIENTS: Final = 200
_VERIFIER: Final = "SELECT rolpassword FROM pg_authid WHERE rolname = %s"
_INI: Final = """\
; Made by `rollbook pooler write`; make it again after a change of the settings or of a password.
; Only the application's role comes this way: migrations hold a lock for as long as they are connected.
[databases]
{database} = host={host} port={port} dbname={database}

[pgbouncer]
listen_addr = {listen}
listen_port = {listen_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
; what a transaction may see is set in it and ends with it, so each may go to any connection
pool_mode = transaction
default_pool_size = {size}
max_client_conn = {clients}
; who gets no connection for so long is told so, as by Rollbook's own pool
query_wait_timeout = {wait_s}
server_lifetime = {recycle_s}
server_connect_timeout = {connect_s}
server_tls_sslmode = {tls}
log_connections = 0
log_disconnections = 0
"""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, and the application's URL through the pooler, without its password.

    ``holds_password``: the file of users has the password itself, as its verifier may not be read.
    """

    configuration: Path
    users: Path
    pool_size: int
    url: str
    holds_password: bool


def write(settings: Settings, folder: Path, *, listen: str, listen_port: int) -> Written:
    """Write pgbouncer's configuration and its file of users (mode 0600) into ``folder``.

    The file of users holds the role's SCRAM verifier, which signs nobody in by itself; where we may not read
    that, the password.
    Raises: ``ServerNotRunning``; ``FolderNotWritable``.
    """
    status = running_server()
    parts = conninfo.conninfo_to_dict(status.url)
    role, password = str(parts["user"]), str(parts.get("password", ""))
    verifier = _verifier(settings, role)
    size = settings.pool_size or size_for(cores())
    configuration, users = folder / INI, folder / USERS
    with file_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_private(users, f'"{role}" "{_quoted(verifier or password)}"\n')
        text = _INI.format(
            database=parts.get("dbname"),
            host=status.host,
            port=status.port,
            listen=listen,
            listen_port=listen_port,
            users=users.absolute(),
            size=size,
            clients=max(_LEAST_CLIENTS, _TIMES_CLIENTS * size),
            wait_s=settings.pool_timeout_s,
            recycle_s=settings.pool_recycle_s,
            connect_s=settings.connect_timeout_s,
            tls=parts.get("sslmode") or "prefer",
        )
        _write_private(configuration, text)
    url = f"postgresql://{role}:...@{listen}:{listen_port}/{parts.get('dbname')}"
    return Written(configuration, users, size, url, verifier is None)


def _verifier(settings: Settings, role: str) -> str | None:
    """Return what the server keeps instead of the password; none where we may not read it."""
    connect = connect_as_given if server.is_external(settings) else connect_as_superuser
    try:
        with connect(settings) as db:
            row = db.execute(_VERIFIER, [role]).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return None
    found = str(row[0]) if row and row[0] else ""
    return found if found.startswith("SCRAM-SHA-256$") else None


def _quoted(value: str) -> str:
    return value.replace('"', '""')


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
