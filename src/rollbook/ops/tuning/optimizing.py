"""Look after tables and indexes: only where figures demand it, and never in the application's way.

VACUUM does not give back a table's end (that would lock it), and leaves a table that is locked to the next
run. Indexes are rebuilt concurrently.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import psycopg
from psycopg import sql
from sqlalchemy import Connection

from rollbook.core.progress import Report, Silent
from rollbook.ops.tuning import bloat, indexes, upkeep
from rollbook.ops.tuning.building import briefly, drop
from rollbook.ops.tuning.estimates import FarOff, far_off, judge
from rollbook.ops.tuning.looking import Raw
from rollbook.ops.tuning.statements import Statement

Kind = Literal["vacuum", "analyze", "reindex", "drop invalid", "statistics"]
Outcome = Literal["done", "skipped", "taken back", "failed"]
_SILENT: Final = Silent()
_TARGET: Final = 1_000
_TRIES: Final = 5
_TABLE_OF_BROKEN: Final = """
SELECT pg_namespace.nspname, pg_class.relname
FROM pg_index
INNER JOIN pg_class ON pg_class.oid = pg_index.indrelid
INNER JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
WHERE pg_index.indexrelid = to_regclass(%s) AND NOT (pg_index.indisvalid AND pg_index.indisready)
"""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. ``why`` is a sentence with the figures that ask for it."""

    kind: Kind
    schema: str
    name: str
    why: str
    estimate: FarOff | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task: ``skipped`` where the table was locked; ``taken back`` where it did not help.

    ``reason``: why it failed, as PostgreSQL says.
    """

    task: Task
    outcome: Outcome
    reason: str = ""

    @property
    def sentence(self) -> str:
        """What became of it, for a person."""
        return f"{self.outcome}: {self.reason}" if self.reason else self.outcome


def tasks(
    db: Connection, workload: Sequence[Statement] = (), *, least_bytes: int = bloat.LEAST_BYTES
) -> list[Task]:
    """Say what there is to do. Reads the catalogue, and suspicious indexes; changes nothing."""
    return [
        *(
            Task("drop invalid", one.schema, one.name, "a failed build left it")
            for one in indexes.invalid(db)
        ),
        *_of_tables(db),
        *(
            Task("reindex", one.schema, one.name, f"{one.filled:.0%} of its leaves are filled")
            for one in bloat.proven(db, least_bytes=least_bytes)
        ),
        *(
            Task("statistics", one.schema, one.table, f"{one.column}: {one.sentence}", one)
            for one in far_off(db, workload)
        ),
    ]


def _of_tables(db: Connection) -> Iterator[Task]:
    for table in upkeep.tables(db):
        if table.is_littered and not table.is_partitioned:
            yield Task("vacuum", table.schema, table.name, f"{table.dead:,} dead rows beside {table.live:,}")
        elif table.is_stale:
            changed = f"{table.changed:,} rows changed" if table.is_looked_at else "it was never looked at"
            yield Task("analyze", table.schema, table.name, changed)


def optimize(db: Connection, owner: Raw, todo: Sequence[Task], report: Report = _SILENT) -> list[Done]:
    """Do ``todo`` as the tables' owner; ``db`` looks whether estimates became better.

    Safe beside a working application, and again at any time. No lock that stops readers or writers is held
    longer than a moment.
    """
    done = []
    for task in todo:
        report.step(f"{task.kind.capitalize()} {task.name} ({task.why})")
        done.append(_attempt(db, owner, task))
    return done


def _attempt(db: Connection, owner: Raw, task: Task) -> Done:
    """Do ``task``; one that fails keeps no other from being done."""
    try:
        return Done(task, _do(db, owner, task))
    except psycopg.Error as error:
        if owner.closed:
            raise
        return Done(task, "failed", error.diag.message_primary or type(error).__name__)


def _do(db: Connection, owner: Raw, task: Task) -> Outcome:
    name = sql.Identifier(task.schema, task.name)
    match task.kind:
        case "vacuum":
            return _told(owner, sql.SQL("VACUUM (ANALYZE, TRUNCATE FALSE, SKIP_LOCKED) {}").format(name))
        case "analyze":
            return _analyze(owner, name)
        case "drop invalid":
            return _drop_broken(owner, task)
        case "reindex":
            return _reindex(owner, task)
        case "statistics":
            return _raise_target(db, owner, task)


def _analyze(owner: Raw, name: sql.Identifier) -> Outcome:
    """Look at a table; at a partitioned one as a whole, where this server can leave its parts alone."""
    try:
        return _told(owner, sql.SQL("ANALYZE (SKIP_LOCKED) ONLY {}").format(name))
    except psycopg.errors.SyntaxError:
        return _told(owner, sql.SQL("ANALYZE (SKIP_LOCKED) {}").format(name))


def _told(owner: Raw, statement: sql.Composed) -> Outcome:
    """Run a statement that says, and does not fail, when it skips what is locked."""
    said: list[str] = []

    def hear(notice: psycopg.errors.Diagnostic) -> None:
        said.append(notice.message_primary or "")

    owner.add_notice_handler(hear)
    try:
        owner.execute(statement)
    finally:
        owner.remove_notice_handler(hear)
    return "skipped" if any("skipping" in line for line in said) else "done"


def _drop_broken(owner: Raw, task: Task) -> Outcome:
    """Drop an index that is broken still once nobody builds on its table: it may have been built anew."""
    name = sql.Identifier(task.schema, task.name)
    asked = [name.as_string(owner)]

    def change() -> None:
        found = owner.execute(_TABLE_OF_BROKEN, asked).fetchone()
        if found is None:
            return
        owner.execute(sql.SQL("LOCK TABLE {} IN SHARE UPDATE EXCLUSIVE MODE").format(sql.Identifier(*found)))
        if owner.execute(_TABLE_OF_BROKEN, asked).fetchone() is not None:
            owner.execute(sql.SQL("DROP INDEX {}").format(name))

    try:
        briefly(owner, change, tries=_TRIES)
    except psycopg.errors.LockNotAvailable:
        return "skipped"
    return "done"


def _reindex(owner: Raw, task: Task) -> Outcome:
    try:
        owner.execute(sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(sql.Identifier(task.schema, task.name)))
    except (psycopg.errors.DeadlockDetected, psycopg.errors.QueryCanceled):
        left = owner.execute(
            "SELECT relname FROM pg_index INNER JOIN pg_class ON pg_class.oid = indexrelid"
            " WHERE NOT indisvalid AND relname ~ ('^' || %s || '_cc(new|old)[0-9]*$')",
            [task.name],
        ).fetchall()
        for (name,) in left:
            drop(owner, (task.schema, name))
        return "skipped"
    return "done"


def _raise_target(db: Connection, owner: Raw, task: Task) -> Outcome:
    """Have more kept of a column; where the estimate comes no nearer, as much as before."""
    assert task.estimate is not None
    before = task.estimate
    _keep_statistics(owner, before, _TARGET)
    if judge(db, before) * 2 <= before.factor:
        return "done"
    _keep_statistics(owner, before, before.target)
    return "taken back"


def _keep_statistics(owner: Raw, column: FarOff, target: int) -> None:
    table, name = sql.Identifier(column.schema, column.table), sql.Identifier(column.column)
    change = sql.SQL("ALTER TABLE {} ALTER COLUMN {} SET STATISTICS {}").format(
        table, name, sql.Literal(target)
    )
    briefly(owner, lambda: owner.execute(change))
    owner.execute(sql.SQL("ANALYZE {} ({})").format(table, name))
