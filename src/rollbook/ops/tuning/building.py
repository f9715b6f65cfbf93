"""Build indexes while the application works: concurrently, without a lock timeout, and looked at afterwards.

A timeout would leave an index that is written and never read, and IF NOT EXISTS would then find it good.
Where a lock is needed for a moment (a partitioned table's own entry), it is asked for briefly, repeatedly.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql

from rollbook.core.progress import Report, Silent
from rollbook.ops.online import pause_s
from rollbook.ops.tuning.candidates import Candidate, Table
from rollbook.ops.tuning.errors import IndexNotBuilt
from rollbook.ops.tuning.looking import Raw
from rollbook.ops.tuning.twin import create_statement

_LOCK_MS: Final = 150
_TRIES: Final = 100
_LONGEST_NAME: Final = 63
_SILENT: Final = Silent()
_STATE: Final = """
SELECT indisvalid AND indisready FROM pg_index WHERE indexrelid = to_regclass(%s)
"""
_PARTITIONS: Final = """
SELECT pg_namespace.nspname, pg_class.relname
FROM pg_partition_tree(to_regclass(%s)) AS tree
INNER JOIN pg_class ON pg_class.oid = tree.relid
INNER JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
WHERE tree.isleaf AND tree.level > 0
ORDER BY pg_class.relname
"""
_DEFINITION: Final = "SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)"


@contextmanager
def patient(owner_url: str) -> Iterator[Raw]:
    """Connect as the owner, without any timeout, each statement its own transaction."""
    with psycopg.connect(owner_url, autocommit=True, application_name="rollbook ops") as db:
        db.execute("SET lock_timeout = 0")
        db.execute("SET statement_timeout = 0")
        yield db


def build(db: Raw, name: str, wanted: Candidate, report: Report = _SILENT) -> bool:
    """Build the index ``name`` online; of a partitioned table on each partition, then as a whole.

    Return whether it was built: one of this name that is valid is left as it is.
    Raises: ``IndexNotBuilt``, and nothing is left then.
    """
    found = db.execute(_DEFINITION, [_quoted(db, wanted.table)]).fetchone()
    if found and found[0]:
        return _build_partitioned(db, name, wanted, report)
    return _build_one(db, name, wanted, report)


def _build_one(db: Raw, name: str, wanted: Candidate, report: Report) -> bool:
    index = (wanted.table[0], name)
    state = db.execute(_STATE, [_quoted(db, index)]).fetchone()
    if state == (True,):
        return False
    if state == (False,):
        report.step(f"Dropping {name}, which an earlier build left broken")
        drop(db, index)
    report.step(f"Building {name}")
    try:
        db.execute(create_statement(name, wanted, how="CONCURRENTLY"))
    except psycopg.Error as error:
        if not db.closed:
            drop(db, index)
        raise IndexNotBuilt(index=name, table=".".join(wanted.table), reason=type(error).__name__) from error
    if db.execute(_STATE, [_quoted(db, index)]).fetchone() != (True,):
        drop(db, index)
        raise IndexNotBuilt(index=name, table=".".join(wanted.table), reason="it is not valid")
    return True


def _build_partitioned(db: Raw, name: str, wanted: Candidate, report: Report) -> bool:
    """Make the whole's entry, which later partitions follow, then each part's; the last makes it valid."""
    index = (wanted.table[0], name)
    if db.execute(_STATE, [_quoted(db, index)]).fetchone() == (True,):
        return False
    if db.execute(_STATE, [_quoted(db, index)]).fetchone() is None:
        briefly(db, lambda: db.execute(create_statement(name, wanted, how="ONLY")))
    parts = [(schema, table) for schema, table in db.execute(_PARTITIONS, [_quoted(db, wanted.table)])]
    try:
        for part in parts:
            _build_part(db, index, part, wanted, report)
    except IndexNotBuilt:
        _drop_partitioned(db, index, parts, wanted)
        raise
    if db.execute(_STATE, [_quoted(db, index)]).fetchone() != (True,):
        _drop_partitioned(db, index, parts, wanted)
        raise IndexNotBuilt(index=name, table=".".join(wanted.table), reason="a partition has none")
    return True


def _build_part(db: Raw, index: Table, part: Table, wanted: Candidate, report: Report) -> None:
    name = part_name(part, wanted)
    _build_one(db, name, Candidate(part, wanted.keys, wanted.include), report)
    attach = sql.SQL("ALTER INDEX {} ATTACH PARTITION {}").format(
        sql.Identifier(*index), sql.Identifier(part[0], name)
    )
    briefly(db, lambda: db.execute(attach))


def _drop_partitioned(db: Raw, index: Table, parts: Sequence[Table], wanted: Candidate) -> None:
    """Take back a build: the whole's entry with what joined it, then what did not yet."""
    gone = sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(*index))
    briefly(db, lambda: db.execute(gone))
    for part in parts:
        drop(db, (part[0], part_name(part, wanted)))


def part_name(part: Table, wanted: Candidate) -> str:
    """Return what a partition's index is called."""
    return fitting("_".join(("ix", part[1], *wanted.columns)))


def fitting(name: str) -> str:
    """Return ``name``, or where PostgreSQL would cut it one that stays apart from others so cut."""
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: _LONGEST_NAME - 9].decode(errors='ignore')}_{mark}"


def drop(db: Raw, index: tuple[str, str]) -> None:
    """Drop an index without stopping writers; nothing happens where there is none."""
    db.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(*index)))


def briefly(db: Raw, change: Callable[[], object]) -> None:
    """Do ``change``, which locks a table for a moment, waiting for the lock no longer than others notice."""
    for attempt in range(_TRIES):
        try:
            with db.transaction():
                db.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(_LOCK_MS)))
                change()
        except psycopg.errors.LockNotAvailable:
            if attempt == _TRIES - 1:
                raise
            time.sleep(pause_s(0))
        else:
            return


def _quoted(db: Raw, name: Sequence[str]) -> str:
    return sql.Identifier(*name).as_string(db)
