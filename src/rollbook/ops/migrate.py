"""Bring the schema to a revision, forth or back, one process at a time, while others read and write.

Each migration is a transaction of its own, tried again while somebody's lock is in its way (online.py).
"""

import re
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
from rollbook.ops import online, rekeying
from rollbook.ops.errors import (
    MigrationBlocked,
    MigrationBusy,
    MigrationFailed,
    RevisionUnknown,
    SchemaNewer,
)
from rollbook.ops.waiting import watched

LOCK_TIMEOUT_S: Final = 900
PATIENCE_S: Final = 600.0
# Where versions are looked for, the first ones being those that shipped.
VERSIONS: Final = ["rollbook:migrations/versions"]
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


def upgrade(
    owner_url: str, revision: str = "head", report: Report = _SILENT, *, patience_s: float = PATIENCE_S
) -> list[Revision]:
    """Apply what is missing up to ``revision``; return it, oldest first.

    Each migration is a transaction of its own: one that fails leaves those before it.
    Afterwards what was plain in columns that are encrypted now is encrypted.
    Units:  each migration is tried again for ``patience_s`` seconds while locks are in its way.
    Raises: ``MigrationFailed``; ``MigrationBlocked``; ``MigrationBusy``; ``SchemaNewer``;
    ``RevisionUnknown``; ``RingMissing``.
    """
    with _connected(owner_url) as db:
        done = _upgrade(db, revision, report, patience_s) if _missing(db, revision) else []
    rekeying.settle(owner_url, report)
    return done


def _upgrade(db: Connection, revision: str, report: Report, patience_s: float) -> list[Revision]:
    with _alone(db, report):
        missing = _missing(db, revision)  # somebody else may have been at it
        if missing:
            report.step(f"Migrating the schema ({len(missing)} steps)")
            _run(db, "upgrade", missing[-1].id, report, patience_s)
        return missing


def downgrade(
    owner_url: str, revision: str = "-1", report: Report = _SILENT, *, patience_s: float = PATIENCE_S
) -> list[Revision]:
    """Undo migrations down to ``revision``, by default one; "base" undoes all. Return them, newest first.

    Raises: as ``upgrade``.
    """
    with _connected(owner_url) as db, _alone(db, report):
        before = _applied(db)
        report.step("Taking the schema back")
        _run(db, "downgrade", _absolute(before, revision), report, patience_s)
        after = {step.id for step in _applied(db)}
        return [step for step in reversed(before) if step.id not in after]


def _absolute(applied: list[Revision], revision: str) -> str:
    """Return the revision that "-2" leads to from here: when it is tried again, here is elsewhere."""
    if not re.fullmatch(r"-\d+", revision):
        found = _known(revision)
        return found.id if found else "base"
    left = len(applied) - int(revision[1:])
    if left < 0:
        raise RevisionUnknown(revision=revision, reason=f"only {len(applied)} migrations are applied")
    return applied[left - 1].id if left else "base"


def force(owner_url: str, revision: str, report: Report = _SILENT) -> Revision | None:
    """Note that the schema is at ``revision``, whatever it is; change nothing else. "base": at none.

    Raises: ``RevisionUnknown``; ``MigrationBusy``.
    """
    with _connected(owner_url) as db, _alone(db, report):
        found = _known(revision)
        report.step("Noting the revision")
        command.stamp(_config(db), found.id if found else "base", purge=True)
    return found


def _known(revision: str) -> Revision | None:
    """Return the migration of that name, such as "head"; None: "base"."""
    try:
        found = None if revision == "base" else _scripts().get_revision(revision)
    except (CommandError, RevisionError) as error:
        raise RevisionUnknown(revision=revision, reason=str(error).rstrip(".")) from error
    return Revision(found.revision, found.doc) if found else None


def to_undo(owner_url: str, revision: str = "-1") -> tuple[str, list[Revision]]:
    """Return the revision that ``revision`` means from here, and what going back to it undoes, newest first.

    Raises: ``SchemaNewer``; ``RevisionUnknown``.
    """
    with _connected(owner_url) as db:
        applied = _applied(db)
    wanted = _absolute(applied, revision)
    at = next((place for place, step in enumerate(applied, 1) if step.id == wanted), 0)
    if not at and wanted != "base":
        raise RevisionUnknown(revision=revision, reason="it is not applied")
    return wanted, applied[at:][::-1]


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


def way_to(owner_url: str, revision: str) -> tuple[str, list[Revision]]:
    """Return where the way to ``revision`` begins, and its steps: those missing, or the one if it is applied.

    Raises: ``SchemaNewer``; ``RevisionUnknown``.
    """
    with _connected(owner_url) as db:
        missing, applied = _missing(db, revision), _applied(db)
    if missing:
        return applied[-1].id if applied else "base", missing
    found = _scripts().get_revision(revision)
    before = found.down_revision if found else None
    wanted = [step for step in applied if found and step.id == found.revision]
    return before if isinstance(before, str) else "base", wanted


def walk(db: Connection, revision: str) -> None:
    """Migrate a scratch database up to ``revision``, over a connection that somebody watches."""
    command.upgrade(_config(db), revision)


def newest() -> str | None:
    """Return the revision that this version of Rollbook needs, without asking a database."""
    return _scripts().get_current_head()


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", "rollbook:migrations")
    config.set_main_option("version_locations", "\n".join(VERSIONS))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    return config


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    """Connect as the owner, outside any pool: the lock must end with its connection."""
    engine = create_engine(url.replace("postgres://", "postgresql://", 1), poolclass=NullPool)
    with engine.connect() as db:
        online.give_time_to_builds(db)
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


def _run(db: Connection, verb: str, revision: str, report: Report, patience_s: float) -> None:
    """Run it, again and again while locks are in the way of one and the same migration, but not for ever."""
    here, tries, deadline = _heads(db), 0, time.monotonic() + patience_s
    while (error := _tried(db, verb, revision)) is not None:
        if _heads(db) != here:
            here, tries, deadline = _heads(db), 0, time.monotonic() + patience_s
        step, found = _next(db, verb), online.holders(db, error.statement)
        held_by = online.listed(found)
        if time.monotonic() > deadline:
            raise MigrationBlocked(step=step, seconds=round(patience_s), holders=held_by) from error
        report.step(f"Waiting for a moment to do {step}: locks are held by process {held_by}")
        online.send_autovacuum_away(db, found)
        time.sleep(online.pause_s(tries, found))
        tries += 1


def _tried(db: Connection, verb: str, revision: str) -> DBAPIError | None:
    """Run it; return the error where a lock was in the way."""
    with watched(db) as watch:
        error = _refusal(db, verb, revision)
    if error is None:
        return None
    db.rollback()
    online.clear_up(db, error)
    if not (online.is_in_the_way(error) or watch.has_ended(error)):
        reason = str(error.orig).splitlines()[0].rstrip(".")
        raise MigrationFailed(step=_next(db, verb), reason=reason) from error
    return error


def _refusal(db: Connection, verb: str, revision: str) -> DBAPIError | None:
    """Run it; return what the database says where it refuses."""
    try:
        getattr(command, verb)(_config(db), revision)
    except (CommandError, RevisionError) as error:
        raise RevisionUnknown(revision=revision, reason=str(error).rstrip(".")) from error
    except DBAPIError as error:
        return error
    return None


def _next(db: Connection, verb: str) -> str:
    """Name the migration that comes next, or that failed."""
    steps = _missing(db, "head") if verb == "upgrade" else list(reversed(_applied(db)))
    return f"{steps[0].id} ({steps[0].title.rstrip('.')})" if steps else verb


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
