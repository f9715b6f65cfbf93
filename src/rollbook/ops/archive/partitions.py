"""Months of tables: made ahead, found by their bounds, taken out while others read."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeVar

from psycopg import sql
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.database import engine_for
from rollbook.core.sql import named_sql
from rollbook.ops.archive.errors import ArchiveBusy, TableBusy
from rollbook.ops.archive.raw import execute

SQL: Final = named_sql("rollbook.ops.archive", "partitions.sql")
_TRIES: Final = 15
_ALONE_TRIES: Final = 60
_DETACH: Final = sql.SQL("ALTER TABLE public.{} DETACH PARTITION public.{} {}")

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Month:
    """A partition. ``first_day`` None: its bounds are no month, and it is left alone."""

    table_name: str
    relation: str
    first_day: date | None
    bytes: int
    is_detaching: bool


@dataclass(frozen=True, slots=True)
class Detached:
    """A month that is out of its table, or on its way."""

    table_name: str
    month: date
    relation: str


def find_months(db: Session, table: str | None = None) -> list[Month]:
    """Return the partitions of ``table`` (none: of all), by their real bounds, the oldest first."""
    return [Month(**row) for row in db.execute(SQL["partitions"], {"table_name": table}).mappings()]


def make_ahead(owner_url: str, months: int) -> dict[str, int]:
    """Make what is missing of this month and ``months`` more of every table by month; return how many.

    For a daily job: where all is there, it takes no lock. Raises: ``TableBusy``.
    """
    today = clock.now().date()
    until = add_months(today, months)
    with Session(engine_for(owner_url)) as db:
        tables = list(db.scalars(SQL["monthly_tables"]))
    return {table: ensure(owner_url, table, today, until) for table in tables}


def ensure(owner_url: str, table: str, since: date, until: date) -> int:
    """Make the months of ``table`` that cover these days, in a short transaction; return how many.

    Raises: ``TableBusy``.
    """

    def make() -> int:
        with Session(engine_for(owner_url, statement_timeout_s=0)) as db, db.begin():
            db.execute(SQL["wait_briefly"])
            made: int = db.execute(
                SQL["ensure_months"], {"relation": table, "since": since, "until": until}
            ).scalar_one()
            return made

    return patiently(table, make)


def detach(owner_url: str, month: Detached) -> None:
    """Take a month out of its table without keeping readers waiting, or finish what was begun.

    Raises: ``TableBusy``.
    """
    engine = create_engine(
        owner_url.replace("postgres://", "postgresql://", 1), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as db:
        db.exec_driver_sql("SET timezone = 'UTC'")
        db.execute(SQL["wait_briefly_for_the_session"])
        patiently(month.table_name, lambda: _detach_once(db, month))


def _detach_once(db: Connection, month: Detached) -> None:
    state = db.execute(SQL["standing"], {"relation": month.relation}).scalar_one()
    ways = {"attached": "CONCURRENTLY", "detaching": "FINALIZE"}
    if state in ways:
        names = sql.Identifier(month.table_name), sql.Identifier(month.relation)
        execute(db, _DETACH.format(*names, sql.SQL(ways[state])))


def patiently(table: str, work: Callable[[], Result]) -> Result:
    """Do ``work`` again while others hold what it needs.

    Raises: ``TableBusy``.
    """
    for number in range(_TRIES):
        try:
            return work()
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
        except LockNotAvailable:
            pass
        time.sleep(0.2 * (number + 1))
    raise TableBusy(table=table)


@contextmanager
def alone(owner_url: str) -> Iterator[None]:
    """Let one process at a time change what is archived; the lock dies with its connection.

    Of a process that was killed the connection may live for a moment. Raises: ``ArchiveBusy``.
    """
    engine = create_engine(
        owner_url.replace("postgres://", "postgresql://", 1), poolclass=NullPool, isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as db:
        for _ in range(_ALONE_TRIES):
            if db.execute(SQL["is_alone"]).scalar_one():
                yield
                return
            time.sleep(0.25)
        raise ArchiveBusy


def add_months(day: date, months: int) -> date:
    """Return the first day of the month so many after that of ``day``."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def last_day(month: date) -> date:
    """Return the last day of the month that begins on ``month``."""
    return add_months(month, 1) - timedelta(days=1)
