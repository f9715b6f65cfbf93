"""A connection as someone has who brings the queries of one of the original systems."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session, SessionTransaction, sessionmaker

from rollbook.exchange.compat import group_by_key

Rows = Sequence[tuple[Any, ...]]
Ask = Callable[..., Rows]


@pytest.fixture
def ask(db: Session) -> Ask:
    """Run SQL as it stands, colons and all, with the path set, as the app's role; return the rows."""

    def run(query: str, *params: object, path: str = "edupulse") -> Rows:
        connection = db.connection()
        before = connection.exec_driver_sql("SHOW search_path").scalar_one()
        connection.exec_driver_sql(f"SET LOCAL search_path = {path}")
        result = connection.exec_driver_sql(query if params else query.replace("%", "%%"), params or None)
        rows = [tuple(row) for row in result] if result.returns_rows else []
        connection.exec_driver_sql(f"SET LOCAL search_path = {before}")
        return rows

    return run


@pytest.fixture
def sessions(db: Session) -> sessionmaker[Session]:
    """Sessions as EduPulse makes them, in the test's transaction."""
    made = sessionmaker(bind=db.connection(), autoflush=False, join_transaction_mode="create_savepoint")
    group_by_key(made)

    @event.listens_for(made, "after_begin")
    def set_path(_session: Session, _transaction: SessionTransaction, connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL search_path = edupulse_v1")

    return made


@pytest.fixture
def edupulse(sessions: sessionmaker[Session]) -> Iterator[Session]:
    with sessions() as session:
        yield session


@pytest.fixture
def today(db: Session) -> date:
    """The day that the database has."""
    day: date = db.execute(text("SELECT current_date")).scalar_one()
    return day


def weekday_before(day: date, days: int) -> date:
    """Return the Monday to Friday that many days before, or the Friday before it."""
    found = day - timedelta(days=days)
    return found - timedelta(days=max(0, found.isoweekday() - 5))


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
