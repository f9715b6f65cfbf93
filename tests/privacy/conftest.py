"""The subject of the tests of privacy, written once for each file and rolled back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from privacy.cast import Cast, keep_subject
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through


@pytest.fixture(scope="module")
def kept(app_engine: Engine) -> Iterator[tuple[Session, Tenant, Cast]]:
    """Open a session in a tenant with the subject."""
    with app_engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            tenant = ensure_tenant(session, "privacy", name="Privacy Schools")
            look_through(session, Visibility(tenant.tenant_id))
            yield session, tenant, keep_subject(session, tenant)
        outer.rollback()
