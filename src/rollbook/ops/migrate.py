"""Bring the schema to a revision, forth or back, one process at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util.exc import CommandError
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from rollbook.core.progress import Report, Silent
from rollbook.ops import rekeying
from rollbook.ops.errors import (
    MigrationBusy,
    MigrationFailed,
    RevisionUnknown,
    SchemaNewer,
)

LOCK_TIMEOUT_S: Final = 900
# "rollbook" in ASCII: an advisory lock is a number that everyone agrees on
_LOCK: Final = 0x726F6C6C626F6F6B
_TRY_LOCK: Final = text("SELECT pg_try_advisory_lock(:key)")
_UNLOCK: Final = text("SELECT pg_advisory_unlock(:key)")
_SILENT: Final = Silent()


@dataclass(frozen=True, slots=True)
class Revision:
    """One migration: its identifier and what it does."""

    id: str
    title: str


def upgrade(owner_url: str, revision: str = "head", report: Report = _SILENT) -> list[Revision]:
    """Apply what is missing up to ``revision``; return it, oldest first.

    Each migration is a transaction of its own: one that fails leaves those before it.
    Afterwards what was plain in columns that are encrypted now is encrypted.
    Raises: ``MigrationFailed``; ``MigrationBusy``; ``SchemaNewer``; ``RevisionUnknown``; ``RingMissing``.
    """
    with _connected(owner_url) as db:
        done = _upgrade(db, revision, report) if _missing(db, revision) else []
    rekeying.settle(owner_url, report)
    return done


def _upgrade(db: Connection, revision: str, report: Report) -> list[Revision]:
    with _alone(db, report):
        missing = _missing(db, revision)  # somebody else may have been at it
        report.step(f"Migrating the schema ({len(missing)} steps)")
        _run(db, "upgrade", revision)
        return missing


def downgrade(owner_url: str, revision: str = "-1", report: Report = _SILENT) -> list[Revision]:
    """Undo migrations down to ``revision``, by default one; "base" undoes all. Return them, newest first.

    Raises: as ``upgrade``.
    """
    with _connected(owner_url) as db, _alone(db, report):
        before = _applied(db)
        report.step("Taking the schema back")
        _run(db, "downgrade", revision)
        after = {step.id for step in _applied(db)}
        return [step for step in reversed(before) if step.id not in after]


def current(owner_url: str) -> Revision | None:
    """Return the newest migration that is applied; None where there is none yet.

    Raises: ``SchemaNewer``.
    """
    with _connected(owner_url) as db:
        applied = _applied(db)
    return applied[-1] if applied else None


def pending(owner_url: str, revision: str = "head") -> list[Revision]:
    """Return the migrations up to ``revision`` that are not applied, oldest first.

    Raises: ``SchemaNewer``; ``RevisionUnknown``.
    """
    with _connected(owner_url) as db:
        return _missing(db, revision)


def newest() -> str | None:
    """Return the revision that this version of Rollbook needs, without asking a database."""
    return _scripts().get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "rollbook:migrations")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Connect as the owner, outside any pool: the lock must end with its connection."""
    engine = create_engine(url.replace("postgres://", "postgresql://", 1), poolclass=NullPool)
    with engine.connect() as db:
        yield db


@contextmanager
def _alone(db: Connection, report: Report) -> Iterator[None]:
    """Hold the lock that every migrating process takes.

    Asked for again and again rather than waited for: a waiting statement would hold a snapshot, for which
    CREATE INDEX CONCURRENTLY in the other process would wait in turn.
    """
    deadline = time.monotonic() + LOCK_TIMEOUT_S
    told = False
    while not _try_lock(db):
        if not told:
            report.step("Waiting for another migration to end")
            told = True
        if time.monotonic() > deadline:
            raise MigrationBusy(seconds=LOCK_TIMEOUT_S)
        time.sleep(0.1)
    try:
        yield
    finally:
        if not db.invalidated:
            db.rollback()
            db.execute(_UNLOCK, {"key": _LOCK})
            db.commit()


def _try_lock(db: Connection) -> bool:
    got: bool = db.execute(_TRY_LOCK, {"key": _LOCK}).scalar_one()
    db.commit()
    return got


def _run(db: Connection, verb: str, revision: str) -> None:
    try:
        getattr(command, verb)(_config(db), revision)
    except (CommandError, RevisionError) as error:
        raise RevisionUnknown(revision=revision, reason=str(error).rstrip(".")) from error
    except DBAPIError as error:
        db.rollback()
        raise _failure(db, verb, error) from error


def _failure(db: Connection, verb: str, error: DBAPIError) -> MigrationFailed:
    steps = _missing(db, "head") if verb == "upgrade" else list(reversed(_applied(db)))
    step = f"{steps[0].id} ({steps[0].title.rstrip('.')})" if steps else verb
    return MigrationFailed(step=step, reason=str(error.orig).splitlines()[0].rstrip("."))


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _heads(db: Connection) -> tuple[str, ...]:
    heads = MigrationContext.configure(db).get_current_heads()
    db.rollback()
    return heads


def _applied(db: Connection) -> list[Revision]:
    return _between(_heads(db) or ("base",), "base")


def _missing(db: Connection, revision: str) -> list[Revision]:
    heads = _heads(db)
    _between(heads or ("base",), "base")  # does this release know them?
    try:
        found = _scripts().iterate_revisions(revision, heads or "base", implicit_base=True)
        return _in_order(found)
    except (CommandError, RevisionError) as error:
        raise RevisionUnknown(revision=revision, reason=str(error).rstrip(".")) from error


def _between(upper: tuple[str, ...], lower: str) -> list[Revision]:
    if upper == ("base",):
        return []
    try:
        return _in_order(_scripts().iterate_revisions(upper, lower))
    except (CommandError, RevisionError) as error:
        raise SchemaNewer(revision=", ".join(upper)) from error


def _in_order(newest_first: Iterator[Script]) -> list[Revision]:
    return [Revision(step.revision, step.doc) for step in reversed(list(newest_first))]
