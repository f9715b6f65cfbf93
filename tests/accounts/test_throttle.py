"""Guessing is slowed where it comes from, by every worker alike, and keeps nobody out of their account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, NullPool, create_engine, text
from sqlalchemy.orm import Session

from rollbook.accounts import devices, service
from rollbook.accounts.models import Role, User
from rollbook.accounts.throttle import LIMITS, Counter, Kind, Throttle, TooManyTries, counters
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, transaction
from rollbook.testing.databases import Database

EMAIL = "ada@oak.example"
HOST = "192.0.2.1"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FREE = LIMITS[Kind.PAIR].free


@pytest.fixture
def owner(database: Database) -> Iterator[Engine]:
    engine = create_engine(database.owner_url, poolclass=NullPool)
    yield engine
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE sign_in_tries"))


@pytest.fixture
def throttle(database: Database, owner: Engine) -> Throttle:
    assert owner
    return Throttle(engine_for(database.url))


def tries(throttle: Throttle, many: int, against: list[Counter], at: datetime = NOON) -> int:
    """Return how many of so many tries were let through."""
    let_through = 0
    for _ in range(many):
        try:
            throttle.begin(against, at)
        except TooManyTries:
            continue
        let_through += 1
    return let_through


def test_many_tries_at_once_are_counted_before_any_has_failed(throttle: Throttle) -> None:
    with ThreadPoolExecutor(8) as pool:
        let_through = pool.map(lambda _: tries(throttle, 5, counters(EMAIL, HOST)), range(8))

        assert sum(let_through) == FREE


def test_another_worker_knows_of_them(throttle: Throttle, database: Database) -> None:
    tries(throttle, FREE, counters(EMAIL, HOST))
    engine = create_engine(database.url)

    assert tries(Throttle(engine), 1, counters(EMAIL, HOST)) == 0
    engine.dispose()


def test_a_worker_whose_clock_is_behind_keeps_nobody_waiting(throttle: Throttle) -> None:
    tries(throttle, 1, counters(EMAIL, HOST), NOON + timedelta(seconds=2))

    assert tries(throttle, 1, counters(EMAIL, HOST), NOON) == 1


def test_each_failure_doubles_the_wait_up_to_a_quarter_of_an_hour(throttle: Throttle) -> None:
    at, waits = NOON, []
    tries(throttle, FREE, counters(EMAIL, HOST), at)
    for _ in range(7):
        began = at
        while tries(throttle, 1, counters(EMAIL, HOST), at) == 0:
            at += timedelta(seconds=5)
        waits.append((at - began).total_seconds())

    assert waits == [30, 60, 120, 240, 480, 900, 900]


def test_tries_while_waiting_do_not_lengthen_the_wait(throttle: Throttle) -> None:
    tries(throttle, 50, counters(EMAIL, HOST))

    assert tries(throttle, 1, counters(EMAIL, HOST), NOON + timedelta(seconds=30)) == 1


def test_the_next_day_little_is_left_of_it(throttle: Throttle) -> None:
    tries(throttle, FREE, counters(EMAIL, HOST))

    assert tries(throttle, 4, counters(EMAIL, HOST), NOON + timedelta(days=1)) == 4


@pytest.mark.parametrize("other", ["192.0.2.2", "2001:db8:1::1", "", "unknown"])
def test_guesses_from_one_place_keep_nobody_out_elsewhere(throttle: Throttle, other: str) -> None:
    assert tries(throttle, 20, counters(EMAIL, HOST)) == FREE

    assert tries(throttle, 1, counters(EMAIL, other)) == 1
    assert tries(throttle, 1, counters("eve@oak.example", HOST)) == 1


def test_one_network_of_ipv6_is_one_place(throttle: Throttle) -> None:
    for last in range(FREE):
        throttle.begin(counters(EMAIL, f"2001:db8::{last:x}"), NOON)

    assert tries(throttle, 1, counters(EMAIL, "2001:db8::beef:cafe")) == 0
    assert tries(throttle, 1, counters(EMAIL, "2001:db8:0:1::1")) == 1


def test_guesses_from_everywhere_wait_all_the_same(throttle: Throttle) -> None:
    let_through = sum(tries(throttle, 1, counters(EMAIL, f"198.51.100.{n}")) for n in range(200))

    assert let_through == LIMITS[Kind.ACCOUNT].free


def test_one_place_that_tries_everybody_waits_all_the_same(throttle: Throttle) -> None:
    let_through = sum(tries(throttle, 1, counters(f"p{n}@oak.example", HOST)) for n in range(150))

    assert let_through == LIMITS[Kind.NETWORK].free
    soon = NOON + timedelta(seconds=LIMITS[Kind.NETWORK].first_wait)
    assert tries(throttle, 1, counters("q@oak.example", HOST), soon) == 1, "but not for long"


def test_a_success_forgets_the_failures_of_its_place_and_no_others(throttle: Throttle) -> None:
    tries(throttle, FREE - 1, counters(EMAIL, HOST))
    throttle.begin(counters(EMAIL, HOST), NOON)
    throttle.succeeded(counters(EMAIL, HOST), NOON)
    assert tries(throttle, 2 * FREE, counters(EMAIL, HOST)) == FREE

    let_through = sum(tries(throttle, 1, counters(EMAIL, f"198.51.100.{n}")) for n in range(200))
    assert let_through == LIMITS[Kind.ACCOUNT].free - (FREE - 1) - FREE, "nine wrong ones are still counted"


def test_successes_from_a_network_do_not_use_it_up(throttle: Throttle) -> None:
    for n in range(LIMITS[Kind.NETWORK].free + 20):
        throttle.begin(counters(f"p{n}@oak.example", HOST), NOON)
        throttle.succeeded(counters(f"p{n}@oak.example", HOST), NOON)


def test_who_names_no_key_sees_no_count(throttle: Throttle, database: Database, owner: Engine) -> None:
    tries(throttle, 1, counters(EMAIL, HOST))

    for engine in (engine_for(database.url), owner):
        with engine.begin() as connection:
            assert connection.execute(text("SELECT count(*) FROM sign_in_tries")).scalar() == 0


def test_no_email_and_no_address_is_kept(throttle: Throttle, database: Database) -> None:
    (pair, *_) = counters(EMAIL, HOST)
    throttle.begin([pair], NOON)

    with engine_for(database.url).begin() as connection:
        named = text("SELECT set_config('rollbook.try_keys', :key, true)")
        connection.execute(named, {"key": pair.key_hash.hex()})
        (row,) = connection.execute(text("SELECT cast(t AS text) FROM sign_in_tries AS t")).scalars()
    assert "ada" not in row
    assert HOST not in row


def test_what_nobody_added_to_for_days_is_swept_away(throttle: Throttle, database: Database) -> None:
    now = datetime.now(UTC)
    old = [Counter(Kind.NETWORK, "198.51.100.1")]
    throttle.begin(old, now - timedelta(days=3))
    fresh = [Counter(Kind.NETWORK, "198.51.100.2")]
    throttle.begin(fresh, now)

    throttle.succeeded([Counter(Kind.PAIR, "somebody else")], now)

    keys = ",".join(counter.key_hash.hex() for counter in old + fresh)
    with engine_for(database.url).begin() as connection:
        connection.execute(text("SELECT set_config('rollbook.try_keys', :keys, true)"), {"keys": keys})
        left = connection.execute(text("SELECT key_hash FROM sign_in_tries")).scalars().all()
    assert [bytes(key) for key in left] == [fresh[0].key_hash]


@pytest.fixture
def ada(fresh_database: Database) -> User:
    engine = engine_for(fresh_database.url)
    with Session(engine, expire_on_commit=False) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
    with transaction(engine, Visibility(tenant_id)) as db:
        user = service.add_user(
            db,
            tenant_id=tenant_id,
            email=EMAIL,
            full_name="Ada B",
            role=Role.TEACHER,
            password="correct horse battery",
        )
        db.expunge(user)
    return user


def test_who_was_in_before_is_not_kept_out_by_anyone(fresh_database: Database, ada: User) -> None:
    engine = engine_for(fresh_database.url)
    throttle = Throttle(engine)
    with transaction(engine, Visibility(ada.tenant_id)) as db:
        token = devices.remember_device(db, ada, None)
    for n in range(200):
        tries(throttle, 1, counters(EMAIL, f"198.51.100.{n}"))
    tries(throttle, 20, counters(EMAIL, HOST))
    assert tries(throttle, 1, counters(EMAIL, "203.0.113.9")) == 0, "strangers wait everywhere"

    known = devices.known_device(engine, "ADA@oak.example ", token)

    assert known == token
    assert tries(throttle, 20, counters(EMAIL, HOST, known)) == FREE, "but it cannot guess for ever either"


def test_a_device_is_known_to_its_own_account_only(fresh_database: Database, ada: User) -> None:
    engine = engine_for(fresh_database.url)
    with transaction(engine, Visibility(ada.tenant_id)) as db:
        token = devices.remember_device(db, ada, None)
        assert devices.remember_device(db, ada, token) == token, "it keeps its token"
        assert devices.remember_device(db, ada, "somebody else's") != "somebody else's"

    assert devices.known_device(engine, "eve@oak.example", token) is None
    assert devices.known_device(engine, EMAIL, "x" * 43) is None
    assert devices.known_device(engine, EMAIL, None) is None

    with transaction(engine, Visibility(ada.tenant_id)) as db:
        service.reset_password(db, db.merge(ada))
    assert devices.known_device(engine, EMAIL, token) is None
