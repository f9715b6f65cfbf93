"""The engine that everything connects through."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.testing.databases import Database


def test_an_error_holds_no_values_that_a_log_might_keep(database: Database) -> None:
    with Session(engine_for(database.url)) as db, pytest.raises(DBAPIError) as caught:
        db.execute(text("SELECT 1 / (length(:value) - 6)"), {"value": "secret"})
    assert "secret" not in str(caught.value)
