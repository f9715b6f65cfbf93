"""Guessing is slowed where it comes from; the owner of the email is kept out only by very much of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from rollbook.accounts.throttle import FAILURES, FAILURES_ANYWHERE, Throttle, TooManyTries

EMAIL = "ada@oak.example"


def tries(throttle: Throttle, many: int, host: str = "192.0.2.1", email: str = EMAIL) -> int:
    """Return how many of so many tries were let through."""
    let_through = 0
    for _ in range(many):
        try:
            throttle.begin(email, host)
        except TooManyTries:
            continue
        let_through += 1
    return let_through


def test_many_tries_at_once_are_counted_before_any_has_failed() -> None:
    throttle = Throttle()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: tries(throttle, 10), range(8))) == FAILURES


@pytest.mark.parametrize("other", ["192.0.2.2", "2001:db8:1::1", "::ffff:192.0.2.1", "", "unknown"])
def test_guesses_from_one_place_keep_nobody_out_elsewhere(other: str) -> None:
    throttle = Throttle()
    assert tries(throttle, 50) == FAILURES

    assert tries(throttle, 1, other) == 1
    assert tries(throttle, 1, email="eve@oak.example") == 1


def test_one_network_of_ipv6_is_one_place() -> None:
    throttle = Throttle()
    for last in range(FAILURES):
        throttle.begin(EMAIL, f"2001:db8::{last:x}")

    assert tries(throttle, 1, "2001:db8::beef:cafe") == 0
    assert tries(throttle, 1, "2001:db8:0:1::1") == 1


def test_guesses_from_everywhere_end_all_the_same() -> None:
    throttle = Throttle()

    assert sum(tries(throttle, 1, f"198.51.100.{n}") for n in range(200)) == FAILURES_ANYWHERE


def test_a_success_forgets_the_failures_of_its_place() -> None:
    throttle = Throttle()
    assert tries(throttle, FAILURES) == FAILURES
    throttle.succeeded(EMAIL, "192.0.2.1")

    assert tries(throttle, FAILURES + 1) == FAILURES
