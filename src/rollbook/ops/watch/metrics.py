"""The measures as Prometheus knows them. Units are in the names; what only grows ends in "_total"."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric

from rollbook.core.checks import Checked, State
from rollbook.ops.runs import Run
from rollbook.ops.watch.health import Look
from rollbook.ops.watch.measures import Seen

PREFIX: Final = "rollbook_postgres_"
_STATES: Final = {State.FINE: 0, State.WARNING: 1, State.WRONG: 2}
Values = Iterable[tuple[Sequence[str], float | None]]


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: the figure ``column`` of each row of a measure, told apart by the row's ``labels``."""

    name: str
    told: str
    measure: str
    column: str
    labels: tuple[str, ...] = ()


FAMILIES: Final = (
    Family("start_time_seconds", "When PostgreSQL was started, since 1970.", "server", "started_seconds"),
    Family("connections", "Client connections, by state.", "connections", "connections", ("state",)),
    Family("connections_limit", "Client connections that may be.", "connection_limit", "most"),
    Family("waiting_sessions", "Sessions that wait for a lock.", "waits", "sessions"),
    Family("longest_wait_seconds", "The longest that a session waits.", "waits", "oldest_seconds"),
    Family("locks_granted", "Locks that are held, by mode.", "locks", "granted", ("mode",)),
    Family("locks_waiting", "Locks that are waited for, by mode.", "locks", "waiting", ("mode",)),
    Family("transactions_open", "Transactions under way.", "transactions", "transactions", ("kind",)),
    Family(
        "oldest_transaction_seconds",
        "Age of the oldest transaction.",
        "transactions",
        "oldest_seconds",
        ("kind",),
    ),
    Family("replicas", "Replicas that stream from this server.", "replication", "replicas"),
    Family("replication_lag_bytes", "What the last replica has not replayed.", "replication", "lag_bytes"),
    Family("replication_lag_seconds", "How far the last replica is behind.", "replication", "lag_seconds"),
    Family("standby", "1 where this server is a copy.", "standby", "is_standby"),
    Family("standby_lag_seconds", "How far this server, a copy, is behind.", "standby", "lag_seconds"),
    Family("slots_active", "Replication slots that somebody reads.", "slot_totals", "active"),
    Family("slots_inactive", "Replication slots that nobody reads.", "slot_totals", "inactive"),
    Family("slots_retained_bytes", "The most that a slot keeps.", "slot_totals", "retained_bytes"),
    Family("wal_bytes_total", "Bytes written to the log.", "wal", "bytes"),
    Family("wal_records_total", "Records written to the log.", "wal", "records"),
    Family("wal_full_page_images_total", "Whole pages in the log.", "wal", "full_page_images"),
    Family("wal_files_bytes", "The log that is kept.", "wal_files", "bytes"),
    Family("archived_files_total", "Files of the log that were archived.", "archiver", "archived"),
    Family("archive_failures_total", "Failures to archive a file of the log.", "archiver", "failed"),
    Family("archive_waiting_files", "Files of the log that wait for it.", "archive_waiting", "files"),
    Family("checkpoints_timed_total", "Checkpoints at their time.", "checkpoints", "timed"),
    Family("checkpoints_requested_total", "Checkpoints before their time.", "checkpoints", "requested"),
    Family("checkpoint_write_seconds_total", "Time to write them.", "checkpoints", "write_seconds"),
    Family("checkpoint_sync_seconds_total", "Time to sync them.", "checkpoints", "sync_seconds"),
    Family("database_size_bytes", "Size of the database.", "database", "bytes"),
    Family("commits_total", "Transactions that were committed.", "database", "commits"),
    Family("rollbacks_total", "Transactions that were rolled back.", "database", "rollbacks"),
    Family("blocks_hit_total", "Pages that were found in memory.", "database", "blocks_hit"),
    Family("blocks_read_total", "Pages that were not found there.", "database", "blocks_read"),
    Family("deadlocks_total", "Deadlocks.", "database", "deadlocks"),
    Family("temporary_bytes_total", "Bytes of temporary files.", "database", "temporary_bytes"),
    Family("checksum_failures_total", "Pages that failed their checksum.", "checksums", "failures"),
    Family("io_read_bytes_total", "Bytes read, by kind of process.", "io", "read_bytes", ("backend",)),
    Family("io_write_bytes_total", "Bytes written, by kind of process.", "io", "write_bytes", ("backend",)),
    Family("io_read_seconds_total", "Time to read them.", "io", "read_seconds", ("backend",)),
    Family("io_write_seconds_total", "Time to write them.", "io", "write_seconds", ("backend",)),
    Family("oldest_transaction_id_age", "Transaction numbers used up.", "wraparound", "transactions"),
    Family("oldest_multixact_id_age", "Multixact numbers used up.", "wraparound", "multixacts"),
    Family("table_live_rows", "Live rows of the largest tables.", "tables", "live", ("table_name",)),
    Family("table_dead_rows", "Their dead rows.", "tables", "dead", ("table_name",)),
    Family("table_size_bytes", "Their pages, at the last vacuum.", "tables", "bytes", ("table_name",)),
)
_RENAMED: Final = {"table_name": "table"}


def collect(looked: Look) -> Iterator[Metric]:
    """Yield a metric for each measure that was taken, and of those that were not, how many."""
    seen = looked.seen
    for family in FAMILIES:
        if family.measure in seen.rows:
            rows = [
                ([row[name] for name in family.labels], row[family.column]) for row in _rows(seen, family)
            ]
            yield _metric(PREFIX + family.name, family.told, rows, family.labels)
    yield from _counted(looked)
    if looked.disk is not None:
        yield gauge(PREFIX + "disk_free_bytes", "Free space of the server's disk.", looked.disk.free)
        yield gauge(PREFIX + "disk_size_bytes", "Size of the server's disk.", looked.disk.size)


def _rows(seen: Seen, family: Family) -> list[dict[str, Any]]:
    return [dict(row) for row in seen.all(family.measure)]


def _counted(looked: Look) -> Iterator[Metric]:
    seen = looked.seen
    for name, told in (
        ("invalid_indexes", "Indexes that were not built to their end."),
        ("unvalidated", "Constraints that old rows may break."),
    ):
        if name in seen.rows:
            metric = "unvalidated_constraints" if name == "unvalidated" else name
            yield gauge(PREFIX + metric, told, len(seen.all(name)))
    if "sequences" in seen.rows:
        used = max((row["last"] / row["most"] for row in seen.all("sequences")), default=0)
        yield gauge(PREFIX + "sequence_used_ratio", "Numbers used of the sequence nearest its end.", used)
    if "heaps" in seen.rows:
        wasted = sum(one.wasted_bytes for one in looked.bloat)
        yield gauge(PREFIX + "bloat_bytes", "What the largest tables waste, about.", wasted)
    yield gauge(PREFIX + "measures_lost", "Measures that could not be taken.", len(seen.lost))


def collect_checks(found: Iterable[tuple[str, Checked]]) -> Iterator[Metric]:
    """Yield how bad each thing is that was looked at: 0 fine, 1 a warning, 2 wrong."""
    rows = [((section, checked.name), float(_STATES[checked.state])) for section, checked in found]
    told = "What a look at it found: 0 fine, 1 a warning, 2 wrong."
    yield _metric("rollbook_check_state", told, rows, ("section", "check"))


def collect_runs(done: Iterable[Run]) -> Iterator[Metric]:
    """Yield when each operation last ended well, and how long that took."""
    ended = [(run, run.ended_at) for run in done if run.ended_at is not None]
    whens = [((run.verb,), at.timestamp()) for run, at in ended]
    spans = [((run.verb,), (at - run.began_at).total_seconds()) for run, at in ended]
    told = "When the operation last ended well, since 1970."
    yield _metric("rollbook_operation_last_done_timestamp_seconds", told, whens, ("verb",))
    yield _metric("rollbook_operation_last_duration_seconds", "How long that took.", spans, ("verb",))


def gauge(name: str, told: str, value: float) -> Metric:
    """Return a metric of one figure."""
    return GaugeMetricFamily(name, told, value=value)


def _metric(name: str, told: str, rows: Values, labels: Sequence[str]) -> Metric:
    kind = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    metric = kind(name, told, labels=[_RENAMED.get(label, label) for label in labels])
    for values, figure in rows:
        if figure is not None:
            metric.add_metric(list(values), float(figure))
    return metric
