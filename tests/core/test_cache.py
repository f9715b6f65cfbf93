"""Kept answers are what the database would say, to whoever asks; and nobody needs Redis for anything."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from core.redis_server import Redis, answering, kept_at, redis_running
from core.rings import ring_at
from rollbook.attendance.service import weekly_rates
from rollbook.core import clock
from rollbook.core.cache import cache, cached, forget_changes
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.testing import factories as make
from rollbook.testing.databases import Database, TestServer

MONDAY = make.TERM_STARTS
WEEK = MONDAY, MONDAY + timedelta(days=6)


@dataclass(frozen=True)
class Town:
    """Two tenants, students of one of them, and everything that may ask."""

    lent: Database
    engine: Engine
    students: tuple[UUID, ...]
    viewers: tuple[Visibility, ...]


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with redis_running() as server:
        yield server


@pytest.fixture(scope="module")
def town(rollbook_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with ring_at(tmp_path_factory.mktemp("ring") / "keyring.json"), rollbook_server.database() as lent:
        engine = engine_for(lent.url)
        one, students = build(engine, "one")
        other, _ = build(engine, "other")
        viewers = (
            Visibility(one),
            Visibility(one, students[:2]),
            Visibility(one, students[1:3]),
            Visibility(one, ()),
            Visibility(other),
        )
        yield Town(lent, engine, tuple(students), viewers)
        close_engines(lent.url)


def build(engine: Engine, slug: str) -> tuple[int, list[UUID]]:
    with Session(engine) as db, db.begin():
        tenant = ensure_tenant(db, slug, name=slug)
        look_through(db, Visibility(tenant.tenant_id))
        school = make.create_school(db)
        students = make.batch_students(db, 4, school=school, since=MONDAY - timedelta(days=7))
        make.batch_attendance(db, students, since=MONDAY, until=MONDAY + timedelta(days=4), absence_rate=0.5)
        return tenant.tenant_id, students


@pytest.fixture
def ring(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Settings were read anew since: the ring of the town again."""
    found = next(tmp_path_factory.getbasetemp().glob("ring*/keyring.json"))
    with ring_at(found) as path:
        yield path
    assert town


@pytest.fixture
def kept(redis: Redis, ring: Path) -> Iterator[Redis]:
    redis.client.flushall()
    with kept_at(redis.url):
        yield redis
    assert ring


def rates(db: Session) -> list[tuple[object, ...]]:
    return [(week.week, week.grade_level, week.days, week.missed) for week in weekly_rates(db, *WEEK)]


def answers(town: Town) -> list[list[tuple[object, ...]]]:
    found = []
    for viewer in town.viewers:
        with transaction(town.engine, viewer) as db:
            found.append(rates(db))
    return found


def mark(db: Session, student: UUID, day: int, status: str) -> None:
    db.execute(
        text(
            "UPDATE attendance_records SET status = :status, minutes_late = 0"
            " WHERE student_id = :student AND date = :day"
        ),
        {"status": status, "student": student, "day": MONDAY + timedelta(days=day)},
    )


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("mark"), st.integers(0, 3), st.integers(0, 4), st.sampled_from(["present", "absent"])
        ),
        st.tuples(st.just("ask"), st.integers(0, 4)),
        st.tuples(
            st.just("undone"), st.integers(0, 3), st.integers(0, 4), st.sampled_from(["present", "absent"])
        ),
        st.tuples(st.just("forget")),
        st.tuples(st.just("rename")),
    ),
    min_size=3,
    max_size=14,
)


@given(steps=STEPS)
@hypothesis_settings(max_examples=10)
def test_kept_answers_are_those_of_the_database(
    kept: Redis, town: Town, steps: list[tuple[Any, ...]]
) -> None:
    """Whatever is written, taken back and asked, by viewers of other students and of another tenant."""
    for step in steps:
        take(town, *step)
    told = answers(town)
    again = answers(town)
    assert kept.process.poll() is None
    with kept_at(None):
        computed = answers(town)
    assert told == computed
    assert again == computed


def take(town: Town, verb: str, *how: object) -> None:
    if verb == "ask":
        with transaction(town.engine, town.viewers[int(str(how[0]))]) as db:
            rates(db)
    elif verb == "forget":
        with Session(engine_for(town.lent.owner_url)) as db, db.begin():
            forget_changes(db, clock.now() + timedelta(hours=2))
    elif verb == "rename":
        with transaction(town.engine, town.viewers[0]) as db:
            db.execute(text("UPDATE schools SET name = name"))
    else:
        student, day, status = town.students[int(str(how[0]))], int(str(how[1])), str(how[2])
        with transaction(town.engine, town.viewers[0]) as db:
            rates(db)
            mark(db, student, day, status)
            written = rates(db)
            mark(db, student, (day + 1) % 5, status)
            with kept_at(None):
                computed = rates(db)
            assert rates(db) == computed, "what is written, its own transaction sees at once"
            assert written
            if verb == "undone":
                db.rollback()


def test_the_second_who_asks_is_answered_from_what_is_kept(kept: Redis, town: Town) -> None:
    first, second = answers(town), answers(town)
    known = cache()
    assert known is not None
    assert first == second
    assert (known.counts.misses, known.counts.hits) == (5, 5), "each viewer's own, then each again"
    assert len(kept.names()) == 5


def test_what_is_kept_tells_nothing_and_is_taken_from_nobody_else(kept: Redis, town: Town) -> None:
    told = answers(town)
    client = kept.client
    names = kept.names()
    values = {name: client.get(name) for name in names}
    for name, value in values.items():
        assert isinstance(value, bytes)
        assert all(word not in name + value for word in (b"grade", b"week"))
    for name, other in zip(names, [*names[1:], names[0]], strict=True):
        client.set(name, values[other] or b"")
    assert answers(town) == told, "an answer that was sealed for another place does not open"
    for name in names:
        client.set(name, b"\0[]")
    assert answers(town) == told, "nor is plain text believed"


def test_an_answer_is_forgotten_in_time(kept: Redis, town: Town) -> None:
    answers(town)
    client = kept.client
    for name in kept.names():
        assert 0 < client.pttl(name) <= 3_600_000


@pytest.mark.parametrize(
    "words", [b"+OK\r\n", b"$5\r\nabcde\r\n", b"rubbish\r\n", b"-ERR no\r\n", b"$99999999\r\n", b""]
)
def test_a_redis_that_talks_rubbish_or_nothing_at_all_is_left_alone(
    ring: Path, town: Town, words: bytes
) -> None:
    with kept_at(None):
        computed = answers(town)
    with answering(words) as url, kept_at(url):
        assert answers(town) == computed
        assert answers(town) == computed
    assert ring


def test_a_redis_that_dies_or_hangs_in_between_keeps_nobody(ring: Path, town: Town) -> None:
    with kept_at(None):
        computed = answers(town)
    with redis_running() as server, kept_at(server.url):
        assert answers(town) == computed
        known = cache()
        assert known is not None
        server.hang()
        try:
            assert answers(town) == computed
            assert known.is_away, "it is not waited for again and again"
            assert known.counts.faults == 1
        finally:
            server.wake()
        server.die()
        known._away_until = 0.0
        assert answers(town) == computed
        assert known.is_away
    assert ring


def test_a_redis_that_is_full_or_holds_somebody_elses_data_misleads_nobody(kept: Redis, town: Town) -> None:
    told, known = answers(town), cache()
    assert known is not None
    names = kept.names()
    for strange in (b"\1" * 3_000_000, b"", b"\1"):
        for name in names:
            kept.client.set(name, strange)
        assert answers(town) == told
        assert not known.is_away, "what is no answer of ours is as good as none"
    for name in names:
        kept.client.delete(name)
        kept.client.lpush(name, b"theirs")
    assert answers(town) == told
    kept.client.flushall()
    kept.client.config_set("maxmemory", "1")
    try:
        known._away_until = 0.0
        assert answers(town) == told
        assert known.is_away
    finally:
        kept.client.config_set("maxmemory", "0")
    known._away_until = 0.0
    assert (answers(town), len(kept.names())) == (told, 5), "once it is well, it is used again"


def test_of_many_who_ask_at_once_one_computes(kept: Redis, town: Town) -> None:
    computed, together = [], threading.Barrier(6)

    def compute() -> int:
        computed.append(1)
        threading.Event().wait(0.1)
        return 7

    def ask(_: int) -> int:
        with transaction(town.engine, town.viewers[0]) as db:
            together.wait(timeout=30)
            return cached(db, "slow", {}, compute, kind=int, topics=())

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(ask, range(6))) == [7] * 6
    assert len(computed) == 1
    assert len(kept.names()) == 1


def test_who_computes_and_dies_keeps_nobody_waiting_for_good(kept: Redis, town: Town) -> None:
    with transaction(town.engine, town.viewers[0]) as db:
        with pytest.raises(ZeroDivisionError):
            cached(db, "slow", {}, lambda: 1 // 0, kind=int, topics=())
        assert cached(db, "slow", {}, lambda: 7, kind=int, topics=()) == 7
    (name,) = kept.names()
    kept.client.delete(name)
    kept.client.set(name + b":at", b"1", px=60_000)
    with transaction(town.engine, town.viewers[0]) as db:
        assert cached(db, "slow", {}, lambda: 7, kind=int, topics=()) == 7, "it is computed here too"


def test_without_a_key_ring_nothing_is_kept(redis: Redis, town: Town, tmp_path: Path) -> None:
    redis.client.flushall()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROLLBOOK_KEYRING", str(tmp_path / "none.json"))
        with kept_at(redis.url):
            answers(town)
    assert [name for name in redis.names() if not name.endswith(b":at")] == []


def test_marks_are_thinned_out_and_no_fingerprint_returns(town: Town) -> None:
    with psycopg.connect(town.lent.owner_url) as owner:
        seen = set(owner.execute("SELECT topic, bit_xor(mark) FROM operations.changes GROUP BY 1"))
        many = owner.execute("SELECT count(*) FROM operations.changes").fetchone()
    take(town, "forget")
    with psycopg.connect(town.lent.owner_url) as owner:
        now = set(owner.execute("SELECT topic, bit_xor(mark) FROM operations.changes GROUP BY 1"))
        few = owner.execute("SELECT count(*) FROM operations.changes").fetchone()
    assert {topic for topic, _ in seen} == {topic for topic, _ in now}
    assert not seen & now
    assert many
    assert few == (len(now),)
