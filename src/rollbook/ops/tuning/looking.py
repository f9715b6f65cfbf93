"""How tuning connects: as the role that may see the most, to look; each statement is its own transaction."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Connection, NullPool, create_engine

from rollbook.core.settings import Settings
from rollbook.ops import external, server
from rollbook.ops.embedded import DATABASE, connect_as_superuser

Raw = psycopg.Connection[Any]


@contextmanager
def looking(settings: Settings, database: str = DATABASE) -> Iterator[Connection]:
    """Connect to a database of ours: as its superuser where we run it, else as the strongest role named.

    Raises: ``ServerNotRunning``; ``ExternalUnreachable``.
    """
    with connected(lambda: _connect(settings, database)) as db:
        yield db


def _connect(settings: Settings, database: str) -> Raw:
    if not server.is_external(settings):
        return connect_as_superuser(settings, database)
    if settings.owner_url is None:
        return external.connect_as_given(settings)
    return external.connect_as_owner(settings)


@contextmanager
def connected(connect: Callable[[], Raw]) -> Iterator[Connection]:
    """Let SQLAlchemy use the connection that ``connect`` makes, and close it afterwards."""
    engine = create_engine(
        "postgresql://",
        creator=connect,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )
    with engine.connect() as db:
        yield db


def raw(db: Connection) -> Raw:
    """Return the driver's own connection: statements of others hold $1 and %, which are not to be bound."""
    found = db.connection.driver_connection
    assert isinstance(found, psycopg.Connection)
    return found


def is_superuser(db: Connection) -> bool:
    """Say whether whoever is connected is a superuser."""
    return bool(db.exec_driver_sql("SELECT current_setting('is_superuser')").scalar_one() == "on")
