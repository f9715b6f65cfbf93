"""The pool says who holds its connections when none is left, and never keeps anybody waiting for good."""

import threading
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from rollbook.core.acting import act
from rollbook.core.database import close_engines, engine_for
from rollbook.core.pool import PoolExhausted, figures_of, size_for, watched
from rollbook.core.settings import settings
from rollbook.testing.databases import Database

ONE = text("SELECT 1")


@pytest.fixture
def small(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A pool of two connections, one of them beyond its size."""
    for name, value in (("SIZE", "1"), ("OVERFLOW", "1"), ("TIMEOUT_S", "1")):
        monkeypatch.setenv(f"ROLLBOOK_POOL_{name}", value)
    settings.cache_clear()
    url = f"{database.url}?connect_timeout=7"
    yield engine_for(url)
    close_engines(url)
    settings.cache_clear()


def test_who_finds_no_connection_is_told_so_and_the_log_who_holds_them(small: Engine) -> None:
    with act(request_id="abc", purpose="GET /students/7", place=lambda: "GET /students/{id}"):
        first = small.connect()
    with act(purpose="rollbook risk train"):
        second = small.connect()

    with pytest.raises(PoolExhausted, match="All 2 connections") as caught, small.connect():
        pass

    holders = caught.value.facts["holders"]
    assert isinstance(holders, list)
    assert [str(holder).split(" for ")[0] for holder in holders] == [
        "GET /students/{id} (abc)",
        "rollbook risk train (no request)",
    ], "the longest first, and by its route: the address names a student"
    assert "students" not in str(caught.value)
    assert caught.value.http_status == 503
    assert caught.value.retry_after_s

    first.close()
    with small.connect() as third:
        assert third.scalar(ONE) == 1, "what was returned is lent again"
    second.close()


def test_a_pool_counts_what_it_does(small: Engine) -> None:
    with small.connect() as held:
        held.execute(ONE)
        figures = figures_of(small)
        assert (figures.in_use, figures.idle, figures.limit, figures.opened) == (1, 0, 2, 1)
        assert figures.held_longest_s > 0
    small.dispose()
    with small.connect() as held:
        held.execute(ONE)
    figures = figures_of(small)
    assert (figures.in_use, figures.opened, figures.lent) == (0, 2, 2), "also after it was made anew"
    assert watched(small).watch.holders() == []


def test_connections_that_the_server_ended_are_replaced_before_anybody_notices(
    small: Engine, database: Database
) -> None:
    with Session(small) as db:
        pid = db.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(database.url) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)
    with Session(small) as db:
        assert db.scalar(text("SELECT pg_backend_pid()")) != pid


def test_many_who_want_a_connection_all_get_one(small: Engine) -> None:
    found: list[object] = []

    def ask() -> None:
        for _ in range(10):
            with Session(small) as db:
                found.append(db.scalar(ONE))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 80
    assert figures_of(small).opened <= figures_of(small).lent


def test_what_the_url_says_of_connecting_stands(small: Engine) -> None:
    with small.connect() as held:
        raw = held.connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        told = raw.info.get_parameters()
    assert told["connect_timeout"] == "7"
    assert told["tcp_user_timeout"] == "60000"


@pytest.mark.parametrize(("cores", "connections"), [(1, 5), (2, 5), (4, 9), (16, 33)])
def test_a_pool_is_as_large_as_keeps_the_cores_busy(cores: int, connections: int) -> None:
    assert size_for(cores) == connections
