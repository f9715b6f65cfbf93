"""Monthly partitions and statistics: what an import needs done, in short transactions of their own."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Final

from psycopg.errors import LockNotAvailable
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from rollbook.core.errors import Invalid, Unavailable
from rollbook.intake.quarantine import SQL

_LOCK_TIMEOUT: Final = text("SET LOCAL lock_timeout = '4s'")
_LOCK_TRIES: Final = 30
MOST_MONTHS: Final = 240
"""A table has a partition for each month; more years than these are a mistake sooner than a drop."""


class MonthsBusy(Unavailable):
    """Another transaction holds {table}, which needs a new month; try again later. Nothing was imported."""


class TooManyMonths(Invalid):
    """{table}: the rows are of {count} months between {first} and {last}, more than {most} at once.

    Nothing was imported. Look for wrong years; if all are right, bring them in by several files.
    """


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


def ensure_each_month(engine: Engine, table: str, months: Sequence[date]) -> None:
    """Make the partitions of ``table`` for these months, by their first days, and for none between.

    Raises: ``MonthsBusy``; ``TooManyMonths``.
    """
    if len(months) > MOST_MONTHS:
        raise TooManyMonths(
            table=table, count=len(months), first=months[0], last=months[-1], most=MOST_MONTHS
        )
    for month in months:
        ensure_months(engine, table, month, month)


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
