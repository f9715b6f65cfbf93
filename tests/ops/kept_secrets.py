"""Secrets of second factors, kept encrypted: made for two tenants, read from the database, opened."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from rollbook.accounts import second_factor, service
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_factors import TotpSecret
from rollbook.core.encryption import Column, key_of
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.testing.databases import Database

USERS = 40
Secrets = dict[tuple[int, UUID], str]


def enrol(app: Engine, slug: str) -> Iterator[tuple[tuple[int, UUID], str]]:
    with Session(app) as db, db.begin():
        tenant_id = ensure_tenant(db, slug, name=slug).tenant_id
        look_through(db, Visibility(tenant_id))
        for nr in range(USERS):
            user = add_user_of(db, tenant_id, nr)
            yield (tenant_id, user.user_id), second_factor.enrol(db, user).secret


def add_user_of(db: Session, tenant_id: int, nr: int) -> User:
    return service.add_user(
        db,
        tenant_id=tenant_id,
        email=f"u{nr}@oak.example",
        full_name=f"User {nr}",
        role=Role.STAFF,
        password=None,
    )


def stored(app: Engine, tenants: set[int]) -> dict[tuple[int, UUID], bytes]:
    found: dict[tuple[int, UUID], bytes] = {}
    for tenant_id in tenants:
        with transaction(app, Visibility(tenant_id)) as db:
            rows = db.execute(select(TotpSecret.tenant_id, TotpSecret.user_id, TotpSecret.secret))
            found |= {(row.tenant_id, row.user_id): row.secret for row in rows}
    return found


def opened(app: Engine, told: Secrets) -> Secrets:
    values = stored(app, {tenant_id for tenant_id, _ in told})
    return {
        key: Column(key[0], "totp_secrets", "secret").open(key[1], value) or ""
        for key, value in values.items()
    }


def keys_in_use(app: Engine, told: Secrets) -> set[str]:
    return {key_of(value) for value in stored(app, {tenant_id for tenant_id, _ in told}).values()}


def audited(fresh_database: Database, tenant_id: int) -> list[tuple[str, int, object]]:
    engine = create_engine(fresh_database.owner_url)
    with Session(engine) as db, db.begin():
        look_through(db, Visibility(tenant_id))
        rows = db.connection().exec_driver_sql(
            "SELECT command, row_count, changes FROM audit_writes"
            " WHERE table_name = 'totp_secrets' AND command = 'UPDATE' ORDER BY write_id"
        )
        found = [(row.command, row.row_count, row.changes) for row in rows]
    engine.dispose()
    return found
