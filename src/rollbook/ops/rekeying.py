"""Give encrypted columns another key, online: in batches that compare and swap, each a short transaction.

Readers find every value under the old key or the new one; the ring has both before the first is written.
Every value says itself which key it is under, so a run that was killed goes on where it ended.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from psycopg import Connection
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from rollbook.core import keyring
from rollbook.core.errors import Conflict
from rollbook.core.keyring import Keyring
from rollbook.core.progress import Report, Silent
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility, look_through
from rollbook.ops.archive.catalog import every as archives
from rollbook.ops.sealed_tables import SQL, Key, Raw, Rewritten, SealedTable, Usage, find_tables

BATCH_ROWS: Final = 2_000
WAIT_S: Final = 60
# Looks past row-level security; for the owner of the type alone.
_VALIDATE: Final = text("ALTER DOMAIN sealed VALIDATE CONSTRAINT sealed_no_plain")
_SILENT: Final = Silent()


class RotationRunning(Conflict):
    """Another process is giving this database's values another key. Wait for it to end."""


class KeyInUse(Conflict):
    """{values} values are still encrypted with the key {key_id}. Run `rollbook keys rotate` first."""


class KeyInArchive(Conflict):
    """{files} files of the archive need the key {key_id}. Run `rollbook archive rekey` first."""


class KeyEncrypts(Conflict):
    """{key_id} is the key that new values are encrypted with. Run `rollbook keys rotate` first."""


class WritersRunning(Conflict):
    """A transaction that has been running for {seconds} s may still write with the key. Try again later."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """A key, and how many values are encrypted with it here; ``is_known``: the ring has it."""

    key_id: str
    made_at: datetime | None
    is_primary: bool
    is_known: bool
    values: int


@dataclass(frozen=True, slots=True)
class Survey:
    """The ring, and what of this database is encrypted with which of its keys. ``plain`` values wait."""

    path: Path
    keys: Sequence[KeyUse]
    plain: int
    usage: Sequence[Usage]

    @property
    def is_settled(self) -> bool:
        """Say whether every value is encrypted with the primary key."""
        return not self.plain and all(key.is_primary for key in self.keys if key.values)


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did: ``values`` under the key now, and those that could not be read."""

    key_id: str
    is_resumed: bool
    values: int
    unreadable: int


def survey(owner_url: str) -> Survey:
    """Count what is encrypted with which key.

    Raises: ``RingMissing``; what reading the ring raises.
    """
    known = keyring.ring()
    with _connected(owner_url) as engine:
        usage = list(_usage(engine))
    return _surveyed(known, usage)


def rotate(owner_url: str, report: Report = _SILENT, *, batch_rows: int = BATCH_ROWS) -> Rotated:
    """Add a key to the ring and encrypt every value with it; or finish what an earlier run left.

    Raises: ``RotationRunning``; ``RingMissing``.
    """
    with _connected(owner_url) as engine, _alone(engine):
        is_new = _surveyed(keyring.ring(), list(_usage(engine))).is_settled
        known = keyring.add_key() if is_new else keyring.ring()
        values, unreadable = _rewrite_all(engine, known.primary, report, batch_rows)
        _validate(engine)
    return Rotated(known.primary, not is_new, values, unreadable)


def retire(owner_url: str, key_id: str) -> Keyring:
    """Drop a key that encrypts nothing here from the ring. A backup that has values of it keeps needing it.

    Raises: ``KeyEncrypts``; ``KeyInUse``; ``KeyInArchive``; ``KeyUnknown``; ``WritersRunning``.
    """
    known = keyring.ring()
    known.key(key_id)
    if key_id == known.primary:
        raise KeyEncrypts(key_id=key_id)
    files = sum(one.key_id == key_id for one in archives(owner_url))
    if files:
        raise KeyInArchive(files=files, key_id=key_id)
    with _connected(owner_url) as engine, _alone(engine):
        _check_unused(engine, key_id)
        _wait_for_writers(engine)
        _check_unused(engine, key_id)
        return keyring.drop_key(key_id)


def settle(owner_url: str, report: Report = _SILENT) -> int:
    """After a migration: make the first ring, and encrypt what is plain; return how much.

    The ring of a server that somebody else runs is made by `rollbook keys new`: other machines need the same.
    Raises: ``RingMissing``, where plain values wait for it.
    """
    with _connected(owner_url) as engine:
        with Session(engine) as db:
            is_validated = db.scalar(SQL["is_validated"])
        if is_validated is None:
            return 0
        if not keyring.ring_path().exists() and not _made_ring(engine, must=not is_validated):
            return 0
        if is_validated:
            return 0
        with _alone(engine):
            values, _ = _rewrite_all(engine, keyring.ring().primary, report, BATCH_ROWS)
            _validate(engine)
            return values


def _made_ring(engine: Engine, *, must: bool) -> bool:
    """Make the ring unless it was lost, or is another's to make; say whether it is there."""
    usage = list(_usage(engine))
    is_ours = settings().database_url is None
    if is_ours and not any(one.key_id for one in usage):
        keyring.make_ring()
        return True
    if must and usage:
        keyring.ring()
    return False


def _surveyed(known: Keyring, usage: Sequence[Usage]) -> Survey:
    by_key = dict.fromkeys(known.keys, 0)
    for one in usage:
        if one.key_id:
            by_key[one.key_id] = by_key.get(one.key_id, 0) + one.values
    keys = [
        KeyUse(
            key_id,
            known.keys[key_id].made_at if key_id in known.keys else None,
            key_id == known.primary,
            key_id in known.keys,
            values,
        )
        for key_id, values in by_key.items()
    ]
    return Survey(known.path, keys, sum(one.values for one in usage if not one.key_id), usage)


def _usage(engine: Engine) -> Iterator[Usage]:
    for tenant_id, table in _places(engine):
        with _tenant(engine, tenant_id) as db:
            yield from table.usage(_raw(db), tenant_id)


def _places(engine: Engine) -> list[tuple[int, SealedTable]]:
    with Session(engine) as db:
        tables = find_tables(db)
        tenants = list(db.scalars(SQL["tenants"])) if tables else []
    return [(tenant_id, table) for tenant_id in tenants for table in tables]


def _rewrite_all(engine: Engine, key_id: str, report: Report, size: int) -> tuple[int, int]:
    """Pass over every table until nothing is written; return how much was, and how much cannot be."""
    total = 0
    while True:
        report.step(f"Encrypting with the key {key_id}")
        written = unreadable = 0
        for tenant_id, table in _places(engine):
            for batch in _batches(engine, tenant_id, table, key_id, size):
                written, unreadable = written + batch.values, unreadable + batch.unreadable
                report.advance(batch.rows)
        total += written
        if not written:
            return total, unreadable


def _batches(
    engine: Engine, tenant_id: int, table: SealedTable, key_id: str, size: int
) -> Iterator[Rewritten]:
    after: Key | None = None
    while True:
        with _tenant(engine, tenant_id) as db:
            db.execute(SQL["say_rekeying"])
            batch = table.rewrite(_raw(db), tenant_id, key_id, after, size)
        if not batch.rows:
            return
        yield batch
        after = batch.last


def _check_unused(engine: Engine, key_id: str) -> None:
    values = sum(one.values for one in _usage(engine) if one.key_id == key_id)
    if values:
        raise KeyInUse(values=values, key_id=key_id)


def _wait_for_writers(engine: Engine) -> None:
    """Wait until every transaction has ended that may have read the ring when the key still encrypted."""
    deadline = time.monotonic() + WAIT_S
    with Session(engine) as db:
        mark = db.scalar(SQL["next_transaction"])
        db.rollback()
        while db.scalar(SQL["oldest_transaction"]) < mark:
            db.rollback()
            if time.monotonic() > deadline:
                raise WritersRunning(seconds=WAIT_S)
            time.sleep(0.1)


def _validate(engine: Engine) -> None:
    """Have the database vouch that nothing is plain; where a writer is in the way, the next run does."""
    with Session(engine) as db:
        if db.scalar(SQL["is_validated"]) is not False:
            return
        db.execute(SQL["wait_briefly"])
        try:
            db.execute(_VALIDATE)
            db.commit()
        except OperationalError:  # lock_timeout
            db.rollback()


@contextmanager
def _connected(owner_url: str) -> Iterator[Engine]:
    url = owner_url.replace("postgres://", "postgresql://", 1)
    engine = create_engine(url, hide_parameters=True)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Hold the lock of this database; it dies with its process."""
    with engine.connect() as held:
        if not held.execute(SQL["try_lock"]).scalar_one():
            raise RotationRunning
        held.commit()
        yield


@contextmanager
def _tenant(engine: Engine, tenant_id: int) -> Iterator[Session]:
    with Session(engine) as db, db.begin():
        look_through(db, Visibility(tenant_id))
        yield db


def _raw(db: Session) -> Raw:
    raw = db.connection().connection.driver_connection
    assert isinstance(raw, Connection)
    return raw
