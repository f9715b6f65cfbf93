"""The engine that everything connects through."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.core.database import close_engines, engine_for
from rollbook.testing.databases import Database


def test_an_error_holds_no_values_that_a_log_might_keep(database: Database) -> None:
    with Session(engine_for(database.url)) as db, pytest.raises(DBAPIError) as caught:
        db.execute(text("SELECT 1 / (length(:value) - 6)"), {"value": "secret"})
    assert "secret" not in str(caught.value)


def test_closing_a_databases_engines_leaves_no_connection_behind(fresh_database: Database) -> None:
    """Else the next test may fail for the connection that this one forgot."""
    with Session(engine_for(fresh_database.url)) as db:
        db.execute(text("SELECT 1"))
    engine = engine_for(fresh_database.url)
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined] # the pool keeps it for the next session

    close_engines(fresh_database.url)

    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined] # likewise
    assert engine_for(fresh_database.url) is not engine
