"""Bounds how long a migration waits for all its locks together.

A lock timeout counts anew for each lock, and a partitioned table has one for each of its parts: behind many
short transactions the waits add up, and whoever comes after the first lock waits for all of them.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from rollbook.core.sql import named_sql
from rollbook.ops.online import is_concurrent

TOGETHER_S: Final = 1.0
_EVERY_S: Final = 0.02
_SQL: Final = named_sql("rollbook.ops", "online.sql")
_QUERY_CANCELED: Final = "57014"


class Watch:
    """Looks at one session again and again, and cancels its statement once it waited for too long in all."""

    def __init__(self, look: Connection, pid: int) -> None:
        """Watch the process ``pid`` over ``look``, which is another connection."""
        self._look, self._pid = look, pid
        self._is_over = threading.Event()
        self._transaction: datetime | None = None
        self._waited_s = 0.0
        self._has_cancelled = False

    def run(self) -> None:
        """Look until told to end, or until the connection does: each lock alone has its timeout still."""
        try:
            while not self._is_over.wait(_EVERY_S):
                self._look_once()
        except DBAPIError:
            return

    def end(self) -> None:
        """Look no more."""
        self._is_over.set()

    def has_ended(self, error: DBAPIError) -> bool:
        """Say whether ``error`` is the watch's doing."""
        return self._has_cancelled and getattr(error.orig, "sqlstate", None) == _QUERY_CANCELED

    def _look_once(self) -> None:
        waiting = self._look.execute(_SQL["waiting"], {"pid": self._pid}).one_or_none()
        if waiting is None or is_concurrent(waiting.statement):
            return
        if waiting.transaction_began != self._transaction:
            self._transaction, self._waited_s = waiting.transaction_began, 0.0
        self._waited_s += _EVERY_S
        if self._waited_s >= TOGETHER_S:
            self._has_cancelled = True
            self._look.execute(_SQL["cancel"], {"pid": self._pid})


@contextmanager
def watched(db: Connection) -> Iterator[Watch]:
    """Watch ``db`` while the block runs, over a connection of its own."""
    pid = db.execute(_SQL["own_pid"]).scalar_one()
    db.rollback()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as look:
        watch = Watch(look, pid)
        thread = threading.Thread(target=watch.run, daemon=True)
        thread.start()
        try:
            yield watch
        finally:
            watch.end()
            thread.join()
