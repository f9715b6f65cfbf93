"""The pytest plugin: real PostgreSQL for a test at the price of a transaction, or of a copied template."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.testing.databases import Database, TestServer, running_server


@pytest.fixture(scope="session")
def rollbook_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """Run one server for this worker, stopped at the end."""
    with running_server(tmp_path_factory.mktemp("rollbook") / "home") as server:
        yield server


@pytest.fixture(scope="session")
def database(rollbook_server: TestServer) -> Iterator[Database]:
    """Lend one migrated database for this worker; tests leave it as they found it."""
    with rollbook_server.database() as lent:
        yield lent


@pytest.fixture
def fresh_database(rollbook_server: TestServer) -> Iterator[Database]:
    """Lend a migrated database to this test alone: for what must commit."""
    with rollbook_server.database() as lent:
        yield lent


@pytest.fixture(scope="session")
def app_engine(database: Database) -> Iterator[Engine]:
    """Connect as the app's role."""
    engine = create_engine(database.url, connect_args={"prepare_threshold": None})
    yield engine
    engine.dispose()


@pytest.fixture
def db(app_engine: Engine) -> Iterator[Session]:
    """Open a session as the app's role, in a tenant of its own, in a transaction that is rolled back."""
    with app_engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            tenant = ensure_tenant(session, "oak-valley", name="Oak Valley")
            look_through(session, Visibility(tenant.tenant_id))
            yield session
        outer.rollback()


@pytest.fixture
def tenant(db: Session) -> Tenant:
    """Return the tenant that ``db`` works in."""
    return db.scalars(select(Tenant)).one()
