"""Keys are rotated while others read, killed midway and gone on with; nothing plain is left behind."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.rings import ring_at
from ops.kept_secrets import USERS, Secrets, audited, enrol, keys_in_use, opened
from rollbook.accounts.models_factors import TotpSecret
from rollbook.core import keyring
from rollbook.core.checks import State, fine
from rollbook.core.keyring import RingMissing
from rollbook.core.tenancy import Visibility, look_through, transaction
from rollbook.ops import keys_health, migrate, rekeying
from rollbook.ops.rekeying import KeyEncrypts, KeyInUse, RotationRunning
from rollbook.testing.databases import Database

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
        _, more = next(iter(told)), dict(enrol(app, "ash"))
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


def test_the_doctor_says_that_there_is_nothing_yet(fresh_database: Database, ring: Path) -> None:
    assert ring.exists()
    assert keys_health.look_over(fresh_database.owner_url) == fine("encryption", "No value is encrypted yet.")


def test_the_doctor_says_what_is_wrong_with_it(
    fresh_database: Database, ring: Path, told: Secrets, tmp_path: Path
) -> None:
    url = fresh_database.owner_url
    assert keys_health.look_over(url) == fine(
        "encryption", f"Encrypted values, all under the ring's newest key: {len(told)}."
    )
    keyring.add_key()
    assert keys_health.look_over(url).state is State.WARNING
    with ring_at(tmp_path / "another.json"):
        assert f"{len(told)} are under a key" in keys_health.look_over(url).sentence
    ring.unlink()
    assert keys_health.look_over(url).state is State.WRONG
