"""Answers kept in Redis: sums that take the database long, and that many ask for. Without it nothing is kept.

Redis is believed in nothing. Whether an answer is still right is asked of PostgreSQL, in the transaction of
whoever asks: its key holds the fingerprint of all changes that this transaction sees (`operations.changes`),
so that no answer is older than what its reader could read, whatever became of Redis meanwhile. The key also
holds who may see what: the tenant, and exactly which students. And the answer is sealed with the tenant's key
(core/encryption) for its key: what somebody else put there, or another place's answer, does not open.

Only sums are kept, never rows that name a student: those are to be noted as disclosures when they are read.
"""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, Protocol, TypeVar

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.orm import Session

from rollbook.core.encryption import VERSION, Column
from rollbook.core.errors import Unavailable
from rollbook.core.keyring import RingMissing
from rollbook.core.settings import settings
from rollbook.core.sql import named_sql

Answer = TypeVar("Answer")

_SQL: Final = named_sql("rollbook.core", "cache.sql")
_FORM: Final = 1
_CONNECT_S: Final = 0.1
_ANSWER_S: Final = 0.25
_STAYS_AWAY_S: Final = 10.0
_COMPUTES_FOR_MS: Final = 10_000
_WAIT_S: Final = 0.4
_LOOK_EVERY_S: Final = 0.02
_LARGEST: Final = 1_000_000
_FORGOTTEN_AFTER: Final = timedelta(hours=1)


class CacheUnreadable(Unavailable):
    """ROLLBOOK_REDIS_URL is set, but its client is not installed: `pip install 'rollbook[redis]'`."""


class Store(Protocol):
    """What of Redis is used."""

    def getrange(self, name: str, first: int, last: int) -> Any:  # noqa: ANN401 -- whatever answers there
        """Return bytes of a value, ``last`` too; empty where there is none."""

    def set(self, name: str, value: bytes, *, px: int, nx: bool = False) -> Any:  # noqa: ANN401 -- likewise
        """Keep a value for some milliseconds; ``nx``: unless there is one."""

    def delete(self, *names: str) -> Any:  # noqa: ANN401 -- likewise
        """Forget values."""


@dataclass(slots=True)
class Counts:
    """What the cache did in this process."""

    hits: int = 0
    misses: int = 0
    bypassed: int = 0
    faults: int = 0
    waits: int = 0


@dataclass(slots=True)
class Cache:
    """One Redis, and whether it is worth asking just now. Units: ``ttl_s`` seconds that an answer is kept."""

    store: Store
    ttl_s: int
    counts: Counts = field(default_factory=Counts)
    _away_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def is_away(self) -> bool:
        """Whether it failed a moment ago, and is left alone."""
        return time.monotonic() < self._away_until

    def ask(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 -- whatever answers there
        """Return what Redis says; none where it fails, and then it is left alone for a while."""
        if self.is_away:
            return None
        try:
            return call()
        except Exception:  # noqa: BLE001 -- of an answer that is none its client raises whatever it comes to
            with self._lock:
                self.counts.faults += 1
                self._away_until = time.monotonic() + _STAYS_AWAY_S
            return None

    def count(self, name: str) -> None:
        """Count something that happened."""
        with self._lock:
            setattr(self.counts, name, getattr(self.counts, name) + 1)


@lru_cache(maxsize=4)
def cache_at(url: str, ttl_s: int) -> Cache:
    """Return the cache of this process at ``url``; nothing connects yet.

    Raises: ``CacheUnreadable``.
    """
    try:
        import redis  # noqa: PLC0415 -- the extra `redis`
    except ImportError as error:
        raise CacheUnreadable from error
    store = redis.Redis.from_url(
        url, socket_connect_timeout=_CONNECT_S, socket_timeout=_ANSWER_S, health_check_interval=0
    )
    return Cache(store, ttl_s)


def cache() -> Cache | None:
    """Return the cache of this process; none where the settings name no Redis."""
    url = settings().redis_url
    return cache_at(url.get_secret_value(), settings().cache_ttl_s) if url else None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an answer is kept: the name there, and by whose key it is sealed."""

    name: str
    tenant_id: int

    @property
    def column(self) -> Column:
        return Column(self.tenant_id, "(cache)", "answer")


def cached(  # noqa: PLR0913 -- what is asked, by what it is known, and how it is read again
    db: Session,
    question: str,
    asked: Mapping[str, object],
    compute: Callable[[], Answer],
    *,
    kind: Any,  # noqa: ANN401 -- a type, also one such as list[Week]
    topics: Sequence[str],
) -> Answer:
    """Return what ``compute`` returns in ``db``'s transaction, perhaps as it was kept when somebody asked it.

    ``topics``: of what changes it may depend (`operations.changes`); ``asked``: on what else, apart from who
    asks. ``kind``: the answer's type, as JSON holds it. It names no student: the rows of one are not noted.
    """
    known = cache()
    if known is None or known.is_away:
        return compute()
    place = _place(db, question, asked, topics)
    if place is None:
        known.count("bypassed")
        return compute()
    try:
        form: TypeAdapter[Answer] = TypeAdapter(kind)
        return _through(known, place, form, compute)
    except RingMissing:
        return compute()


def _place(db: Session, question: str, asked: Mapping[str, object], topics: Sequence[str]) -> _Place | None:
    """Return where the answer is kept; None: in this transaction it is nobody else's."""
    row = db.execute(_SQL["standing"], {"topics": list(topics)}).one()
    if row.has_written or not row.tenant or not row.scope:
        return None
    told = [
        _FORM,
        question,
        asked,
        row.place,
        row.tenant,
        row.scope,
        row.students,
        sorted(topics),
        row.changes,
    ]
    digest = hashlib.sha256(json.dumps(told, default=str, sort_keys=True).encode()).hexdigest()
    return _Place(f"rollbook:{digest}", int(row.tenant))


def _through(known: Cache, place: _Place, form: TypeAdapter[Answer], compute: Callable[[], Answer]) -> Answer:
    found = _read(known, place, form)
    if found is None and not _is_mine_to_compute(known, place):
        found = _wait(known, place, form)
    if found is not None:
        known.count("hits")
        return found[0]
    known.count("misses")
    try:
        answer = compute()
        _keep(known, place, form.dump_json(answer).decode())
    finally:
        known.ask(lambda: known.store.delete(f"{place.name}:at"))
    return answer


def _read(known: Cache, place: _Place, form: TypeAdapter[Answer]) -> tuple[Answer] | None:
    """Return what is kept; none where there is nothing, or nothing that we made."""
    # whoever can write there may have put anything there, of any size
    value = known.ask(lambda: known.store.getrange(place.name, 0, _LARGEST))
    if not value:
        return None
    try:
        return (form.validate_json(_open(place, value)),)
    except (Unavailable, ValidationError, ValueError):
        known.count("faults")
        return None


def _open(place: _Place, value: object) -> str:
    """Return what was sealed for this place; plain text, as old columns may hold, is none of ours."""
    if not isinstance(value, bytes) or len(value) > _LARGEST or value[:1] != bytes([VERSION]):
        raise ValueError("not ours")
    return place.column.open(place.name, value) or ""


def _is_mine_to_compute(known: Cache, place: _Place) -> bool:
    """Say whether nobody computes this just now; from here on somebody does."""
    taken = known.ask(lambda: known.store.set(f"{place.name}:at", b"1", px=_COMPUTES_FOR_MS, nx=True))
    return bool(taken) or known.is_away


def _wait(known: Cache, place: _Place, form: TypeAdapter[Answer]) -> tuple[Answer] | None:
    """Wait a little for whoever computes it; None: it is not there yet, so compute it here too."""
    known.count("waits")
    deadline = time.monotonic() + _WAIT_S
    while time.monotonic() < deadline and not known.is_away:
        time.sleep(_LOOK_EVERY_S)
        if (found := _read(known, place, form)) is not None:
            return found
    return None


def _keep(known: Cache, place: _Place, text: str) -> None:
    sealed = place.column.seal(place.name, text)
    if len(sealed) <= _LARGEST:
        known.ask(lambda: known.store.set(place.name, sealed, px=known.ttl_s * 1000))


def forget_changes(db: Session, now: datetime) -> int:
    """Put one mark in the place of those older than an hour; return for how many topics. As the owner.

    Each hour, or fingerprints are slow to take; what is kept of those topics is computed again then.
    """
    return len(db.execute(_SQL["forget_changes"], {"before": now - _FORGOTTEN_AFTER}).all())
