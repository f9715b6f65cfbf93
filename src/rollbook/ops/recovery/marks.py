"""A moment to compare a restore at: a restore point, and a snapshot that sees just what is before it.

A snapshot and a place in the log agree only if nobody commits in between. That is looked for, not forced: the
snapshot is taken, the restore point written, and a second snapshot says whether any transaction that writes
ended meanwhile. One that wrote throughout may have put its commit into the log and not be done with it: it is
watched for a moment, and if it ends, all is tried again. Snapshots do not name the newest of these, but each
holds a lock on its own number until it is done. If the database is never quiet so long, the backup says that
it has nothing to compare.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from rollbook.ops.recovery.origin import Origin
from rollbook.ops.roles import Connection

_TRIES: Final = 100
_COMMITS_WITHIN_S: Final = 1.0
_LOOKS_S: Final = 0.01
_PAUSE_S: Final = 0.05
_UNEVEN: Final = 7
_NAME: Final = "rollbook-{}"
_WRITING: Final = """
SELECT
    coalesce(array_agg(DISTINCT transactionid::text), '{}'),
    EXISTS (SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep')
FROM pg_locks
WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock' AND granted
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A restore point. ``is_exact``: the snapshot it came with sees what was committed before it, no more."""

    name: str
    lsn: str
    at: datetime
    is_exact: bool


@contextmanager
def marked(source: Origin) -> Iterator[tuple[Mark, Connection]]:
    """Write a restore point; lend a connection whose transaction sees the database as it was there."""
    with source.connected() as snapshot, source.marking() as db:
        for left in reversed(range(_TRIES)):
            with snapshot.transaction():
                snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                mark = _try(snapshot, db)
                if mark.is_exact or not left:
                    yield mark, snapshot
                    return
            time.sleep(_PAUSE_S * (left % _UNEVEN + 1) / _UNEVEN)  # so as not to keep time with writers


def _try(snapshot: Connection, db: Connection) -> Mark:
    seen = _snapshot(snapshot)
    name = _NAME.format(uuid4().hex[:12])
    lsn, at = point(db, name)
    writing, is_committing = _writing(db)  # before the second snapshot: who ends after it was there
    is_exact = _snapshot(db) == seen and not is_committing and _writes_on(db, writing)
    return Mark(name, lsn, at, is_exact)


def _writes_on(db: Connection, writing: set[str]) -> bool:
    """Say whether all of these go on for a moment: one that was committing would have ended."""
    deadline = time.monotonic() + _COMMITS_WITHIN_S
    while writing and time.monotonic() < deadline:
        time.sleep(_LOOKS_S)
        if not writing <= _writing(db)[0]:
            return False
    return True


def _writing(db: Connection) -> tuple[set[str], bool]:
    """Return the transactions that write, and whether one waits for a replica to have its commit."""
    found: Any = db.execute(_WRITING).fetchone()
    return set(found[0]), found[1]


def point(db: Connection, name: str) -> tuple[str, datetime]:
    """Write a named restore point; return its LSN, and the server's time just before."""
    found: Any = db.execute("SELECT clock_timestamp(), pg_create_restore_point(%s)::text", [name]).fetchone()
    return found[1], found[0]


def _snapshot(db: Connection) -> str:
    found = db.execute("SELECT pg_current_snapshot()::text").fetchone()
    assert found is not None
    return str(found[0])
