"""Roles to grant, by the names that administrators know: who is a member of one may do so much.

`readonly` may what every role for BI may: of what it reads, row-level security lets through the tenant that
`rollbook bi-role` grants it, and nothing before. `app_user` may what the application's role may.
"""

from dataclasses import dataclass
from typing import Final

from psycopg import sql

from rollbook.core.settings import Settings
from rollbook.ops import external, roles, server
from rollbook.ops.embedded import connect_as_superuser

MARK: Final = "made by Rollbook"
GROUPS: Final = {"readonly": roles.BI, "app_user": roles.APP}


@dataclass(frozen=True, slots=True)
class Granted:
    """What became of a role. ``is_ours`` False: it is somebody else's, and was not touched."""

    name: str
    holds: str
    is_ours: bool
    is_new: bool = False


def ensure_groups(settings: Settings) -> list[Granted]:
    """Make the roles that are missing; each holds one role of ours, cannot sign in, and owns nothing.

    Raises: ``ExternalUnreachable``; ``ServerNotRunning``.
    """
    if not server.is_external(settings):
        with connect_as_superuser(settings) as db:
            return [_ensure(db, name, holds) for name, holds in GROUPS.items()]
    with external.connect_as_given(settings) as db:
        may = db.execute(
            "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        if may != (True,):
            return [_look(db, name, holds) for name, holds in GROUPS.items()]
        return [_ensure(db, name, holds) for name, holds in GROUPS.items()]


def _ensure(db: roles.Connection, name: str, holds: str) -> Granted:
    found = _look(db, name, holds)
    if found.is_ours or _exists(db, name):
        return found
    role = sql.Identifier(name)
    with db.transaction():
        db.execute(
            sql.SQL(
                "CREATE ROLE {} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
            ).format(role)
        )
        db.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, sql.Literal(MARK)))
        db.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(holds), role))
    return Granted(name, holds, is_ours=True, is_new=True)


def _look(db: roles.Connection, name: str, holds: str) -> Granted:
    """Say whether the role is there and ours: another's of that name may have members we know nothing of."""
    found = db.execute(
        "SELECT 1 FROM pg_roles WHERE rolname = %s AND shobj_description(oid, 'pg_authid') = %s", [name, MARK]
    ).fetchone()
    return Granted(name, holds, is_ours=found is not None)


def _exists(db: roles.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is not None
