"""A database of before there was encryption, and back: nothing plain is left, and nothing is lost."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from ops.kept_secrets import Secrets, add_user_of, audited, opened, stored
from rollbook.core import keyring
from rollbook.core.keyring import RingMissing
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.ops import migrate, rekeying
from rollbook.testing.databases import Database

BEFORE = "20261121_1700"


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
        user = add_user_of(db, tenant_id, 0)
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
