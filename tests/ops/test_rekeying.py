"""Keys are rotated while others read, killed midway and gone on with; nothing plain is left behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.rings import ring_at
from rollbook.accounts import second_factor, service
from rollbook.accounts.models import Role, User
from rollbook.accounts.models_factors import TotpSecret
from rollbook.core import keyring
from rollbook.core.checks import State, fine
from rollbook.core.encryption import Column, key_of
from rollbook.core.keyring import RingMissing
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.ops import keys_health, migrate, rekeying
from rollbook.ops.rekeying import KeyEncrypts, KeyInUse, RotationRunning
from rollbook.testing.databases import Database

USERS = 40
BEFORE = "20261121_1700"
# Rotates in batches of one row, telling each.
CHILD = """
import sys
from rollbook.core.progress import Silent
from rollbook.ops import rekeying

class Told(Silent):
    def advance(self, amount=1):
        print("row", flush=True)

rekeying.rotate(sys.argv[1], Told(), batch_rows=1)
"""
Secrets = dict[tuple[int, UUID], str]


@pytest.fixture
def ring(tmp_path: Path) -> Iterator[Path]:
    with ring_at(tmp_path / "keyring.json") as path:
        yield path


@pytest.fixture
def app(fresh_database: Database) -> Iterator[Engine]:
    engine = create_engine(fresh_database.url)
    yield engine
    engine.dispose()


@pytest.fixture
def told(ring: Path, app: Engine) -> Secrets:
    """Give users of two tenants a second factor; return what it is."""
    assert ring.exists()
    return {key: secret for slug in ("oak", "elm") for key, secret in _enrol(app, slug)}


def _enrol(app: Engine, slug: str) -> Iterator[tuple[tuple[int, UUID], str]]:
    with Session(app) as db, db.begin():
        tenant_id = ensure_tenant(db, slug, name=slug).tenant_id
        look_through(db, Visibility(tenant_id))
        for nr in range(USERS):
            user = _user(db, tenant_id, nr)
            yield (tenant_id, user.user_id), second_factor.enrol(db, user).secret


def _user(db: Session, tenant_id: int, nr: int) -> User:
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


def test_every_value_gets_the_new_key(app: Engine, fresh_database: Database, told: Secrets) -> None:
    old = keyring.ring().primary
    done = rekeying.rotate(fresh_database.owner_url, batch_rows=7)

    assert (done.values, done.unreadable, done.is_resumed) == (2 * USERS, 0, False)
    assert keys_in_use(app, told) == {done.key_id} == {keyring.ring().primary} != {old}
    assert opened(app, told) == told
    assert rekeying.survey(fresh_database.owner_url).is_settled


def test_another_key_is_no_change_of_a_fact(fresh_database: Database, told: Secrets) -> None:
    """The audit has a line for a batch, without values."""
    rekeying.rotate(fresh_database.owner_url, batch_rows=25)

    tenant_id = next(iter(told))[0]
    assert audited(fresh_database, tenant_id) == [("UPDATE", 25, None), ("UPDATE", 15, None)]


def test_a_rotation_killed_midway_is_finished_by_the_next(
    app: Engine, fresh_database: Database, told: Secrets
) -> None:
    first = keyring.ring().primary
    for rows in (1, 20, 50):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, fresh_database.owner_url],
            stdout=subprocess.PIPE,
            env=dict(os.environ),
        )
        assert child.stdout
        for _ in range(rows - 1 if rows > 1 else 1):
            child.stdout.readline()
        child.kill()
        child.communicate()
        _wait_for_lock(fresh_database)
        assert opened(app, told) == told, "no value is unreadable at any time"
        if rows < 50:
            assert len(keys_in_use(app, told)) == 2, "it was killed midway"

    done = rekeying.rotate(fresh_database.owner_url)
    assert done.unreadable == 0
    assert opened(app, told) == told
    assert keys_in_use(app, told) == {keyring.ring().primary} != {first}


def _wait_for_lock(database: Database) -> None:
    """Wait until the server has noticed that its client died."""
    query = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    with psycopg.connect(database.owner_url, autocommit=True) as db:
        while db.execute(query).fetchall() != [(0,)]:
            time.sleep(0.02)


def test_a_killed_rotation_makes_no_third_key(app: Engine, fresh_database: Database, told: Secrets) -> None:
    """Killed after the key was added, before a value had it."""
    added = keyring.add_key()
    done = rekeying.rotate(fresh_database.owner_url)

    assert (done.key_id, done.is_resumed) == (added.primary, True)
    assert len(keyring.ring().keys) == 2
    assert opened(app, told) == told


def test_one_at_a_time(fresh_database: Database, told: Secrets) -> None:
    assert told
    with psycopg.connect(fresh_database.owner_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('rollbook.rekeying'))")
        with pytest.raises(RotationRunning):
            rekeying.rotate(fresh_database.owner_url)
    assert len(keyring.ring().keys) == 1, "the refused one added no key"


def test_a_key_is_retired_when_nothing_uses_it(app: Engine, fresh_database: Database, told: Secrets) -> None:
    old = keyring.ring().primary
    with pytest.raises(KeyEncrypts):
        rekeying.retire(fresh_database.owner_url, old)
    keyring.add_key()
    with pytest.raises(KeyInUse, match=str(2 * USERS)):
        rekeying.retire(fresh_database.owner_url, old)

    rekeying.rotate(fresh_database.owner_url)
    rekeying.retire(fresh_database.owner_url, old)

    assert list(keyring.ring().keys) == [keyring.ring().primary]
    assert opened(app, told) == told


def test_an_unknown_key_is_named_and_nothing_else_waits_for_it(
    app: Engine, fresh_database: Database, told: Secrets, tmp_path: Path
) -> None:
    lost = keyring.ring().primary
    with ring_at(tmp_path / "another.json"):
        _, more = next(iter(told)), dict(_enrol(app, "ash"))
        done = rekeying.rotate(fresh_database.owner_url)
        found = rekeying.survey(fresh_database.owner_url)

        assert (done.values, done.unreadable) == (0, 2 * USERS)
        assert [(key.key_id, key.is_known) for key in found.keys] == [(done.key_id, True), (lost, False)]
        assert opened(app, more) == more


def test_the_app_cannot_pass_a_change_off_as_another_key(app: Engine, told: Secrets) -> None:
    """The setting is believed of the owner alone: what the app writes is audited with what changed."""
    (tenant_id, user_id), _ = next(iter(told.items()))
    with transaction(app, Visibility(tenant_id)) as db:
        db.connection().exec_driver_sql("SELECT set_config('rollbook.rekeying', 'on', true)")
        db.get_one(TotpSecret, (tenant_id, user_id)).last_step = 7
    with transaction(app, Visibility(tenant_id)) as db:
        changes = db.connection().exec_driver_sql(
            "SELECT changes FROM audit_writes WHERE table_name = 'totp_secrets' AND command = 'UPDATE'"
        )
        assert changes.scalar_one()[0]["new"] == {"last_step": 7}


def test_another_key_may_change_nothing_else(fresh_database: Database, told: Secrets) -> None:
    engine = create_engine(fresh_database.owner_url)
    with Session(engine) as db:
        look_through(db, Visibility(next(iter(told))[0]))
        db.connection().exec_driver_sql("SELECT set_config('rollbook.rekeying', 'on', true)")
        with pytest.raises(DBAPIError, match="nothing but encrypted columns"):
            db.connection().exec_driver_sql("UPDATE totp_secrets SET last_step = 7")
    engine.dispose()


@pytest.mark.parametrize("plain", ["'\\x00'::bytea || 'JBSWY3DP'", "'JBSWY3DPEHPK3PXP'::bytea", "''::bytea"])
def test_the_database_takes_no_plain_value(app: Engine, told: Secrets, plain: str) -> None:
    with transaction(app, Visibility(next(iter(told))[0])) as db, pytest.raises(DBAPIError, match="no_plain"):
        db.connection().exec_driver_sql(f"UPDATE totp_secrets SET secret = {plain}")


def _plant_plain(database: Database, app: Engine) -> int:
    """Go back to before there was encryption, and leave a secret as it was kept then."""
    migrate.downgrade(database.owner_url, BEFORE)
    with Session(app) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak", name="oak").tenant_id
        look_through(db, Visibility(tenant_id))
        user = _user(db, tenant_id, 0)
        db.connection().exec_driver_sql(
            "INSERT INTO totp_secrets (tenant_id, user_id, secret) VALUES (%s, %s, 'JBSWY3DPEHPK3PXP')",
            (tenant_id, user.user_id),
        )
    return tenant_id


@pytest.mark.usefixtures("ring")
def test_a_migration_leaves_nothing_plain(app: Engine, fresh_database: Database) -> None:
    tenant_id = _plant_plain(fresh_database, app)
    migrate.upgrade(fresh_database.owner_url)

    found = rekeying.survey(fresh_database.owner_url)
    assert (found.plain, found.is_settled, sum(key.values for key in found.keys)) == (0, True, 1)
    (key,) = stored(app, {tenant_id})
    assert opened(app, {key: ""}) == {key: "JBSWY3DPEHPK3PXP"}
    assert [(n, changes) for _, n, changes in audited(fresh_database, tenant_id)] == [(1, None)]


def test_what_is_plain_is_read_until_the_ring_is_there(
    app: Engine, fresh_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a server that somebody else runs: the migration is done, and says what is missing."""
    tenant_id = _plant_plain(fresh_database, app)
    monkeypatch.setenv("ROLLBOOK_KEYRING", str(tmp_path / "none.json"))
    monkeypatch.setenv("ROLLBOOK_DATABASE_URL", fresh_database.url)
    settings.cache_clear()
    with pytest.raises(RingMissing, match="rollbook keys new"):
        migrate.upgrade(fresh_database.owner_url)
    (key,) = stored(app, {tenant_id})
    assert opened(app, {key: ""}) == {key: "JBSWY3DPEHPK3PXP"}

    keyring.make_ring()
    migrate.upgrade(fresh_database.owner_url)
    assert rekeying.survey(fresh_database.owner_url).plain == 0
    settings.cache_clear()


def test_back_and_forth_nothing_is_lost(app: Engine, fresh_database: Database, told: Secrets) -> None:
    """SQL has no keys: the older schema keeps ciphertext as text."""
    migrate.downgrade(fresh_database.owner_url, BEFORE)
    migrate.upgrade(fresh_database.owner_url)
    assert opened(app, told) == told


def test_a_lost_ring_is_not_made_anew(fresh_database: Database, ring: Path, told: Secrets) -> None:
    """A new one would hide that the old one is needed."""
    assert told
    kept = json.loads(ring.read_text())
    ring.unlink()
    migrate.upgrade(fresh_database.owner_url)
    assert not ring.exists()
    with pytest.raises(RingMissing):
        rekeying.rotate(fresh_database.owner_url)
    assert kept["primary"]


def test_the_doctor_says_what_is_wrong_with_it(
    fresh_database: Database, ring: Path, told: Secrets, tmp_path: Path
) -> None:
    url = fresh_database.owner_url
    assert keys_health.look_over(url) == fine(
        "encryption", f"All {len(told)} encrypted values are under the ring's newest key."
    )
    keyring.add_key()
    assert keys_health.look_over(url).state is State.WARNING
    with ring_at(tmp_path / "another.json"):
        assert f"{len(told)} are under a key" in keys_health.look_over(url).sentence
    ring.unlink()
    assert keys_health.look_over(url).state is State.WRONG
