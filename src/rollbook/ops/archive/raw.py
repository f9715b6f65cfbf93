"""psycopg below SQLAlchemy's transaction: for COPY, and statements that take in a name of the catalogue."""

from typing import Any, LiteralString

from psycopg import Connection, Cursor, sql
from sqlalchemy import Connection as Engaged
from sqlalchemy.orm import Session

Statement = sql.Composed | sql.SQL | LiteralString


def raw(db: Session | Engaged) -> Connection[tuple[Any, ...]]:
    """Return psycopg's connection of ``db``, in its transaction."""
    connection = db.connection() if isinstance(db, Session) else db
    found: Connection[tuple[Any, ...]] | None = connection.connection.driver_connection
    assert found is not None
    return found


def execute(db: Session | Engaged, statement: Statement, values: tuple[object, ...] = ()) -> Cursor[Any]:
    """Run a statement that psycopg put together from quoted names."""
    return raw(db).execute(statement, values)
