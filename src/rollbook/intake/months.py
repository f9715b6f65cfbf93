"""Monthly partitions and statistics: what an import needs done, in short transactions of their own."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from rollbook.core.errors import Unavailable
from rollbook.intake.quarantine import SQL

_LOCK_TIMEOUT: Final = text("SET LOCAL lock_timeout = '4s'")
_LOCK_TRIES: Final = 30


class MonthsBusy(Unavailable):
    """Another transaction holds {table}, which needs a new month; try again later. Nothing was imported."""


def ensure_months(engine: Engine, table: str, since: date, until: date) -> None:
    """Make the partitions of ``table`` for [since, until]: it locks other tables, so it must not last.

    The import itself must hold no lock on them that forbids it, or the two would wait for each other.
    Raises: ``MonthsBusy``.
    """
    for _ in range(_LOCK_TRIES):
        with _unless_busy(), Session(engine) as db, db.begin():
            db.execute(_LOCK_TIMEOUT)
            db.execute(SQL["ensure_months"], {"relation": table, "since": since, "until": until})
            return
        time.sleep(1)
    raise MonthsBusy(table=table)


def analyze(engine: Engine, tables: Iterable[str]) -> None:
    """Tell the planner about new rows. A table in use is left to autovacuum: the import stands."""
    for table in tables:
        with _unless_busy(), Session(engine) as db, db.begin():
            db.execute(_LOCK_TIMEOUT)
            db.execute(SQL["analyze_table"], {"relation": table})


@contextmanager
def _unless_busy() -> Iterator[None]:
    """Go on after the block when it failed because it could not get a lock in time."""
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.orig, LockNotAvailable):
            raise
