"""How a migration meets those who read and write meanwhile: it waits for a lock only for a moment.

Who waits for a lock lets nobody past that comes later. So a migration that does not get one at once is
undone, and tried again after a pause of random length, in which all others go on. A lock held by a report
of six seconds then costs other readers a moment, not six seconds.

What is done CONCURRENTLY holds nobody up and gets all the time it needs: a timeout would leave an index
that is INVALID, which slows writers, answers nothing, and is good enough for IF NOT EXISTS.
"""

import re
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

from rollbook.core.sql import named_sql

TIMEOUTS: Final = (
    "SET lock_timeout = '150ms'; SET statement_timeout = '5min';"
    " SET idle_in_transaction_session_timeout = '5min'"
)
_LONGER_THAN_DEADLOCKS: Final = """
SELECT set_config(
    'lock_timeout', cast(setting::int + 1000 AS text), true
) FROM pg_settings WHERE name = 'deadlock_timeout'
"""
_ALL_THE_TIME: Final = "SET lock_timeout = 0; SET statement_timeout = 0"
_SQL: Final = named_sql("rollbook.ops", "online.sql")
# SQLSTATEs: lock_not_available, deadlock_detected
_IN_THE_WAY: Final = {"55P03", "40P01"}
_NAMED: Final = 10
_SHORTEST_S: Final = 0.3
_LONGEST_S: Final = 5.0
_COMMENTS: Final = r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*"
_CONCURRENT: Final = re.compile(
    _COMMENTS + r"(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX|REINDEX\b[^;]*?|"
    r"ALTER\s+TABLE\b[^;]*?\bDETACH\s+PARTITION\b[^;]*?)\s+CONCURRENTLY\b",
    re.IGNORECASE | re.DOTALL,
)
_NAME: Final = r'"(?:[^"]|"")+"|[\w$]+'
_BUILD: Final = re.compile(
    _COMMENTS + r"CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    rf"(?P<index>{_NAME})\s+ON\s+(?:ONLY\s+)?(?P<table>(?:{_NAME})(?:\.(?:{_NAME}))?)",
    re.IGNORECASE | re.DOTALL,
)
_INVALID: Final = """
SELECT pg_namespace.nspname::text, index.relname::text
FROM pg_index
INNER JOIN pg_class AS index ON index.oid = pg_index.indexrelid
INNER JOIN pg_namespace ON pg_namespace.oid = index.relnamespace
WHERE pg_index.indrelid = to_regclass(%(table)s) AND index.relname = %(index)s AND NOT pg_index.indisvalid
"""

_Driver = psycopg.Connection[tuple[Any, ...]]


def is_concurrent(statement: str) -> bool:
    """Say whether ``statement`` works beside readers and writers, outside of any transaction."""
    return bool(_CONCURRENT.match(statement))


def give_time_to_builds(connection: Connection) -> None:
    """Let what is done CONCURRENTLY over ``connection`` take its time, on no remains of an earlier try."""
    event.listen(connection, "before_cursor_execute", _before)
    event.listen(connection, "after_cursor_execute", _after)


def _before(connection: Connection, _cursor: object, statement: str, *_context: object) -> None:
    if is_concurrent(statement):
        driver = _driver(connection)
        driver.execute(_ALL_THE_TIME)
        _drop_remains(driver, statement)


def _after(connection: Connection, _cursor: object, statement: str, *_context: object) -> None:
    if is_concurrent(statement):
        _driver(connection).execute(TIMEOUTS)


def _driver(connection: Connection) -> _Driver:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _drop_remains(driver: _Driver, statement: str) -> None:
    """Drop the index that ``statement`` builds where a build that ended early left it, INVALID."""
    build = _BUILD.match(statement)
    if build is None:
        return
    where = {"table": build["table"], "index": _plain(build["index"])}
    for found in driver.execute(_INVALID, where).fetchall():
        driver.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(sql.Identifier(*map(str, found))))


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def clear_up(connection: Connection, error: DBAPIError) -> None:
    """After ``error``, in no transaction: drop what a failed build left, so that all is as before.

    Where the connection is gone, so is the lock of migrations: another may be building that very index now.
    """
    if error.connection_invalidated or not error.statement or not _BUILD.match(error.statement):
        return
    driver = _driver(connection)
    driver.autocommit = True
    try:
        driver.execute(_ALL_THE_TIME)
        _drop_remains(driver, error.statement)
    finally:
        driver.autocommit = False


def is_in_the_way(error: DBAPIError) -> bool:
    """Say whether somebody's lock was in the way: another try may find it gone."""
    return getattr(error.orig, "sqlstate", None) in _IN_THE_WAY


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a lock on one of the tables in question."""

    pid: int
    name: str
    is_autovacuum: bool
    schema: str
    table_name: str

    def __str__(self) -> str:
        """Name it for a person."""
        name = "autovacuum" if self.is_autovacuum else self.name
        return f"{self.pid} ({name})" if name else str(self.pid)


def holders(connection: Connection, statement: str | None) -> list[Holder]:
    """Return who holds locks on what ``statement`` names; its transaction has ended."""
    words = re.findall(r"\w+", statement or "")
    found = connection.execute(_SQL["holders"], {"words": words}).mappings().all()
    connection.rollback()
    return [Holder(**row) for row in found]


def listed(found: Iterable[Holder]) -> str:
    """Name each process once, and not too many."""
    return ", ".join(list(dict.fromkeys(map(str, found)))[:_NAMED]) or "no longer there"


def send_autovacuum_away(connection: Connection, found: Iterable[Holder]) -> None:
    """Have autovacuum give up its tables, as it does for whoever waits for longer than the deadlock timeout.

    A migration waits too shortly for that. So a lock is waited for that stops vacuums alone, and nobody else.
    Where a table is vacuumed against wraparound, it is not given up.
    """
    driver = _driver(connection)
    for one in {(each.schema, each.table_name) for each in found if each.is_autovacuum}:
        with suppress(psycopg.Error), driver.transaction():
            driver.execute(_LONGER_THAN_DEADLOCKS)
            driver.execute(
                sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE").format(sql.Identifier(*one))
            )


def pause_s(tries: int, found: Sequence[Holder] = ()) -> float:
    """Return how long to wait after so many tries: longer each time, and never twice the same.

    As after the first where autovacuum alone was ``found``: it was sent away, and comes back before long.
    """
    is_free = bool(found) and all(one.is_autovacuum for one in found)
    longest = _SHORTEST_S if is_free else min(_LONGEST_S, _SHORTEST_S * 2**tries)
    return secrets.SystemRandom().uniform(longest / 2, longest)
