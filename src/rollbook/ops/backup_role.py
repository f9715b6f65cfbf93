"""The role that backs up a server that somebody else runs: it reads all there is, and writes nothing.

A superuser would do too, but whoever takes over the process that makes backups would then have the server.
This role sees every row, copies files, follows the log and marks it; it changes no table and no role.
"""

from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg import sql

from rollbook.core.settings import Settings
from rollbook.ops import external, roles, server
from rollbook.ops.group_roles import MARK
from rollbook.ops.roles import BACKUP

_POWERS: Final = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE REPLICATION BYPASSRLS"
_GRANTS: Final = ("GRANT pg_read_all_data TO {role}", "GRANT CONNECT ON DATABASE {database} TO {role}")
# To mark the log and to read it; without pg_read_server_files no file but the data directory's is read.
_MARKS: Final = (
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    (
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_create_restore_point(text), pg_catalog.pg_switch_wal(),"
        " pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO {role}"
    ),
)


@dataclass(frozen=True, slots=True)
class BackupRole:
    """What became of it. ``url`` None: it was not made, for the reason ``why_not``."""

    url: str | None = None
    is_new: bool = False
    why_not: str = ""


def is_wanted(settings: Settings) -> bool:
    """Say whether backups need a role of their own: our own server's superuser is reached by its socket."""
    return server.is_external(settings)


def ensure_backup_role(settings: Settings) -> BackupRole:
    """Make the role where it is missing, with a password that home keeps; only a superuser can.

    Raises: ``ExternalUnreachable``; ``ExternalUrlInvalid``.
    """
    with external.connect_as_given(settings) as db:
        if not roles.is_superuser(db):
            return BackupRole(why_not=f"'{db.info.user}' is no superuser, and only one can make it")
        is_new, is_ours = _look(db)
        if not is_new and not is_ours:
            return BackupRole(why_not="a role of that name is somebody else's")
        passwords = external.passwords_of(settings, db, (BACKUP,))
        with db.transaction():
            _make(db, passwords[BACKUP], is_new=is_new)
    with external.connect_as_given(settings, roles.MAINTENANCE) as db:
        _grant(db, _MARKS)
    return BackupRole(external.url_as(settings, BACKUP, passwords[BACKUP]), is_new)


def _look(db: roles.Connection) -> tuple[bool, bool]:
    """Say whether the role is still to be made, and whether the one there is is ours."""
    found = db.execute(
        "SELECT shobj_description(oid, 'pg_authid') = %s FROM pg_roles WHERE rolname = %s", [MARK, BACKUP]
    ).fetchone()
    return found is None, found == (True,)


def _make(db: roles.Connection, password: str, *, is_new: bool) -> None:
    role = sql.Identifier(BACKUP)
    word = sql.SQL("CREATE" if is_new else "ALTER")
    db.execute(sql.SQL("{} ROLE {} {}").format(word, role, sql.SQL(_POWERS)))
    db.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, sql.Literal(MARK)))
    roles.set_password(db, BACKUP, password)
    _grant(db, _GRANTS)


def _grant(db: roles.Connection, grants: tuple[LiteralString, ...]) -> None:
    told = {"role": sql.Identifier(BACKUP), "database": sql.Identifier(db.info.dbname)}
    for grant in grants:
        db.execute(sql.SQL(grant).format(**told))
