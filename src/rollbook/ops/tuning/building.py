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
from rollbook.ops.tuning.errors import IndexNotBuilt, UpkeepRunning
from rollbook.ops.tuning.looking import Raw
from rollbook.ops.tuning.twin import create_statement

# "tuning" in ASCII
_LOCK: Final = 0x74756E696E67
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
    """Connect as the owner, without any timeout, each statement its own transaction; one at a time.

    Another would find an index that is being built half done, and drop it.
    Raises: ``UpkeepRunning``.
    """
    with psycopg.connect(owner_url, autocommit=True, application_name="rollbook ops") as db:
        db.execute("SET lock_timeout = 0")
        db.execute("SET statement_timeout = 0")
        if db.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK]).fetchone() != (True,):
            raise UpkeepRunning
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
        if not (db.closed or isinstance(error, psycopg.errors.DuplicateTable)):  # somebody else's was quicker
            drop(db, index)
        raise IndexNotBuilt(index=name, table=".".join(wanted.table), reason=type(error).__name__) from error
    if db.execute(_STATE, [_quoted(db, index)]).fetchone() != (True,):
        drop(db, index)
        raise IndexNotBuilt(index=name, table=".".join(wanted.table), reason="it is not valid")
    return True


def _build_partitioned(db: Raw, name: str, wanted: Candidate, report: Report) -> bool:
    """Make the whole's entry, which later partitions follow, then each part's; the last makes it valid."""
    index = (wanted.table[0], name)
    state = db.execute(_STATE, [_quoted(db, index)]).fetchone()
    if state == (True,):
        return False
    built: list[Table] = []
    try:
        if state is None:
            briefly(db, lambda: db.execute(create_statement(name, wanted, how="ONLY")))
        for schema, table in db.execute(_PARTITIONS, [_quoted(db, wanted.table)]).fetchall():
            _build_part(db, index, (schema, table), wanted, built, report)
    except (IndexNotBuilt, psycopg.Error) as error:
        if not db.closed:
            _take_back(db, index, built)
        if isinstance(error, IndexNotBuilt):
            raise
        raise IndexNotBuilt(index=name, table=".".join(wanted.table), reason=type(error).__name__) from error
    if db.execute(_STATE, [_quoted(db, index)]).fetchone() != (True,):
        _take_back(db, index, built)
        raise IndexNotBuilt(index=name, table=".".join(wanted.table), reason="a partition has none")
    return True


def _build_part(  # noqa: PLR0913, PLR0917 -- what a build is about
    db: Raw, index: Table, part: Table, wanted: Candidate, built: list[Table], report: Report
) -> None:
    name = part_name(index, part, wanted)
    if _build_one(db, name, Candidate(part, wanted.keys, wanted.include), report):
        built.append((part[0], name))
    attach = sql.SQL("ALTER INDEX {} ATTACH PARTITION {}").format(
        sql.Identifier(*index), sql.Identifier(part[0], name)
    )
    briefly(db, lambda: db.execute(attach))


def _take_back(db: Raw, index: Table, built: Sequence[Table]) -> None:
    """Take back a build: the whole's entry with what joined it, then what was built and did not yet."""
    gone = sql.SQL("DROP INDEX IF EXISTS {}").format(sql.Identifier(*index))
    briefly(db, lambda: db.execute(gone))
    for part in built:
        drop(db, part)


def part_name(index: Table, part: Table, wanted: Candidate) -> str:
    """Return what a partition's index is called: as that of the whole, which is called as no other."""
    whole, table = index[1], wanted.table[1]
    return fitting(whole.replace(table, part[1], 1) if table in whole else f"{whole}_{part[1]}")


def fitting(name: str) -> str:
    """Return ``name``, or where PostgreSQL would cut it one that stays apart from others so cut."""
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{name.encode()[: _LONGEST_NAME - 9].decode(errors='ignore')}_{mark}"


def drop(db: Raw, index: tuple[str, str]) -> None:
    """Drop an index without stopping writers; nothing happens where there is none."""
    db.execute(sql.SQL("DROP INDEX CONCURRENTLY IF EXISTS {}").format(sql.Identifier(*index)))


def briefly(db: Raw, change: Callable[[], object], *, tries: int = _TRIES) -> None:
    """Do ``change``, which locks a table for a moment, waiting for the lock no longer than others notice."""
    for attempt in range(tries):
        try:
            with db.transaction():
                db.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(_LOCK_MS)))
                change()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if attempt == tries - 1:
                raise
            time.sleep(pause_s(0))
        else:
            return


def _quoted(db: Raw, name: Sequence[str]) -> str:
    return sql.Identifier(*name).as_string(db)
