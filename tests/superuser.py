"""A connection that may break anything: roles, walls and references too."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, make_url

from rollbook.ops.embedded import connect_as_superuser
from rollbook.testing.databases import Database, TestServer


@contextmanager
def superuser_of(server: TestServer, database: Database, first: str = "") -> Iterator[Engine]:
    """Lend an engine that connects as the superuser; ``first`` is said in each connection."""

    def connect() -> psycopg.Connection[Any]:
        connection = connect_as_superuser(server.settings, make_url(database.owner_url).database or "")
        if first:
            connection.execute(first)
        connection.autocommit = False
        return connection

    engine = create_engine("postgresql://", creator=connect)
    yield engine
    engine.dispose()
