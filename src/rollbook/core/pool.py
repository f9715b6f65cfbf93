"""The connections of a process to a database: how many there are, who holds them, and when none is left."""

import os
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Engine, QueuePool, event
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from rollbook.core.acting import acting
from rollbook.core.errors import Unavailable

_LEAST: Final = 5
_NAMED: Final = 5


class PoolExhausted(Unavailable):
    """All {limit} connections to the database were in use for {seconds} s. Try again in a moment.

    Nothing was changed.
    """

    retry_after_s = 2


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a connection: a route's template or a command, never an address. Units: ``seconds``."""

    place: str
    request_id: str
    seconds: float

    def __str__(self) -> str:
        """Say it in the words of a log."""
        return f"{self.place} ({self.request_id or 'no request'}) for {self.seconds:.1f} s"


@dataclass(frozen=True, slots=True)
class Figures:
    """What a pool did since it was made. Units: ``waited_s`` seconds, of all callers together."""

    in_use: int
    idle: int
    limit: int
    opened: int
    lost: int
    lent: int
    refused: int
    waited_s: float
    held_longest_s: float


@dataclass(slots=True)
class Watch:
    """What is seen of a pool; it outlives the pool where that is made anew."""

    limit: int
    opened: int = 0
    lost: int = 0
    lent: int = 0
    refused: int = 0
    waited_s: float = 0.0
    _held: dict[int, tuple[str, str, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def holders(self) -> list[Holder]:
        """Return who holds a connection now, the longest first."""
        now = time.monotonic()
        with self._lock:
            held = sorted(self._held.values(), key=lambda each: each[2])
        return [Holder(place, request_id, now - since) for place, request_id, since in held]

    def count(self, **more: float) -> None:
        """Add to the figures."""
        with self._lock:
            for name, value in more.items():
                setattr(self, name, getattr(self, name) + value)

    def listen(self, pool: QueuePool) -> None:
        """See what ``pool``, and whatever takes its place, lends and takes back."""
        event.listen(pool, "connect", self._opened)
        event.listen(pool, "checkout", self._lent)
        event.listen(pool, "checkin", self._returned)
        event.listen(pool, "invalidate", self._lost)

    def _opened(self, _connection: Any, _record: ConnectionPoolEntry) -> None:  # noqa: ANN401 -- the driver's
        self.count(opened=1)

    def _lost(self, _connection: Any, _record: ConnectionPoolEntry, _why: BaseException | None) -> None:  # noqa: ANN401 -- the driver's
        self.count(lost=1)

    def _lent(self, _connection: Any, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:  # noqa: ANN401 -- the driver's
        said = acting()
        with self._lock:
            self.lent += 1
            self._held[id(record)] = said.at, said.request_id, time.monotonic()

    def _returned(self, _connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 -- the driver's
        with self._lock:
            self._held.pop(id(record), None)


class WatchedPool(QueuePool):
    """A pool that is watched, and says who holds its connections when none is left."""

    watch: Watch

    def connect(self) -> PoolProxiedConnection:
        """Lend a connection.

        Raises: ``PoolExhausted``, after the pool's timeout.
        """
        began = time.monotonic()
        try:
            return super().connect()
        except PoolTimeout as error:
            self.watch.count(refused=1)
            raise self._exhausted(time.monotonic() - began) from error
        finally:
            self.watch.count(waited_s=time.monotonic() - began)

    def recreate(self) -> "WatchedPool":
        """Return a new pool of the same kind, watched like this one."""
        made = super().recreate()
        assert isinstance(made, WatchedPool)
        made.watch = self.watch
        return made

    def _exhausted(self, seconds: float) -> PoolExhausted:
        held = [str(holder) for holder in self.watch.holders()[:_NAMED]]
        return PoolExhausted(limit=self.watch.limit, seconds=round(seconds, 1), holders=held)


def watched(engine: Engine) -> WatchedPool:
    """Return the pool of an engine of ours."""
    assert isinstance(engine.pool, WatchedPool)
    return engine.pool


def figures_of(engine: Engine) -> Figures:
    """Return what the pool of ``engine`` did and has."""
    pool = watched(engine)
    watch, held = pool.watch, pool.watch.holders()
    return Figures(
        in_use=pool.checkedout(),
        idle=pool.checkedin(),
        limit=watch.limit,
        opened=watch.opened,
        lost=watch.lost,
        lent=watch.lent,
        refused=watch.refused,
        waited_s=watch.waited_s,
        held_longest_s=held[0].seconds if held else 0.0,
    )


def size_for(cores: int) -> int:
    """Return how many connections keep so many cores of a server busy, and hardly more.

    Source: PostgreSQL wiki, Number Of Database Connections: twice the cores, and one for the disk.
    """
    return max(_LEAST, 2 * cores + 1)


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
