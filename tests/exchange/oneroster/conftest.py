"""A bundle, and tenants of the test's own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from exchange.oneroster.bundles import District, Drop
from rollbook.core.database import engine_for
from rollbook.testing.databases import Database, TestServer


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path / "bundle.zip")


@pytest.fixture(scope="session")
def shared_database(rollbook_server: TestServer) -> Iterator[Database]:
    """Lend a database in which each test has tenants of its own: what one commits, the others do not see."""
    with rollbook_server.database() as lent:
        yield lent


@pytest.fixture
def another(shared_database: Database) -> Iterator[Callable[[], District]]:
    """Make tenants."""
    numbers = iter(range(1_000_000))
    stem = f"t{uuid4().hex}"
    yield lambda: District(shared_database.url, f"{stem}-{next(numbers)}")
    engine_for(shared_database.url, statement_timeout_s=0).dispose()


@pytest.fixture
def district(another: Callable[[], District]) -> District:
    return another()
