"""A session that may plant any fault, and what is then seen with the owner's eyes."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from rollbook.testing.databases import Database, TestServer
from superuser import superuser_of


@pytest.fixture
def planting(rollbook_server: TestServer, database: Database) -> Iterator[Session]:
    """Lend the superuser's session; all of it is rolled back."""
    with superuser_of(rollbook_server, database) as engine, Session(engine) as db:
        yield db
        db.rollback()


@pytest.fixture
def owner(planting: Session) -> Session:
    """Look as the owner's role, in a transaction that may have planted a fault before."""
    planting.execute(text("SET LOCAL ROLE rollbook_owner"))
    return planting


@pytest.fixture
def owner_engine(fresh_database: Database) -> Iterator[Engine]:
    """Connect as the owner's role to a database of this test's own."""
    engine = create_engine(fresh_database.owner_url)
    yield engine
    engine.dispose()
