"""The server as backups see it: by a role that reads all rows, told to programs by their environment."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from rollbook.core.settings import Settings
from rollbook.ops.backup.errors import BackupRoleTooWeak
from rollbook.ops.client_tools import ClientTools, find_client_tools
from rollbook.ops.cluster import SUPERUSER
from rollbook.ops.embedded import DATABASE, PASSWORDS_OF, home_of
from rollbook.ops.errors import ExternalUnreachable, ServerNotRunning
from rollbook.ops.postmaster import find_postmaster
from rollbook.ops.roles import APP, OWNER, Connection
from rollbook.ops.server import is_external

_TIMEOUT_S: Final = 10
_VERSION_UNIT: Final = 10_000
_IN_CLEAR: Final = ("disable", "allow", "prefer", "")
_SEES_ALL: Final = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"


@dataclass(frozen=True, slots=True)
class Source:
    """A database and the role that reads all of it.

    Shape:  ``parameters`` are libpq's, with the password; ``roles``: what the application's roles are called
    there, by what Rollbook calls them.
    """

    parameters: Mapping[str, str] = field(repr=False)
    server_version: str
    uses_tls: bool
    database: str
    programs: Path | None = None
    roles: Mapping[str, str] = field(default_factory=dict)

    @property
    def major(self) -> int:
        """The server's major version."""
        return int(self.server_version.split(".")[0])

    def connect(self, database: str | None = None) -> Connection:
        """Connect, to another database of the server if one is named; each statement by itself."""
        return _connect({**self.parameters, "dbname": database or self.database})

    def connect_to_copy(self) -> Connection:
        """Connect as a replica does: what is asked so are no SQL statements."""
        return _connect({**self.parameters, "dbname": self.database, "replication": "true"})

    def environment(self, database: str | None = None) -> dict[str, str]:
        """Return what PostgreSQL's programs connect by: no secret stands among a program's arguments."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ROLLBOOK_"))}
        told = {**self.parameters, "dbname": database or self.database}
        return kept | {_VARIABLES[name]: value for name, value in told.items()} | {"LC_ALL": "C", "TZ": "UTC"}

    def tools(self, names: Sequence[str], *, at_least: int = 0) -> ClientTools:
        """Return client programs that fit this server.

        Raises: ``ClientToolsMissing``.
        """
        return find_client_tools(
            names, major=max(self.major, at_least), needs_tls=self.uses_tls, directory=self.programs
        )


def source(chosen: Settings) -> Source:
    """Return the database of ``chosen`` by a role that row-level security lets see everything.

    Raises: ``ServerNotRunning``; ``ExternalUnreachable``; ``BackupRoleTooWeak``.
    """
    parameters = _given(chosen) if is_external(chosen) else _own(chosen)
    with _connect(parameters) as db:
        info = db.info
        if db.execute(_SEES_ALL).fetchone() != (True,):
            raise BackupRoleTooWeak(role=info.user)
        return Source(
            parameters=parameters,
            server_version=f"{info.server_version // _VERSION_UNIT}.{info.server_version % _VERSION_UNIT}",
            uses_tls=db.pgconn.ssl_in_use or parameters.get("sslmode", "") not in _IN_CLEAR,
            database=info.dbname,
            programs=chosen.database_bin,
            roles=_roles(chosen),
        )


def _own(chosen: Settings) -> dict[str, str]:
    """Return how to reach our own server, as its superuser, by its socket."""
    home = home_of(chosen)
    found = find_postmaster(home.data)
    if found is None:
        raise ServerNotRunning
    return {
        "host": str(home.recall()["socket_folder"]),
        "port": str(found.port),
        "user": SUPERUSER,
        "password": home.passwords(PASSWORDS_OF)[SUPERUSER],
        "dbname": DATABASE,
    }


def _given(chosen: Settings) -> dict[str, str]:
    """Return how to reach somebody's server: as the role for backups, else as the most powerful one named."""
    url = chosen.backup_database_url or chosen.owner_url or chosen.database_url
    assert url is not None
    told = pq.Conninfo.parse(url.get_secret_value().encode())
    return {
        one.keyword.decode(): one.val.decode()
        for one in told
        if one.val is not None and one.keyword.decode() in _VARIABLES
    }


def _roles(chosen: Settings) -> dict[str, str]:
    """Return who the application and its owner are where Rollbook did not make its roles itself."""
    if chosen.database_url is None or chosen.owner_url is None:
        return {}
    urls = {APP: chosen.database_url, OWNER: chosen.owner_url}
    named = {role: conninfo_to_dict(url.get_secret_value()).get("user") for role, url in urls.items()}
    return {role: str(name) for role, name in named.items() if name}


def _connect(parameters: Mapping[str, str]) -> Connection:
    try:
        return psycopg.connect(
            **{"connect_timeout": _TIMEOUT_S, **parameters},  # type: ignore[arg-type]  # libpq checks them
            application_name="rollbook backup",
            autocommit=True,
        )
    except psycopg.Error as error:
        raise ExternalUnreachable(reason=" ".join(str(error).split())) from error


def _libpq_variables() -> dict[str, str]:
    """Return the variable of the environment by which libpq reads each parameter."""
    return {
        one.keyword.decode(): one.envvar.decode()
        for one in pq.Conninfo.get_defaults()
        if one.envvar is not None
    }


_VARIABLES: Final = _libpq_variables()
