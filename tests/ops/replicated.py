"""A primary with a tenant and its replica, and what tests ask of both."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, event, func, select, text
from sqlalchemy.orm import Session

from rollbook.accounts.keys import Scope, create_key
from rollbook.accounts.models import Role
from rollbook.accounts.service import add_user
from rollbook.core.database import engine_for
from rollbook.core.progress import Silent
from rollbook.core.replica import Replica, replica_at, written_until
from rollbook.core.settings import Settings
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.ops import server
from rollbook.ops.embedded import connect_as_superuser, home_of
from rollbook.ops.replicas import making
from rollbook.ops.replicas.health import look_over
from rollbook.roster.models import Student
from rollbook.testing import factories as make

SILENT = Silent()


PASSWORD = "correct horse battery"


@dataclass
class Place:
    """A primary with a tenant, and its replica."""

    settings: Settings
    tenant_id: int
    key: str
    replica_url: str

    @property
    def url(self) -> str:
        return server.status(self.settings).url

    @property
    def owner_url(self) -> str:
        return server.status(self.settings).owner_url


def fill(url: str) -> tuple[int, str]:
    with Session(engine_for(url)) as db, db.begin():
        tenant = ensure_tenant(db, "oak", name="Oak")
        look_through(db, Visibility(tenant.tenant_id))
        for name in ("Ada", "Ben"):
            make.create_student(db, name=f"{name} Byron")
        user = add_user(
            db,
            tenant_id=tenant.tenant_id,
            email="ann@oak.example",
            full_name="Ann",
            role=Role.DISTRICT_ADMIN,
            password=PASSWORD,
        )
        return tenant.tenant_id, create_key(db, user, "test", [Scope.READ, Scope.WRITE]).text


def until(said: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not said():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def paused(place: Place, *, wanted: bool) -> None:
    (replica,) = making.every_replica(place.settings)
    with making.connect(replica) as db:
        db.execute("SELECT pg_wal_replay_pause()" if wanted else "SELECT pg_wal_replay_resume()")
        until(lambda: db.execute("SELECT pg_is_wal_replay_paused()").fetchone() == (wanted,))


def caught_up(place: Place) -> None:
    wanted = written_until(engine_for(place.url))
    replica = replica_at(place.replica_url)
    until(lambda: reads_from_replica(place, replica, wanted))


def reads_from_replica(place: Place, replica: Replica, written: str | None = None) -> bool:
    with (
        transaction(engine_for(place.url), Visibility(place.tenant_id)) as db,
        replica.reading(db, "test", written) as reading,
    ):
        return reading is not db


@contextmanager
def failing(settings: Settings, engine: Engine, what: str) -> Iterator[None]:
    """Let the primary's connection end each time that this is about to be done."""

    def end(connection: Connection, *arguments: object) -> None:
        if what == "COMMIT" or what in str(arguments[1]):
            raw = connection.connection.driver_connection
            assert isinstance(raw, psycopg.Connection)
            with connect_as_superuser(settings) as db:
                db.execute("SELECT pg_terminate_backend(%s, 5000)", [raw.info.backend_pid])

    name = "commit" if what == "COMMIT" else "before_cursor_execute"
    event.listen(engine, name, end)
    try:
        yield
    finally:
        event.remove(engine, name, end)


def disclosures(place: Place) -> int:
    with transaction(engine_for(place.url), Visibility(place.tenant_id)) as db:
        count: int = db.execute(text("SELECT count(*) FROM disclosures")).scalar_one()
        return count


def is_read(client: TestClient, headers: dict[str, str], replica: Replica) -> bool:
    before = replica.counts.replica
    assert client.get("/api/v1/students", headers=headers).status_code == 200
    return replica.counts.replica > before


def with_former_started(place: Place, former: Path) -> None:
    """Somebody starts the former primary by hand: it takes no writes, and health says that it runs."""
    cluster = making.cluster_of(place.settings, home_of(place.settings))
    command = [cluster.binaries.program("pg_ctl"), "-D", str(former), "-w", "-o"]
    options = "-c listen_addresses='' -c unix_socket_directories=/tmp -c port=19999"
    started = cluster.account.run([*command, options, "-l", "/dev/null", "start"], stdout=None)
    try:
        assert started.returncode == 0, started.stderr
        assert any("former primary" in check.sentence for check in look_over(place.settings))
        password = home_of(place.settings).passwords("embedded")["postgres"]
        with (
            psycopg.connect(host="/tmp", port=19999, user="postgres", password=password) as db,
            pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
        ):
            db.execute("CREATE TABLE split (brain int)")
    finally:
        cluster.account.run([cluster.binaries.program("pg_ctl"), "-D", str(former), "-m", "fast", "stop"])


def students(place: Place) -> int:
    with transaction(engine_for(place.url), Visibility(place.tenant_id)) as db:
        count: int = db.execute(select(func.count()).select_from(Student)).scalar_one()
        return count
