"""What failed for the moment is tried again, what may have been written is not: on a real server."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.orm import Session

from rollbook.core import retrying
from rollbook.core.database import close_engines, engine_for
from rollbook.core.retrying import Attempt, FateUnknown, Patience, cause_of
from rollbook.core.tenancy import Visibility, in_transaction, transaction
from rollbook.testing.databases import Database, TestServer
from superuser import superuser_of

NOBODY = Visibility(0)
WRITE = text("INSERT INTO probe VALUES (:n)")


@dataclass(frozen=True)
class Bench:
    """A database with a table that the app may write, and a way to end its connections."""

    engine: Engine
    superuser: Engine

    def end(self, pid: object) -> None:
        with self.superuser.begin() as db:
            assert db.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    def rows(self) -> list[int]:
        with self.superuser.begin() as db:
            return list(db.scalars(text("SELECT n FROM probe ORDER BY n")))


@pytest.fixture(scope="module")
def place(rollbook_server: TestServer) -> Iterator[Bench]:
    with rollbook_server.database() as lent, superuser_of(rollbook_server, lent) as superuser:
        with psycopg.connect(lent.owner_url) as owner:
            owner.execute("CREATE TABLE probe (n int CHECK (n >= 0))")
            owner.execute("GRANT ALL ON probe TO rollbook_app")
        yield Bench(engine_for(lent.url), superuser)
        close_engines(lent.url)


@pytest.fixture
def bench(place: Bench) -> Bench:
    retrying.forget_outage()
    with place.superuser.begin() as db:
        db.execute(text("TRUNCATE probe"))
    return place


def pid_of(db: Session) -> object:
    return db.scalar(text("SELECT pg_backend_pid()"))


@contextmanager
def once(engine: Engine, name: str, act: Callable[[Any], None]) -> Iterator[None]:
    """Do something the first time that ``engine`` reaches an event."""
    left = [act]

    def reached(*arguments: object) -> None:
        if left:
            left.pop()(arguments[0])

    event.listen(engine, name, reached)
    try:
        yield
    finally:
        event.remove(engine, name, reached)


def test_of_two_who_wait_for_each_other_both_get_through(bench: Bench) -> None:
    with bench.superuser.begin() as db:
        db.execute(WRITE, [{"n": 0}, {"n": 100}])
    both_hold, tries = threading.Barrier(2), []

    def cross(first: int, second: int) -> None:
        is_first_try = True

        def work(db: Session) -> None:
            nonlocal is_first_try
            tries.append(first)
            add(db, first)
            if is_first_try:
                is_first_try = False
                both_hold.wait(timeout=30)
            add(db, second)

        in_transaction(bench.engine, NOBODY, work)

    def add(db: Session, among: int) -> None:
        db.execute(text("UPDATE probe SET n = n + 1 WHERE n / 100 = :among"), {"among": among})

    before = retrying.retries()["deadlock"]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(cross, (0, 1), (1, 0)))

    assert bench.rows() == [2, 102], "each added once to each"
    assert len(tries) >= 3, "one of them had to begin anew"
    assert retrying.retries()["deadlock"] > before


def test_whoever_cannot_be_put_in_an_order_is_tried_again(bench: Bench) -> None:
    with bench.superuser.begin() as db:
        db.execute(WRITE, {"n": 0})
    strict = bench.engine.execution_options(isolation_level="REPEATABLE READ")

    def increment(_: int) -> None:
        def work(db: Session) -> None:
            seen = db.scalar(text("SELECT n FROM probe"))
            db.execute(text("UPDATE probe SET n = :n"), {"n": seen + 1})

        in_transaction(strict, NOBODY, work)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(increment, range(12)))
    assert bench.rows() == [12], "no increment is lost, none counted twice"


def test_a_connection_lost_in_the_middle_is_begun_anew_and_written_once(bench: Bench) -> None:
    tries = []

    def work(db: Session) -> None:
        tries.append(pid_of(db))
        db.execute(WRITE, {"n": 7})
        if len(tries) == 1:
            bench.end(tries[0])
        db.execute(WRITE, {"n": 8})

    in_transaction(bench.engine, NOBODY, work)

    assert len(set(tries)) == 2
    assert bench.rows() == [7, 8]


def test_a_connection_lost_before_the_block_begins_is_made_anew(bench: Bench) -> None:
    def end(connection: Connection) -> None:
        bench.end(connection.connection.driver_connection.info.backend_pid)  # type: ignore[union-attr]  # psycopg's

    with once(bench.engine, "begin", end), transaction(bench.engine, NOBODY) as db:
        db.execute(WRITE, {"n": 1})
    assert bench.rows() == [1]


def test_what_may_have_been_written_is_never_tried_again(bench: Bench) -> None:
    """The connection is lost as COMMIT is sent; whether the server read it first, nobody here can know."""
    tries = []

    def work(db: Session) -> None:
        tries.append(pid_of(db))
        db.execute(WRITE, {"n": 7})

    with (
        once(bench.engine, "commit", lambda _: bench.end(tries[0])),
        pytest.raises(FateUnknown, match="cannot be said"),
    ):
        in_transaction(bench.engine, NOBODY, work)
    assert len(tries) == 1


def test_nothing_is_tried_again_after_something_was_committed(bench: Bench) -> None:
    tries = []

    def work() -> None:
        with Session(bench.engine) as beside, beside.begin():
            beside.execute(WRITE, {"n": 1})
        with Session(bench.engine) as db, db.begin():
            tries.append(pid_of(db))
            bench.end(tries[-1])
            db.execute(WRITE, {"n": 2})

    with pytest.raises(FateUnknown):
        retrying.again(work)
    assert (len(tries), bench.rows()) == (1, [1])


@pytest.mark.parametrize(
    ("statement", "raised"),
    [
        ("SELECT 1 / 0", DBAPIError),
        ("SELECT nothing", ProgrammingError),
        ("INSERT INTO probe VALUES (-1)", IntegrityError),
        ("SET LOCAL statement_timeout = '5ms'; SELECT pg_sleep(5)", DBAPIError),
    ],
)
def test_what_does_not_pass_is_not_tried_again(bench: Bench, statement: str, raised: type[Exception]) -> None:
    tries = []

    def work(db: Session) -> None:
        tries.append(1)
        db.execute(text(statement))

    with pytest.raises(raised):
        in_transaction(bench.engine, NOBODY, work)
    assert tries == [1]


def test_a_server_that_is_not_there_is_waited_for_once_and_then_known_to_be_down() -> None:
    engine = engine_for("postgresql://x:y@127.0.0.1:1/z")
    patience = Patience(seconds=0.2)
    with pytest.raises(DBAPIError) as caught:
        engine.connect()
    assert cause_of(caught.value) == "connection"
    waits = [patience.wait_s(Attempt(number), caught.value) for number in range(1, 9)]
    assert waits[0] is not None
    assert waits[-1] is None, "an end is put to it"
    assert all(later > earlier / 2 for earlier, later in pairwise(w for w in waits if w)), "longer, by chance"
    assert Patience(seconds=60).wait_s(Attempt(), caught.value) is None, "who comes next is told at once"
    retrying.forget_outage()
    assert Patience(seconds=60).wait_s(Attempt(), caught.value) is not None
    close_engines("postgresql://x:y@127.0.0.1:1/z")


def test_a_password_that_is_refused_stays_so(database: Database) -> None:
    host = database.url.rpartition("@")[2]
    engine = engine_for(f"postgresql://rollbook_app:wrong@{host}")
    with pytest.raises(DBAPIError) as caught:
        engine.connect()
    assert cause_of(caught.value) is None
    close_engines(f"postgresql://rollbook_app:wrong@{host}")


def test_what_speaks_to_others_is_done_once() -> None:
    with retrying.attempting(1) as attempt:
        retrying.do_once()
    passing = DBAPIError("", None, psycopg.errors.DeadlockDetected())
    assert cause_of(passing) == "deadlock"
    assert Patience(seconds=60).wait_s(attempt, passing) is None
    assert Patience(seconds=60).wait_s(Attempt(), passing) is not None
