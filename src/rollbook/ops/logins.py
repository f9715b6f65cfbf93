"""Login roles for people who type SQL: made plain, read-only by what they are granted, and logged."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from rollbook.core.settings import Settings
from rollbook.ops import external, roles, server
from rollbook.ops.embedded import connect_as_superuser
from rollbook.ops.errors import LoginNotPlain, LoginTaken, RolesMadeElsewhere

_MOST_CONNECTIONS: Final = 20
# What they may change for themselves, so no wall: what they are granted is read-only without it.
_HABITS: Final = {
    "default_transaction_read_only": "on",
    "statement_timeout": "5min",
    "idle_in_transaction_session_timeout": "5min",
    "lock_timeout": "5s",
}
_POWERS: Final = """
SELECT
    bool_or(held.rolsuper OR held.rolbypassrls),
    bool_or(held.rolcreaterole OR held.rolcreatedb OR held.rolreplication),
    bool_or(held.rolname = ANY(%(ours)s)),
    bool_or(held.rolname = %(bi)s)
FROM pg_roles AS held
INNER JOIN pg_roles AS me ON pg_has_role(me.oid, held.oid, 'MEMBER')
WHERE me.rolname = %(name)s
"""


def make_login(settings: Settings, name: str, password: str | None = None) -> str:
    """Make the login role ``name``, a member of the role for BI and nothing else; return its password.

    Raises: ``LoginTaken``; ``RolesMadeElsewhere``; ``ServerNotRunning``.
    """
    chosen = password or secrets.token_urlsafe(24)
    with _admin(settings, name) as db, db.transaction():
        if _exists(db, name):
            raise LoginTaken(name=name)
        role = sql.Identifier(name)
        db.execute(
            sql.SQL(
                "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
                " CONNECTION LIMIT {} PASSWORD {}"
            ).format(role, sql.Literal(_MOST_CONNECTIONS), sql.Literal(roles.verifier(db, name, chosen)))
        )
        db.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(roles.BI), role))
        for setting, value in (_HABITS | _logging(db)).items():
            db.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(role, sql.Identifier(setting), sql.Literal(value))
            )
    return chosen


def check_login(settings: Settings, name: str) -> None:
    """Refuse a role that somebody else made unless it is a member of the role for BI and has no power.

    Raises: ``LoginNotPlain``.
    """
    ours = [roles.OWNER, roles.APP]
    with psycopg.connect(server.status(settings).owner_url, autocommit=True) as db:
        found = db.execute(_POWERS, {"name": name, "ours": ours, "bi": roles.BI}).fetchone()
    if found != (False, False, False, True):
        raise LoginNotPlain(name=name)


def drop_login(settings: Settings, name: str) -> None:
    """Drop the login role ``name``, ending its sessions; nothing happens where there is none.

    Raises: ``RolesMadeElsewhere``.
    """
    with _admin(settings, name) as db:
        if not _exists(db, name):
            return
        db.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(sql.Identifier(name)))
        db.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [name])
        db.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def is_logged(settings: Settings) -> bool:
    """Say whether what a login role sends is kept: only a superuser can see to that."""
    return not server.is_external(settings)


def url_for(settings: Settings, name: str, password: str) -> str:
    """Return the URL by which a login role connects."""
    url = make_url(server.status(settings).url).set(username=name, password=password)
    return url.render_as_string(hide_password=False)


@contextmanager
def _admin(settings: Settings, name: str) -> Iterator[roles.Connection]:
    """Connect as somebody who may make roles."""
    if not server.is_external(settings):
        with connect_as_superuser(settings) as db:
            yield db
    elif settings.owner_url is not None:
        raise RolesMadeElsewhere(name=name)
    else:
        with external.connect_as_given(settings) as db:
            yield db


def _exists(db: roles.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is not None


def _logging(db: roles.Connection) -> dict[str, str]:
    """Return what keeps each statement in the server's log, where we may ask for it."""
    if db.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() != (True,):
        return {}
    preloaded = db.execute("SHOW shared_preload_libraries").fetchone() or ("",)
    return {"log_statement": "all"} | ({"pgaudit.log": "read"} if "pgaudit" in str(preloaded[0]) else {})
