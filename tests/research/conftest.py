"""A district that is large enough for classes of students who are alike."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from demo.districts import fill
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through

STUDENTS = 700


@pytest.fixture(scope="module")
def district(app_engine: Engine) -> Iterator[tuple[Session, Tenant]]:
    """Fill a tenant with a synthetic district, for the tests of a module; it is rolled back."""
    with app_engine.connect() as connection, connection.begin() as outer:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            tenant = ensure_tenant(session, "elm-district", name="Elm", is_synthetic=True)
            look_through(session, Visibility(tenant.tenant_id))
            fill(session, tenant, STUDENTS)
            yield session, tenant
        outer.rollback()
