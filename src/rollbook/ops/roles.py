"""The roles every database of ours has: one owns the tables, another uses them and owns nothing.

A third cannot sign in: what it may, every login role for BI may (logins.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg import sql

OWNER: Final = "rollbook_owner"
APP: Final = "rollbook_app"
ROLES: Final = (OWNER, APP)
BI: Final = "rollbook_bi"
BACKUP: Final = "rollbook_backup"
MAINTENANCE: Final = "postgres"
"""The database that a server has besides ours."""

Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server listens: ``host`` is an address, or a socket's folder."""

    host: str
    port: int

    def connect(self, role: str, password: str, database: str, *, timeout_s: int = 10) -> Connection:
        """Return a connection on which every statement is its own transaction."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            user=role,
            password=password,
            dbname=database,
            connect_timeout=timeout_s,
            application_name="rollbook ops",
            autocommit=True,
        )


def ensure_roles(db: Connection, passwords: Mapping[str, str]) -> None:
    """Make the roles that are missing. Passwords go as SCRAM verifiers, so no log can hold them."""
    present = {
        name for (name,) in db.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [[*ROLES, BI]])
    }
    if BI not in present:
        db.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(BI)))
    for role in ROLES:
        if role not in present:
            db.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                    sql.Identifier(role), sql.Literal(verifier(db, role, passwords[role]))
                )
            )
    _let_owner_monitor(db)
    _let_keys_be_built_unpacked(db)


def _let_owner_monitor(db: Connection) -> None:
    """Let the owner read the server's statistics, and no row more; who may not grant it, leaves it."""
    granted = db.execute("SELECT pg_has_role(%s, 'pg_monitor', 'USAGE')", [OWNER]).fetchone()
    if granted == (False,) and is_superuser(db):
        db.execute(sql.SQL("GRANT pg_monitor TO {}").format(sql.Identifier(OWNER)))


def _let_keys_be_built_unpacked(db: Connection) -> None:
    """Let a load's keys be built without packing their pages into the log; who may not, loads more slowly."""
    if is_superuser(db):
        db.execute(sql.SQL("GRANT SET ON PARAMETER wal_compression TO {}").format(sql.Identifier(OWNER)))


def is_superuser(db: Connection) -> bool:
    """Say whether the connection's role is one."""
    return db.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)


def set_password(db: Connection, role: str, password: str) -> None:
    """Change ``role``'s password to the one we hold."""
    db.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(verifier(db, role, password))
        )
    )


def verifier(db: Connection, role: str, password: str) -> str:
    """Return what PostgreSQL keeps instead of the password."""
    return db.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()


def ensure_database(db: Connection, name: str, template: str | None = None) -> None:
    """Make the database ``name``, the owner's, closed to everyone but the two roles.

    A template of ours is copied as files: six times faster than through the log, on a server that need not
    survive a power failure.
    """
    if db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        db.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY {}").format(
                sql.Identifier(name),
                sql.Identifier(OWNER),
                sql.Identifier(template or "template1"),
                sql.SQL("FILE_COPY" if template else "WAL_LOG"),
            )
        )
    for statement in (
        "REVOKE ALL ON DATABASE {name} FROM PUBLIC",
        "GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {app}",
        "GRANT CONNECT ON DATABASE {name} TO {bi}",
    ):
        db.execute(
            sql.SQL(statement).format(
                name=sql.Identifier(name), app=sql.Identifier(APP), bi=sql.Identifier(BI)
            )
        )


def open_schema(db: Connection) -> None:
    """Make the owner the master of this database's schema public, and let the app look into it."""
    for statement in (
        "ALTER SCHEMA public OWNER TO {owner}",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO {app}, {bi}",
    ):
        db.execute(
            sql.SQL(statement).format(
                owner=sql.Identifier(OWNER), app=sql.Identifier(APP), bi=sql.Identifier(BI)
            )
        )
