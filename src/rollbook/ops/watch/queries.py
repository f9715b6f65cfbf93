"""How long queries take, by operation and table: a histogram from the engine's own events.

A label is one of few: the operations below, and tables that are ours. Whatever else a statement names, a
partition, a temporary table, somebody's identifier, is "other".
"""

import re
import time
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any, Final

from prometheus_client import CollectorRegistry, Histogram
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext

OTHER: Final = "other"
OPERATIONS: Final = ("select", "insert", "update", "delete", "merge", "copy", "call")
_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WRITES: Final = re.compile(
    r"\b(INSERT)\s+INTO\b|\b(UPDATE)\s+\w|\b(DELETE)\s+FROM\b|\b(MERGE)\s+INTO\b", re.IGNORECASE
)
_NAMED: Final = re.compile(
    r'\b(?:FROM|JOIN|INTO|UPDATE|COPY|USING)\s+(?:ONLY\s+)?(?:[a-z_]+\.)?"?([a-z_][a-z0-9_]*)', re.IGNORECASE
)
_COMMENT: Final = re.compile(r"--[^\n]*")
_KEPT: Final = 2_000
_BEGAN: Final = "rollbook_query_began"


def time_queries(engines: Iterable[Engine], registry: CollectorRegistry, tables: Collection[str]) -> None:
    """Time every statement of ``engines``, those too that fail; ``tables`` are the names that may be told."""
    durations = Histogram(
        "db_query_duration_seconds",
        "Time that the database took for a statement.",
        ("operation", "table"),
        buckets=_BUCKETS,
        registry=registry,
    )
    ours = frozenset(tables)

    @lru_cache(_KEPT)
    def series(statement: str) -> Histogram:
        return durations.labels(*labels_of(statement, ours))

    def note(connection: Connection, statement: str) -> None:
        began = connection.info.pop(_BEGAN, None)
        if began is not None:
            series(statement).observe(time.perf_counter() - began)

    for engine in engines:
        _listen(engine, note)


def _listen(engine: Engine, note: Any) -> None:  # noqa: ANN401 -- the function above
    def begin(connection: Connection, *_: object) -> None:
        connection.info[_BEGAN] = time.perf_counter()

    def end(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        note(connection, statement)

    def fail(context: ExceptionContext) -> None:
        if context.connection is not None and not context.connection.closed and context.statement:
            note(context.connection, context.statement)

    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    event.listen(engine, "handle_error", fail)


def labels_of(statement: str, ours: Collection[str]) -> tuple[str, str]:
    """Return what a statement does, and the first table of ours that it names."""
    text = _COMMENT.sub("", statement).lstrip(" \n\t(")
    first = text.split(None, 1)[0].lower() if text else ""
    if first == "with":
        written = _WRITES.search(text)
        first = next(filter(None, written.groups())).lower() if written else "select"
    names = (found.lower() for found in _NAMED.findall(text))
    table = next((name for name in names if name in ours), OTHER)
    return first if first in OPERATIONS else OTHER, table
