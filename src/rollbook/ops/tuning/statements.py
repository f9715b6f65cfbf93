"""What pg_stat_statements counted: between two moments, or since it began; never a value, only $1."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, DBAPIError

from rollbook.core.sql import named_sql
from rollbook.ops.tuning.bounds import Times, p95_at_most
from rollbook.ops.tuning.errors import StatementsHidden, StatementsNotCounted
from rollbook.ops.tuning.masking import is_planned, without_values

SQL: Final = named_sql("rollbook.ops.tuning", "statements.sql")
_HIDDEN: Final = "<insufficient privilege>"
_BLOCK_BYTES: Final = 8192
# What a counter of ours is called there. A server may lack one, as a version renames it: then it is 0.
_COUNTERS: Final = {
    "calls": "calls",
    "total_ms": "total_exec_time",
    "stddev_ms": "stddev_exec_time",
    "longest_ms": "max_exec_time",
    "rows": "rows",
    "hit": "shared_blks_hit",
    "read": "shared_blks_read",
    "temp": "temp_blks_read + temp_blks_written",
}


@dataclass(frozen=True, slots=True)
class Counters:
    """What was counted of one statement. Units: milliseconds, blocks of 8 KiB."""

    calls: int = 0
    total_ms: float = 0.0
    stddev_ms: float = 0.0
    longest_ms: float = 0.0
    rows: int = 0
    hit: int = 0
    read: int = 0
    temp: int = 0

    @property
    def mean_ms(self) -> float:
        """The mean time of a call."""
        return self.total_ms / self.calls if self.calls else 0.0

    @property
    def times(self) -> Times:
        """What is known of how long calls took."""
        return Times(self.calls, self.mean_ms, self.stddev_ms, self.longest_ms)

    def since(self, before: "Counters") -> "Counters":
        """Return what was counted after ``before``; all of it, where the counters began anew meanwhile.

        The deviation is that of the calls in between; the longest time is one that none of them exceeded.
        """
        if before.calls > self.calls or before.total_ms > self.total_ms:
            return self
        kept = ("stddev_ms", "longest_ms")
        sums = {
            each.name: getattr(self, each.name) - getattr(before, each.name)
            for each in fields(self)
            if each.name not in kept
        }
        between = Counters(**sums, longest_ms=self.longest_ms)
        return Counters(**{**asdict(between), "stddev_ms": _stddev_between(self, before, between)})


def _stddev_between(after: Counters, before: Counters, between: Counters) -> float:
    """Take the squares of ``before`` out of those of ``after``, as they were put together."""
    if not between.calls:
        return 0.0
    apart = (between.mean_ms - before.mean_ms) ** 2 * before.calls * between.calls / after.calls
    squares = after.stddev_ms**2 * after.calls - before.stddev_ms**2 * before.calls - apart
    # A call cannot exceed the longest, so neither can the spread: rounding may say otherwise.
    return float(min(max(squares, 0.0) / between.calls, after.longest_ms**2) ** 0.5)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of one role. ``text`` has $1 for values and is for planning; show ``shown``."""

    query_id: int
    role: str
    text: str
    counted: Counters

    @property
    def key(self) -> str:
        """What it is called in a snapshot."""
        return f"{self.role}/{self.query_id}"

    @property
    def shown(self) -> str:
        """Its text as it may be shown."""
        return without_values(self.text)

    @property
    def is_planned(self) -> bool:
        """Whether it reads or writes tables, unlike SET or COMMIT."""
        return is_planned(self.text)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counters of one database at a moment.

    ``database``: its name, with what tells it from others of that name; ``since``: when they began, where the
    server knows.
    """

    database: str
    at: datetime
    since: datetime | None
    statements: Sequence[Statement]


@dataclass(frozen=True, slots=True)
class Usage:
    """What one statement cost between two moments.

    Units:  milliseconds; ``time_share`` and ``cache_hit`` are 0..1, the first of all statements' time.
    Shape:  ``longest_ms`` is since the counters began; ``p95_at_most_ms`` is a bound that holds, no estimate.
    """

    query_id: int
    role: str
    query: str
    calls: int
    mean_ms: float
    stddev_ms: float
    longest_ms: float
    p95_at_most_ms: float
    rows: int
    total_ms: float
    time_share: float
    temp_mb: float
    cache_hit: float | None


def take(db: Connection) -> Snapshot:
    """Read the counters of this database's statements.

    Raises: ``StatementsNotCounted``; ``StatementsHidden``.
    """
    view = db.execute(SQL["statements_view"]).mappings().one_or_none()
    if view is None:
        raise StatementsNotCounted
    facts = db.execute(SQL["moment"]).mappings().one()
    schema = _quoted(db, str(view["schema"]))
    since = _since(db, schema)
    found = [_statement(row) for row in _rows(db, schema, set(view["columns"]))]
    if any(one.text == _HIDDEN for one in found):
        raise StatementsHidden(role=facts["role"])
    return Snapshot(facts["database"], facts["at"], since, found)


def _quoted(db: Connection, name: str) -> str:
    """Return a name as a statement may hold it."""
    quoted: str = db.dialect.identifier_preparer.quote(name)
    return quoted


def _rows(db: Connection, schema: str, columns: set[str]) -> Iterator[Mapping[str, Any]]:
    counters = [
        f"{there if set(there.split(' + ')) <= columns else 0} AS {ours}" for ours, there in _COUNTERS.items()
    ]
    top = "AND toplevel" if "toplevel" in columns else ""
    query = (
        "SELECT coalesce(queryid, 0) AS query_id, rolname AS role, coalesce(query, '') AS text,"  # noqa: S608 -- names of the catalogue
        f" {', '.join(counters)}"
        f" FROM {schema}.pg_stat_statements(%(with_text)s) INNER JOIN pg_roles ON pg_roles.oid = userid"
        " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
        f" {top}"
    )
    try:
        found = _asked(db, query, with_text=True)
    except DataError:  # the file of texts is damaged; the counters are in memory
        found = _asked(db, query, with_text=False)
    yield from found


def _asked(db: Connection, query: str, *, with_text: bool) -> list[Mapping[str, Any]]:
    try:
        return [dict(row) for row in db.exec_driver_sql(query, {"with_text": with_text}).mappings()]
    except DBAPIError as error:  # the extension is there, its library was not preloaded
        if getattr(error.orig, "sqlstate", "") == "55000":
            raise StatementsNotCounted from error
        raise


def _since(db: Connection, schema: str) -> datetime | None:
    try:
        found = db.exec_driver_sql(f"SELECT stats_reset FROM {schema}.pg_stat_statements_info")  # noqa: S608 -- a name of the catalogue
    except DBAPIError:
        return None
    since: datetime | None = found.scalar_one()
    return since


def _statement(row: Mapping[str, Any]) -> Statement:
    counted = Counters(**{name: row[name] for name in _COUNTERS})
    return Statement(row["query_id"], row["role"], row["text"], counted)


def between(before: Mapping[str, Counters], after: Snapshot) -> list[Statement]:
    """Return the statements that ran after ``before`` was taken, with what they cost since."""
    nothing = Counters()
    since = [
        Statement(one.query_id, one.role, one.text, one.counted.since(before.get(one.key, nothing)))
        for one in after.statements
    ]
    return [one for one in since if one.counted.calls > 0]


def usage(statements: Sequence[Statement]) -> list[Usage]:
    """Return what each statement cost, the costliest first."""
    total = sum(one.counted.total_ms for one in statements) or 1.0
    in_order = sorted(statements, key=lambda one: (-one.counted.total_ms, one.key))
    return [_usage(one, one.counted, total) for one in in_order]


def _usage(one: Statement, counted: Counters, total_ms: float) -> Usage:
    touched = counted.hit + counted.read
    return Usage(
        query_id=one.query_id,
        role=one.role,
        query=one.shown,
        calls=counted.calls,
        mean_ms=counted.mean_ms,
        stddev_ms=counted.stddev_ms,
        longest_ms=counted.longest_ms,
        p95_at_most_ms=p95_at_most([counted.times]),
        rows=counted.rows,
        total_ms=counted.total_ms,
        time_share=counted.total_ms / total_ms,
        temp_mb=counted.temp * _BLOCK_BYTES / 1e6,
        cache_hit=counted.hit / touched if touched else None,
    )


def recall(path: Path, database: str) -> tuple[datetime | None, dict[str, Counters]]:
    """Return when the counters of ``database`` were last kept in ``path``, and what they were."""
    try:
        kept = _read(path)[database]
        counters = {key: Counters(*values) for key, values in kept["counters"].items()}
        return datetime.fromisoformat(kept["at"]), counters
    except (KeyError, TypeError, ValueError, AttributeError):  # never asked, or by another release
        return None, {}


def keep(path: Path, snapshot: Snapshot) -> None:
    """Keep the counters in ``path``, for its owner alone: numbers by statement, no texts."""
    counters = {one.key: list(asdict(one.counted).values()) for one in snapshot.statements}
    kept = _read(path) | {snapshot.database: {"at": snapshot.at.isoformat(), "counters": counters}}
    new = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(kept, file)
    new.replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
