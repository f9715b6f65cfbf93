"""`rollbook db test` says what is well with a connection, and does not call well what is not."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy.orm import Session

from access.proof.pooler import pooled
from core.redis_server import kept_at, redis_running
from ops.real_server import run_rollbook, settings_of
from ops.tls import turn_on
from rollbook.core.checks import Checked, State
from rollbook.core.database import engine_for
from rollbook.core.tenancy import ensure_tenant
from rollbook.ops import migrate, server
from rollbook.ops.connection import pooler, trying
from rollbook.ops.connection.cache import look_at_redis
from rollbook.ops.connection.trying import Tried, try_connection
from rollbook.ops.embedded import home_of
from rollbook.ops.server import ServerStatus
from rollbook.testing.databases import Database, TestServer

# With TLS, as the wheel's is not; the oldest that is there.
PACKAGED = sorted(Path("/usr/lib/postgresql").glob("1[5-9]/bin"))


def status_of(home: Path, url: str, owner_url: str) -> ServerStatus:
    return server.status(settings_of(home, database_url=SecretStr(url), owner_url=SecretStr(owner_url)))


def by_name(found: Tried) -> dict[str, Checked]:
    return {check.name: check for check in found.checks}


def not_fine(found: Tried) -> list[str]:
    return [check.name for check in found.checks if check.state is not State.FINE]


def test_a_direct_connection_is_well_and_nothing_is_left(database: Database, tmp_path: Path) -> None:
    found = try_connection(status_of(tmp_path, database.url, database.owner_url))

    assert found.is_fine, found
    said = {name: check.sentence for name, check in by_name(found).items()}
    assert list(said) == [
        "reach",
        "tls",
        "latency",
        "role",
        "walls",
        "owner",
        "writes",
        "pool",
        "tenants",
        "isolation",
    ]
    assert "pooler" not in said["reach"]
    assert "does not leave this machine" in said["tls"]
    assert said["pool"].startswith("10 clients at once are served by connections of their own")
    assert "Without a tenant no row is seen in any of" in said["tenants"]
    assert found.latency_ms is not None
    assert found.latency_ms.p50 <= found.latency_ms.p95 <= found.latency_ms.p99
    with psycopg.connect(database.owner_url) as db:
        assert db.execute("SELECT count(*) FROM tenants WHERE slug LIKE 'probe-%'").fetchone() == (0,)


def test_a_pooler_that_hands_on_what_a_session_set_is_not_well(database: Database, tmp_path: Path) -> None:
    with pooled(database.url) as url:
        environment = {"ROLLBOOK_DATABASE_URL": url, "ROLLBOOK_OWNER_URL": database.owner_url}
        done = run_rollbook("db", "test", "--json", home=tmp_path, environment=environment)
        assert not pooler.leaks(database.url)
        with pooler.client(url) as db:
            left = pooler.ask(db, "SELECT current_setting('rollbook.probe', true)")

    assert done.returncode == 3, done.stderr
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert [name for name, check in checks.items() if check["state"] != "fine"] == ["isolation"]
    assert "per transaction" in checks["reach"]["sentence"]
    assert "served by 2 shared connections" in checks["pool"]["sentence"]
    assert "found by the next" in checks["isolation"]["sentence"]
    assert "server_reset_query_always = 1" in checks["isolation"]["mend"]
    assert not left, "what the test set, it takes back"


@pytest.mark.parametrize(
    ("mode", "more", "unit"),
    [
        ("transaction", "server_reset_query = DISCARD ALL\nserver_reset_query_always = 1", "per transaction"),
        ("session", "", "per session"),
    ],
)
def test_a_pooler_that_clears_up_is_well(
    database: Database, tmp_path: Path, mode: str, more: str, unit: str
) -> None:
    with pooled(database.url, connections=20, mode=mode, more=more) as url:
        found = try_connection(status_of(tmp_path, url, database.owner_url))

    assert not_fine(found) == []
    assert unit in by_name(found)["reach"].sentence
    assert "also through the pooler" in by_name(found)["isolation"].sentence


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "found"), [("transaction", "isolation"), ("session", "pool")])
def test_a_pooler_with_too_few_connections_is_told_and_not_waited_for(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, found: str
) -> None:
    """pgbouncer would let a client wait for two minutes, each time."""
    monkeypatch.setattr(pooler, "WITHIN_S", 3.0)
    with pooled(database.url, connections=1, mode=mode) as url:
        tried = try_connection(status_of(tmp_path, url, database.owner_url))

    assert found in not_fine(tried)
    assert "no answer within 3 s" in by_name(tried)[found].sentence
    assert "default_pool_size" in (by_name(tried)[found].mend or "")


def test_a_pooler_that_lends_by_the_statement_is_not_well(database: Database, tmp_path: Path) -> None:
    with pooled(database.url, mode="statement") as url:
        found = try_connection(status_of(tmp_path, url, database.owner_url))

    assert {"writes", "isolation"} <= set(not_fine(found))
    assert "statement pooling" in by_name(found)["isolation"].sentence


def test_a_database_without_tables_is_not_well(rollbook_server: TestServer, tmp_path: Path) -> None:
    with rollbook_server.database(template=None) as empty:
        found = try_connection(status_of(tmp_path, empty.url, empty.owner_url))

    assert not_fine(found) == ["writes", "tenants"]
    assert "rollbook db migrate" in (by_name(found)["writes"].mend or "")
    assert "no table with a tenant's rows" in by_name(found)["tenants"].sentence


def test_a_pooler_before_the_owner_is_not_well(database: Database, tmp_path: Path) -> None:
    with pooled(database.owner_url) as owner_url:
        found = try_connection(status_of(tmp_path, database.url, owner_url))

    assert not_fine(found) == ["owner"]


def test_a_role_that_sees_every_tenant_is_not_well(
    rollbook_server: TestServer, fresh_database: Database, tmp_path: Path
) -> None:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        ensure_tenant(db, "oak", name="Oak")
    state = status_of(tmp_path, fresh_database.url, fresh_database.owner_url)
    assert by_name(try_connection(state))["tenants"].state is State.FINE
    password = home_of(rollbook_server.settings).passwords("embedded")["postgres"]
    name = fresh_database.url.rpartition("/")[2]
    superuser = f"postgresql://postgres:{password}@{state.host}:{state.port}/{name}"

    found = try_connection(replace(state, url=superuser))

    assert "Without a tenant rows are seen in audit_writes, tenants" in by_name(found)["tenants"].sentence
    assert not found.is_fine


def test_redis_is_tried_where_one_is_set() -> None:
    with kept_at(None):
        assert list(look_at_redis()) == []
    with redis_running() as redis, kept_at(redis.url):
        assert [check.state for check in look_at_redis()] == [State.FINE]
        assert redis.names() == [], "the probe is taken back"
        redis.die()
        (check,) = look_at_redis()
    assert check.state is State.WARNING
    assert "Redis does not work (ConnectionError)" in check.sentence


def test_a_server_that_is_not_there_is_said(database: Database, tmp_path: Path) -> None:
    state = status_of(tmp_path, database.url, database.owner_url)

    found = try_connection(replace(state, url="postgresql://someone:secret@127.0.0.1:1/x"))

    assert not_fine(found) == ["reach"]
    assert found.latency_ms is None
    assert "secret" not in found.checks[0].sentence


@pytest.mark.skipif(not PACKAGED, reason="no PostgreSQL with TLS: apt-get install postgresql")
def test_tls_on_a_packaged_server(open_folder: Path) -> None:
    """Encrypted is a warning while nobody checks whose certificate it is."""
    theirs = settings_of(open_folder / "theirs", database_bin=PACKAGED[0])
    state = server.up(theirs, durable=False)
    certificate = turn_on(theirs)
    readable = open_folder / "root.crt"
    shutil.copyfile(certificate, readable)
    migrate.upgrade(state.owner_url)

    plain, encrypted, checked = (
        by_name(try_connection(status_of(open_folder / "ours", state.url + how, state.owner_url)))
        for how in (
            "?sslmode=disable",
            "?sslmode=require",
            f"?sslmode=verify-full&sslrootcert={readable}",
        )
    )

    assert [found["tls"].state for found in (plain, encrypted, checked)] == [
        State.FINE,
        State.WARNING,
        State.FINE,
    ]
    assert "encrypted (TLSv1" in encrypted["tls"].sentence
    assert "certificate is checked" in checked["tls"].sentence
    others = [check for name, check in checked.items() if name != "tls"]
    assert [check for check in others if check.state is not State.FINE] == []
    assert checked["reach"].sentence.startswith(f"PostgreSQL {PACKAGED[0].parent.name}.")


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("/var/run/postgresql", True),
        ("", True),
        ("10.0.0.7", False),
        ("db.example.org", False),
    ],
)
def test_what_leaves_this_machine(host: str, *, is_local: bool) -> None:
    assert trying._is_local(host) is is_local
