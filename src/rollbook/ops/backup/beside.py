"""A database made beside the one in use, filled, and swapped for it by its name."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import psycopg
from psycopg import sql

from rollbook.core import clock
from rollbook.ops.backup.errors import DatabaseInUse, RestoreBusy, RestoreRoleTooWeak
from rollbook.ops.backup.source import Source
from rollbook.ops.roles import Connection

PREFIX: Final = "rollbook_restore_"
BEFORE: Final = "rollbook_before_"
_MAINTENANCE: Final = "postgres"
# "rollrest" in ASCII
_LOCK: Final = 0x726F6C6C72657374
_SWAP_WITHIN_S: Final = 30
_PROVIDERS: Final = {"b": "builtin", "c": "libc", "i": "icu"}
_MAY: Final = "SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
_LIKE: Final = "SELECT to_jsonb(d), pg_get_userbyid(datdba) FROM pg_database AS d WHERE datname = %s"
_GRANTS: Final = """
SELECT COALESCE(r.rolname, 'public'), a.privilege_type
FROM pg_database AS d
CROSS JOIN LATERAL aclexplode(COALESCE(d.datacl, acldefault('d', d.datdba))) AS a
LEFT JOIN pg_roles AS r ON a.grantee = r.oid
WHERE d.datname = %s
"""
_HABITS: Final = """
SELECT r.rolname, s.setconfig
FROM pg_db_role_setting AS s
INNER JOIN pg_database AS d ON s.setdatabase = d.oid
LEFT JOIN pg_roles AS r ON s.setrole = r.oid
WHERE d.datname = %s
"""
_USER_TABLES: Final = """
SELECT count(*) FROM pg_class AS c INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""


@dataclass(frozen=True, slots=True)
class Beside:
    """The database in use and the one beside it."""

    origin: Source
    name: str
    db: Connection

    def swap(self) -> str:
        """Give the new database the old one's name, and the old one another, both or none; return that.

        Whoever is connected is sent away, and finds the new one when they come back.
        Raises: ``DatabaseInUse``.
        """
        old, previous = self.origin.database, f"{BEFORE}{clock.now():%Y%m%dt%H%M%Sz}_{uuid4().hex[:6]}"
        deadline = time.monotonic() + _SWAP_WITHIN_S
        while True:
            try:
                self._rename(old, previous)
            except psycopg.errors.ObjectInUse as error:
                if time.monotonic() > deadline:
                    raise DatabaseInUse(database=old, restored=self.name) from error
                time.sleep(0.05)
            else:
                return previous

    def _rename(self, old: str, previous: str) -> None:
        self.db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)",
            [[old, self.name]],
        )
        with self.db.transaction():
            for this, that in ((old, previous), (self.name, old)):
                self.db.execute(
                    sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                        sql.Identifier(this), sql.Identifier(that)
                    )
                )

    def drop(self, name: str) -> None:
        """Drop a database, ending its sessions."""
        _drop(self.db, name)


@contextmanager
def beside(origin: Source, suffix: str) -> Iterator[Beside]:
    """Make an empty database like that of ``origin`` for the block; it is dropped unless it was swapped.

    What a killed restore left is dropped too.
    Raises: ``RestoreBusy``; ``RestoreRoleTooWeak``.
    """
    name = PREFIX + suffix.lower().replace("-", "_")
    with origin.connect(_MAINTENANCE) as db:
        _refuse(db)
        for (left,) in db.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]
        ).fetchall():
            _drop(db, str(left))
        _make(db, origin.database, name)
        try:
            yield Beside(origin, name, db)
        finally:
            _drop(db, name)


def is_empty(origin: Source) -> bool:
    """Say whether there are no tables that a restore would replace."""
    with origin.connect() as db:
        return db.execute(_USER_TABLES).fetchone() == (0,)


def _refuse(db: Connection) -> None:
    if db.execute(_MAY).fetchone() != (True,):
        raise RestoreRoleTooWeak(role=db.info.user)
    if db.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
        raise RestoreBusy


def _make(db: Connection, like: str, name: str) -> None:
    """Make the database ``name`` with owner, locale, grants and settings as ``like`` has them."""
    found = db.execute(_LIKE, [like]).fetchone()
    assert found is not None
    known: Any = found[0]
    provider = _PROVIDERS[known["datlocprovider"]]
    locale = known.get("datlocale") or known.get("daticulocale")
    parts = [
        sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING {}").format(
            sql.Identifier(name), sql.Identifier(str(found[1])), sql.Literal(known["encoding"])
        ),
        sql.SQL("LOCALE_PROVIDER {} LC_COLLATE {} LC_CTYPE {}").format(
            sql.SQL(provider), sql.Literal(known["datcollate"]), sql.Literal(known["datctype"])
        ),
    ]
    if provider != "libc":
        parts.append(sql.SQL(f"{provider.upper()}_LOCALE {{}}").format(sql.Literal(locale)))
    db.execute(sql.SQL(" ").join(parts))
    for statement in _copied(db, like, name):
        db.execute(statement)


def _copied(db: Connection, like: str, name: str) -> Iterator[sql.Composed]:
    """Yield what gives ``name`` the grants and settings of ``like``; a dump has neither."""
    database = sql.Identifier(name)
    yield sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database)
    for role, privilege in db.execute(_GRANTS, [like]).fetchall():
        to = sql.SQL("PUBLIC") if role == "public" else sql.Identifier(str(role))
        yield sql.SQL("GRANT {} ON DATABASE {} TO {}").format(sql.SQL(str(privilege)), database, to)
    for role, settings in db.execute(_HABITS, [like]).fetchall():
        whose = sql.SQL("ROLE {} IN ").format(sql.Identifier(str(role))) if role else sql.SQL("")
        for setting, _, value in (str(one).partition("=") for one in settings):  # type: ignore[attr-defined]  # an array
            yield sql.SQL("ALTER {}DATABASE {} SET {} = {}").format(
                whose, database, sql.SQL(setting), sql.Literal(value)
            )


def _drop(db: Connection, name: str) -> None:
    db.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
