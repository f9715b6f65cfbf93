"""What the plugin promises: real PostgreSQL, the migrated schema, nothing left behind."""

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.testing.databases import Database


def _tenants(database: Database) -> int:
    engine = create_engine(database.owner_url)
    with engine.connect() as connection:
        count: int = connection.execute(text("SELECT count(*) FROM tenants")).scalar_one()
    engine.dispose()
    return count


def test_a_test_works_as_the_apps_role_in_a_tenant_of_its_own(db: Session, tenant: Tenant) -> None:
    role, own = db.execute(text("SELECT current_user, current_setting('rollbook.tenant')")).one()

    assert (role, own) == ("rollbook_app", str(tenant.tenant_id))


def test_what_a_test_writes_is_gone_afterwards(db: Session, database: Database) -> None:
    assert db.scalar(text("SELECT count(*) FROM tenants")) == 1, "the transaction sees its own tenant"
    assert _tenants(database) == 0, "nothing is committed"


def test_a_fresh_database_is_migrated_and_empty(fresh_database: Database) -> None:
    assert _tenants(fresh_database) == 0
