"""Migrations while others read and write: nobody is kept waiting, and nothing half done is left."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session

from ops.versions import Add, adder
from rollbook.core.database import engine_for
from rollbook.core.settings import Settings
from rollbook.core.tenancy import ensure_tenant
from rollbook.ops import migrate, server, waiting
from rollbook.ops.embedded import connect_as_superuser
from rollbook.ops.errors import MigrationBlocked, MigrationFailed
from rollbook.testing.databases import Database

ADD_COLUMN = "ALTER TABLE tenants ADD COLUMN motto text"
BUILD = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_tenants_name ON tenants (name)"
READ = "SELECT count(*) FROM tenants"
WAITING = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE %s
    AND state_change < clock_timestamp() - interval '0.4 s'
"""


WAITS_FOR = "SELECT 1 FROM pg_locks WHERE relation = %s::regclass AND NOT granted"


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Add:
    return adder(tmp_path / "versions", monkeypatch)


class Events:
    """What happened, in its order; a runner tells it that it waits."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self._changed = threading.Condition()

    def note(self, event: str) -> None:
        with self._changed:
            self.seen.append(event)
            self._changed.notify_all()

    def wait_for(self, event: str, times: int = 1) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.seen.count(event) >= times, timeout=60), self.seen

    def step(self, title: str, total: float | None = None) -> None:  # noqa: ARG002 -- a Report has it
        if title.startswith("Waiting for a moment"):
            self.note("the migration gave way")

    def advance(self, amount: float = 1) -> None:
        pass


@contextmanager
def beside(events: Events, url: str) -> Iterator[list[Exception]]:
    """Migrate in another thread, which ends before the block does; lend what it raised."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            migrate.upgrade(url, report=events)
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            raised.append(error)
        events.note("the migration ended")

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield raised
    finally:
        thread.join(timeout=60)
    assert not thread.is_alive()


def test_behind_a_long_reader_others_read_on(fresh_database: Database, add: Add) -> None:
    add(ADD_COLUMN)
    events = Events()
    url = fresh_database.owner_url
    with psycopg.connect(url) as report, psycopg.connect(url, autocommit=True) as reader:
        reader.execute("SET statement_timeout = '20s'")
        report.execute(READ)
        with beside(events, url):
            events.wait_for("the migration gave way")
            for _ in range(3):
                reader.execute(READ)
                events.note("somebody read")
            events.wait_for("the migration gave way", times=2)
            reader.execute(READ)
            events.note("somebody read")
            events.note("the report ended")
            report.commit()

    first = [*dict.fromkeys(events.seen)]
    assert first == ["the migration gave way", "somebody read", "the report ended", "the migration ended"]
    assert events.seen[: events.seen.index("the report ended")].count("somebody read") == 4
    assert migrate.pending(url) == []


def test_a_migration_is_not_tried_for_ever_and_says_who_was_in_its_way(
    fresh_database: Database, add: Add
) -> None:
    first = add("CREATE TABLE clubs (name text)", undo="DROP TABLE clubs")
    second = add(ADD_COLUMN, revision="29991231_0002", after=first)
    url = fresh_database.owner_url
    with psycopg.connect(url, application_name="the big report") as report:
        report.execute(READ)
        with pytest.raises(
            MigrationBlocked, match=rf"{second} .*{report.info.backend_pid} \(the big report\)"
        ):
            migrate.upgrade(url, patience_s=0)
        assert [step.id for step in migrate.pending(url)] == [second], "the one before it stays done"
    assert [step.id for step in migrate.upgrade(url)] == [second]


PARTS = 12


@contextmanager
def each_part_held(url: str) -> Iterator[psycopg.Connection]:
    """Hold a lock on each part of ``parts``; the first is let go of by going back to the last savepoint."""
    with psycopg.connect(url) as held:
        for part in range(PARTS, 0, -1):
            held.execute(f"SAVEPOINT before_{part}")
            held.execute(f"LOCK TABLE part_{part} IN ACCESS SHARE MODE")
        yield held
        held.rollback()


def test_waits_for_many_locks_do_not_add_up(
    fresh_database: Database, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each lock comes in time, but those who came after the first would have waited for all of them."""
    monkeypatch.setattr(waiting, "TOGETHER_S", 0.4)
    url = fresh_database.owner_url
    with psycopg.connect(url) as db:
        db.execute("CREATE TABLE parts (n int) PARTITION BY LIST (n)")
        for part in range(1, PARTS + 1):
            db.execute(f"CREATE TABLE part_{part} PARTITION OF parts FOR VALUES IN ({part})")
    add("ALTER TABLE parts ADD COLUMN more int")
    events = Events()
    with (
        each_part_held(url) as held,
        psycopg.connect(url, autocommit=True) as look,
        beside(events, url) as raised,
    ):
        for part in range(1, PARTS + 1):
            while look.execute(WAITS_FOR, [f"part_{part}"]).fetchone() is None:
                assert "the migration ended" not in events.seen
                look.execute("SELECT pg_sleep(0.01)")
            look.execute("SELECT pg_sleep(0.1)")
            held.execute(f"ROLLBACK TO before_{part}")
    assert raised == []
    assert "the migration gave way" in events.seen
    assert migrate.pending(url) == []


@pytest.mark.slow
def test_autovacuum_gives_way_to_a_migration(running: Settings, add: Add) -> None:
    """A migration never waits as long as it takes until PostgreSQL itself ends a vacuum."""
    url = server.status(running).owner_url
    migrate.upgrade(url)
    add("ALTER TABLE littered ADD COLUMN more int")
    with connect_as_superuser(running, "rollbook") as admin:
        for setting in ("autovacuum_naptime = '1s'", "autovacuum_vacuum_cost_delay = '100ms'"):
            admin.execute(f"ALTER SYSTEM SET {setting}".encode())
        admin.execute("SET ROLE rollbook_owner")
        admin.execute(
            "CREATE TABLE littered WITH (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,"
            " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)"
            " AS SELECT n, repeat('x', 500) FROM generate_series(1, 20000) AS n"
        )
        admin.execute("DELETE FROM littered WHERE n % 2 = 0")
        admin.execute("RESET ROLE")
        admin.execute("SELECT pg_stat_force_next_flush(), pg_reload_conf()")
        # of this table: a server that has just been migrated vacuums its catalog too
        littered = "SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = 'littered'::regclass"
        while not admin.execute(littered).fetchone():
            admin.execute("SELECT pg_sleep(0.05)")
        events = Events()
        with beside(events, url) as raised:
            events.wait_for("the migration ended")
    assert raised == []
    assert "the migration gave way" in events.seen


def indexes(url: str) -> list[tuple[str, bool]]:
    with psycopg.connect(url) as db:
        return db.execute(
            "SELECT relname::text, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid"
            " WHERE relname LIKE 'ix_tenants_name%'"
        ).fetchall()


def waiting_pid(db: psycopg.Connection) -> int:
    """Wait until a build has waited longer for a lock than a migration may; return its process."""
    while (found := db.execute(WAITING, ["CREATE%"]).fetchone()) is None:
        db.execute("SELECT pg_sleep(0.05)")
    return int(found[0])


@contextmanager
def old_snapshot(url: str) -> Iterator[psycopg.Connection]:
    """Hold what every build has to wait for."""
    with psycopg.connect(url) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT 1")
        yield old


def test_an_index_is_built_concurrently_however_long_that_takes(fresh_database: Database, add: Add) -> None:
    add(BUILD, ADD_COLUMN)
    url = fresh_database.owner_url
    with (
        old_snapshot(url) as old,
        psycopg.connect(url, autocommit=True) as look,
        beside(Events(), url) as raised,
    ):
        waiting_pid(look)
        look.execute("UPDATE tenants SET name = name")  # writers go on
        old.commit()
    assert raised == []
    assert indexes(url) == [("ix_tenants_name", True)]


def test_what_a_killed_build_left_is_built_again(fresh_database: Database, add: Add) -> None:
    add(BUILD)
    url = fresh_database.owner_url
    with old_snapshot(url), psycopg.connect(url, autocommit=True) as look, beside(Events(), url) as raised:
        look.execute("SELECT pg_terminate_backend(%s)", [waiting_pid(look)])
    assert len(raised) == 1
    assert indexes(url) == [("ix_tenants_name", False)], "the trap: IF NOT EXISTS would accept it"

    migrate.upgrade(url)
    assert indexes(url) == [("ix_tenants_name", True)]


def test_a_build_that_fails_or_is_cancelled_leaves_no_index(fresh_database: Database, add: Add) -> None:
    add(BUILD.replace("CREATE INDEX", "CREATE UNIQUE INDEX"))
    url = fresh_database.owner_url
    with psycopg.connect(url, autocommit=True) as look:
        with old_snapshot(url) as old, beside(Events(), url) as raised:
            look.execute("SELECT pg_cancel_backend(%s)", [waiting_pid(look)])
            old.commit()
        assert [type(error) for error in raised] == [MigrationFailed]
        assert indexes(url) == []
    for slug in ("oak", "elm"):
        with Session(engine_for(fresh_database.url)) as db, db.begin():
            ensure_tenant(db, slug, name="Same")
    with pytest.raises(MigrationFailed, match="could not create unique index"):
        migrate.upgrade(url)
    assert indexes(url) == []
    assert len(migrate.pending(url)) == 1
