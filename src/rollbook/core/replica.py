"""Reading from a replica where that is as good as from the primary, and from the primary where it is not.

A replica is read from if it follows, if it has replayed what whoever asks has written, and if it has replayed
what this process knew the primary to have written a few seconds ago. It is asked in the transaction that
then reads. Whatever is wrong with it, or goes wrong on it, the primary answers.

What a viewer may see is always asked of the primary, and whose rows were shown is always written there,
before they are shown: a replica takes no writes.
"""

import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.core import retrying
from rollbook.core.database import engine_for
from rollbook.core.pool import PoolExhausted
from rollbook.core.settings import settings

_LSN: Final = re.compile(r"([0-9A-F]{1,8})/([0-9A-F]{1,8})")
# What is flushed is sent; a commit is flushed before it is told, unless the server is set to tell it sooner.
_WRITTEN: Final = text(
    "SELECT CASE WHEN pg_is_in_recovery() THEN NULL"
    " WHEN current_setting('synchronous_commit') = 'off' THEN pg_current_wal_insert_lsn()"
    " ELSE pg_current_wal_flush_lsn() END::text AS written,"
    " (SELECT system_identifier FROM pg_control_system()) AS system"
)
_REPLAYED: Final = text(
    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text END AS replayed,"
    " (SELECT system_identifier FROM pg_control_system()) AS system"
)
_READ_ONLY: Final = "25006"
_LEFT_ALONE_S: Final = 10.0
_SAMPLED_EVERY_S: Final = 0.25
_BITS: Final = 32


def position(lsn: str | None) -> int | None:
    """Return a place in the primary's log as a number; None for what is none."""
    found = _LSN.fullmatch(lsn or "")
    return (int(found[1], 16) << _BITS) + int(found[2], 16) if found else None


@dataclass(slots=True)
class Counts:
    """How often was read from where in this process, and how often a replica failed."""

    replica: int = 0
    primary: int = 0
    failed: int = 0


@dataclass(slots=True)
class Replica:
    """A replica, and what this process knows of the primary. Units: ``lag_s`` seconds."""

    engine: Engine
    lag_s: float
    counts: Counts = field(default_factory=Counts)
    _written: "deque[tuple[float, int]]" = field(default_factory=deque)
    _writing: set[str] = field(default_factory=set)
    _alone_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def reading(self, primary: Session, place: str, written: str | None) -> Iterator[Session]:
        """Lend a transaction to read in: on the replica if that is fit, else ``primary``.

        ``place``: what reads, which is not sent here again once it wrote; ``written``: how far the primary's
        log was when whoever asks last wrote.
        """
        with Session(self.engine) as session:
            lent = session if self._is_fit(primary, session, place, written) else primary
            self._count(lent is session)
            try:
                yield lent
            except DBAPIError as error:
                if lent is session:
                    self._learn(place, error)
                raise

    def _is_fit(self, primary: Session, session: Session, place: str, written: str | None) -> bool:
        own = position(written) if written else 0
        is_left_alone = place in self._writing or time.monotonic() < self._alone_until
        if own is None or is_left_alone or retrying.attempt_number() > 1:
            return False
        now = primary.execute(_WRITTEN).one()
        wanted = self._wanted(position(now.written))
        if wanted is None:
            return False
        try:
            found = session.execute(_REPLAYED).one()
        except (DBAPIError, PoolExhausted):
            session.rollback()
            self._leave_alone()
            return False
        replayed = position(found.replayed)
        return replayed is not None and found.system == now.system and replayed >= max(own, wanted)

    def _wanted(self, now: int | None) -> int | None:
        """Return how far it must be: as far as the primary was ``lag_s`` ago, as far as we saw."""
        if now is None:
            return None
        at = time.monotonic()
        with self._lock:
            seen = self._written
            if not seen or at - seen[-1][0] >= _SAMPLED_EVERY_S:
                seen.append((at, now))
            while len(seen) > 1 and at - seen[1][0] >= self.lag_s:
                seen.popleft()
            known_at, known = seen[0]
        return known if at - known_at >= self.lag_s else now

    def _learn(self, place: str, error: DBAPIError) -> None:
        if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
            self._writing.add(place)
        elif retrying.cause_of(error) == "connection":
            self._leave_alone()
        retrying.note_on_replica()

    def _leave_alone(self) -> None:
        with self._lock:
            self.counts.failed += 1
            self._alone_until = time.monotonic() + _LEFT_ALONE_S

    def _count(self, is_replica: bool) -> None:
        with self._lock:
            self.counts.replica += is_replica
            self.counts.primary += not is_replica


def replica_at(url: str) -> Replica:
    """Return the replica at ``url``, the app role's."""
    return Replica(engine_for(url), settings().replica_lag_s)


def written_until(primary: Engine) -> str | None:
    """Return how far the primary's log is, after a commit: a replica that is as far has it too."""
    with Session(primary) as db:
        written: str | None = db.execute(_WRITTEN).one().written
        return written
