"""Guessing made slow, for an email that there is or is not, without keeping anyone out of their account.

What is counted, in the database so that every worker knows of it:

- an email and where a try comes from: few are free, then each failure doubles the wait there;
- an email, wherever tries come from, and a place, whatever the email: many are free. These two do not count
  for a browser that signed in to this account before (it shows a token): strangers' guesses, even from the
  same school's network, never keep its owner waiting;
- such a browser by itself, like an email and a place.

No wait is longer than its kind's longest, and counts halve with time: nothing is locked for good.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from rollbook.accounts.networks import sender
from rollbook.core import clock
from rollbook.core.errors import RollbookError
from rollbook.core.sql import named_sql
from rollbook.core.words import many

_SQL: Final = named_sql("rollbook.accounts")
_STALE: Final = timedelta(days=2, minutes=1)
_MINUTE_S: Final = 60
# Not "now": another worker's clock, or one that was read before it had to wait for a row, is behind.
_NO_WAIT: Final = datetime.fromtimestamp(0, UTC)


class TooManyTries(RollbookError):
    """Too many failed sign-ins. Wait {wait}, then try again."""

    http_status = 429


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are free, and how long each further one makes wait. Units: seconds."""

    free: int
    first_wait: int
    longest_wait: int
    half_life: int

    def decayed(self, failures: float, age: timedelta) -> float:
        """Return how many of so many failures count after ``age``."""
        seconds = max(0.0, age.total_seconds())
        return float(failures * 0.5 ** (seconds / self.half_life))

    def wait(self, failures: float) -> timedelta:
        """Return how long is waited after so many failures."""
        beyond = round(failures) - self.free
        if beyond < 0:
            return timedelta(0)
        return timedelta(seconds=min(self.longest_wait, self.first_wait * 2 ** min(beyond, 30)))


class Kind(StrEnum):
    """What tries are counted by."""

    PAIR = "pair"
    DEVICE = "device"
    ACCOUNT = "account"
    NETWORK = "network"
    CODE = "code"


_HOUR_S: Final = 3600
LIMITS: Final = {
    Kind.PAIR: Limit(free=5, first_wait=30, longest_wait=900, half_life=6 * _HOUR_S),
    Kind.DEVICE: Limit(free=5, first_wait=30, longest_wait=900, half_life=6 * _HOUR_S),
    Kind.ACCOUNT: Limit(free=50, first_wait=10, longest_wait=900, half_life=6 * _HOUR_S),
    # a school's network has hundreds of people who mistype
    Kind.NETWORK: Limit(free=100, first_wait=5, longest_wait=300, half_life=600),
    # only who knows the password gets as far as the second factor
    Kind.CODE: Limit(free=5, first_wait=30, longest_wait=900, half_life=24 * _HOUR_S),
}
# A success shows that the failures before it were its own.
_ONES_OWN: Final = (Kind.PAIR, Kind.DEVICE, Kind.CODE)


@dataclass(frozen=True, slots=True)
class Counter:
    """One thing that is counted: a kind, and which of it."""

    kind: Kind
    key: str

    @property
    def key_hash(self) -> bytes:
        """What the row is known by; it tells neither email nor place."""
        named = f"{self.kind} {self.key}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(named).digest()


def counters(email: str, host: str, device: str | None = None) -> list[Counter]:
    """Return what a try counts against; ``device`` is the token of a browser known to this account."""
    who, place = email.strip().lower()[:254], sender(host)
    if device is not None:
        return [Counter(Kind.DEVICE, f"{device} {who}")]
    return [
        Counter(Kind.PAIR, f"{place} {who}"),
        Counter(Kind.ACCOUNT, who),
        Counter(Kind.NETWORK, place),
    ]


class Throttle:
    """Counts tries, each in a short transaction of its own: what is counted stays so, whatever comes then."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, tries: Sequence[Counter], now: datetime | None = None) -> None:
        """Count a try as failed until it succeeds, so that many at once are counted too.

        Raises: ``TooManyTries``, and counts nothing, while one of ``tries`` has to wait.
        """
        at = now or clock.now()
        with Session(self._engine) as db, db.begin():
            rows = _hold(db, tries, at)
            waits_until = max((row["waits_until"] for row in rows.values()), default=at)
            if waits_until > at:
                raise TooManyTries(wait=_spoken(waits_until - at))
            for counter in tries:
                _keep(db, counter, rows[counter.key_hash], 1, at)

    def succeeded(self, tries: Sequence[Counter], now: datetime | None = None) -> None:
        """Take the try back; where it was this account's alone, forget the failures before it."""
        at = now or clock.now()
        with Session(self._engine) as db, db.begin():
            rows = _hold(db, tries, at)
            for counter in tries:
                row = rows[counter.key_hash]
                _keep(db, counter, row, -row["failures"] if counter.kind in _ONES_OWN else -1, at)
            db.execute(_SQL["name_tries"], {"keys": "stale"})
            db.execute(_SQL["forget_stale_counts"], {"since": at - _STALE})


def _hold(db: Session, tries: Sequence[Counter], now: datetime) -> Mapping[bytes, Mapping[str, Any]]:
    keys = sorted(counter.key_hash for counter in tries)
    db.execute(_SQL["name_tries"], {"keys": ",".join(key.hex() for key in keys)})
    db.execute(_SQL["begin_counts"], {"keys": keys, "now": now})
    rows = db.execute(_SQL["hold_counts"], {"keys": keys}).mappings().all()
    return {bytes(row["key_hash"]): dict(row) for row in rows}


def _keep(db: Session, counter: Counter, row: Mapping[str, Any], more: float, now: datetime) -> None:
    """Write the count with ``more`` failures; only a new failure makes wait."""
    limit = LIMITS[counter.kind]
    failures = max(0.0, limit.decayed(row["failures"], now - row["last_failed_at"]) + more)
    wait = limit.wait(failures) if more > 0 else timedelta(0)
    waits_until = now + wait if wait else _NO_WAIT
    kept = {"key_hash": counter.key_hash, "failures": failures, "now": now, "waits_until": waits_until}
    db.execute(_SQL["keep_count"], kept)


def _spoken(wait: timedelta) -> str:
    """Return a wait in words, rounded up: it tells nothing of others' tries to the second."""
    seconds = max(1, round(wait.total_seconds()))
    return many(-(-seconds // _MINUTE_S), "minute")
