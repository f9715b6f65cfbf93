"""`rollbook doctor`: what it says of a whole installation, and its exit codes."""

import json
import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from commands import rollbook
from rollbook.accounts import health as accounts_health
from rollbook.accounts.models import Role
from rollbook.accounts.models_factors import TotpSecret
from rollbook.accounts.service import add_user
from rollbook.audit import health as audit_health
from rollbook.audit.sealing import seal
from rollbook.core import clock
from rollbook.core.checks import State
from rollbook.core.database import engine_for
from rollbook.core.encryption import Column
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through, transaction
from rollbook.testing import factories as make
from rollbook.testing.databases import Database

PASSWORD = "correct horse battery staple"
# What differs with what the server has been through: tests/ops/watch and tests/ops/archive judge it.
OF_THE_SERVER = {
    "durability",
    "connections",
    "blocking",
    "transactions",
    "replication",
    "slots",
    "archiving",
    "checkpoints",
    "cache",
    "checksums",
    "vacuum",
    "bloat",
    "wraparound",
    "sequences",
    "indexes",
    "constraints",
    "measures",
    "months",
    "detached",
    "archive",
}


def doctor(database: Database, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return rollbook(database, "doctor", *arguments)


def test_the_command_names_what_to_do_and_exits_with_3(fresh_database: Database) -> None:
    said = doctor(fresh_database)
    told = json.loads(doctor(fresh_database, "--json").stdout)

    assert said.returncode == 3
    assert "To mend superusers: " in said.stdout
    assert {one["name"]: one["state"] for one in told if one["name"] not in OF_THE_SERVER} == {
        "schema": "fine",
        "role": "fine",
        "walls": "fine",
        "raw-sql": "fine",
        "backup": "warning",
        "needless-indexes": "fine",
        "statistics": "fine",
        "worker": "fine",
        "encryption": "fine",
        "superusers": "warning",
    }
    states = {one["name"]: one["state"] for one in told}
    assert set(states) >= OF_THE_SERVER
    assert states["durability"] == "wrong", "a test's server need not survive a power failure"


def test_a_schema_that_is_behind_is_wrong_and_tenants_are_left_alone(fresh_database: Database) -> None:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        ensure_tenant(db, "oak", name="Oak")
    with Session(engine_for(fresh_database.owner_url)) as db, db.begin():
        db.execute(text("UPDATE alembic_version SET version_num = '20261121_1015'"))

    told = {one["name"]: one for one in json.loads(doctor(fresh_database, "--json").stdout)}

    assert told["schema"]["state"] == "wrong"
    assert told["schema"]["mend"] == "rollbook db migrate"
    assert not any("oak" in name for name in told)


def test_rows_that_wait_longer_than_a_day_for_a_seal_are_told(
    fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = engine_for(fresh_database.url)
    with Session(engine) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak", name="Oak").tenant_id
        look_through(db, Visibility(tenant_id))
        make.create_school(db)

    def state() -> State:
        with transaction(engine, Visibility(tenant_id)) as db:
            return audit_health.look_over(db, db.get_one(Tenant, tenant_id)).state

    assert state() is State.FINE
    later = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert state() is State.WARNING
    with transaction(engine, Visibility(tenant_id)) as db:
        seal(db, tenant_id)
    assert state() is State.FINE


def test_an_admin_whom_a_password_alone_lets_in_is_named(db: Session, tenant: Tenant) -> None:
    def admin(email: str, password: str | None = PASSWORD, role: Role = Role.DISTRICT_ADMIN) -> None:
        user = add_user(
            db, tenant_id=tenant.tenant_id, email=email, full_name="A", role=role, password=password
        )
        if email.startswith("safe"):
            secret = Column(tenant.tenant_id, "totp_secrets", "secret").seal(user.user_id, "A" * 32)
            kept = TotpSecret(tenant_id=tenant.tenant_id, user_id=user.user_id, secret=secret)
            db.add(kept)
            kept.confirmed_at = clock.now() if "not" not in email else None

    admin("safe@oak.example")
    admin("no-password@oak.example", None)
    admin("teacher@oak.example", role=Role.TEACHER)
    assert accounts_health.look_over(db, tenant).state is State.FINE
    admin("alone@oak.example")
    admin("safe-not-yet@oak.example")

    found = accounts_health.look_over(db, tenant)

    assert found.state is State.WARNING
    assert "alone@oak.example, safe-not-yet@oak.example" in found.sentence
    tenant.is_synthetic = True
    assert accounts_health.look_over(db, tenant).state is State.FINE
