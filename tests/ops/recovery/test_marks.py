"""A restore point and a snapshot that agree, whatever is being committed just then."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from ops.real_server import admin
from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.recovery import marks
from rollbook.ops.recovery.marks import marked
from rollbook.ops.recovery.origin import origin

SEEN = "SELECT count(*) FROM noted"


@pytest.fixture
def noting(running: Settings) -> Settings:
    with admin(running) as db:
        db.execute("CREATE TABLE noted (n int)")
        db.execute("GRANT INSERT ON noted TO rollbook_app")
    return running


@contextmanager
def writing(at: Settings) -> Iterator[psycopg.Connection]:
    """Lend a transaction that has written. The newest one: no snapshot names it as under way."""
    with psycopg.connect(server.status(at).url) as db:
        db.execute("INSERT INTO noted VALUES (1)")
        yield db


def test_what_ends_while_it_is_watched_is_in_what_is_compared(noting: Settings) -> None:
    """Its commit may have been in the log before the restore point: nobody can tell from outside."""
    with writing(noting) as db:
        ending = threading.Timer(0.3, db.commit)
        ending.start()
        with marked(origin(noting)) as (mark, snapshot):
            assert mark.is_exact
            assert snapshot.execute(SEEN).fetchone() == (1,)
        ending.join()


def test_what_writes_on_and_on_is_waited_for_no_longer(noting: Settings) -> None:
    with writing(noting) as db:
        with marked(origin(noting)) as (mark, snapshot):
            assert mark.is_exact
            assert snapshot.execute(SEEN).fetchone() == (0,)
        db.commit()


def test_a_commit_that_waits_for_a_replica_is_in_the_log_already(
    noting: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "_TRIES", 3)
    with admin(noting) as db, writing(noting) as written:
        for names in ("nobody", ""):
            db.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'".encode())
            db.execute("SELECT pg_reload_conf()")
            if names:
                time.sleep(0.5)  # each process reads it by itself
                committing = threading.Thread(target=written.commit)
                committing.start()
                while not db.execute(
                    "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                ).fetchone():
                    time.sleep(0.01)
                with marked(origin(noting)) as (mark, _):
                    assert not mark.is_exact
        committing.join()
        with marked(origin(noting)) as (mark, snapshot):
            assert mark.is_exact
            assert snapshot.execute(SEEN).fetchone() == (1,)
