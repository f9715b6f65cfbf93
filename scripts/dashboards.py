"""Write Grafana's dashboards to deploy/grafana/dashboards: `make dashboards`. --check: are they current?

Every panel asks one question; its description is the answer's meaning in a sentence.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.timeseries import Panel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

FOLDER: Final = Path(__file__).parent.parent / "deploy/grafana/dashboards"
_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="rollbook-prometheus")
_HEIGHT: Final = 8
_WIDTH: Final = 8


@dataclass(frozen=True, slots=True)
class Question:
    """A panel: what it asks, in which unit, what it means, and (expression, legend) of each line."""

    title: str
    unit: str
    meaning: str
    lines: tuple[tuple[str, str], ...]


def rate(metric: str, by: str = "") -> str:
    """Return what ``metric`` grows by a second, summed ``by`` labels."""
    grouped = f" by ({by})" if by else ""
    return f"sum{grouped} (rate({metric}[$__rate_interval]))"


def late(histogram: str, by: str = "") -> str:
    """Return the time that 95 of 100 do not exceed."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile(0.95, sum by ({labels}) (rate({histogram}_bucket[$__rate_interval])))"


PG: Final = "rollbook_postgres_"
HTTP: Final = "rollbook_http_request_duration_seconds"
QUERY: Final = "db_query_duration_seconds"

_HITS: Final = rate(f"{PG}blocks_hit_total")
_READS: Final = rate(f"{PG}blocks_read_total")

WEB: Final = {
    "Requests": (
        Question(
            "How many requests?",
            "reqps",
            "By status; 5xx are faults.",
            ((rate(f"{HTTP}_count", "status"), "{{status}}"),),
        ),
        Question(
            "How long do they take?",
            "s",
            "95 of 100 are no slower, by route.",
            ((late(HTTP, "route"), "{{route}}"),),
        ),
        Question(
            "Are connections left?",
            "short",
            "Of the process's pool.",
            (
                ("sum by (state) (rollbook_db_connections)", "{{state}}"),
                ("sum(rollbook_db_connections_limit)", "limit"),
            ),
        ),
    ),
    "Queries": (
        Question(
            "Which tables are asked?",
            "ops",
            "Statements a second.",
            ((rate(f"{QUERY}_count", "table"), "{{table}}"),),
        ),
        Question(
            "Which statements are slow?",
            "s",
            "95 of 100 are no slower.",
            ((late(QUERY, "operation, table"), "{{operation}} {{table}}"),),
        ),
        Question(
            "Where does the time go?",
            "s",
            "Seconds of the database in each second.",
            ((rate(f"{QUERY}_sum", "table"), "{{table}}"),),
        ),
    ),
    "Process": (
        Question(
            "How much memory?",
            "bytes",
            "Of the serving process.",
            (("process_resident_memory_bytes", "memory"),),
        ),
        Question(
            "How busy is it?", "short", "Cores in use.", ((rate("process_cpu_seconds_total"), "cores"),)
        ),
    ),
}
SERVER: Final = {
    "What needs doing": (
        Question(
            "What is not well?",
            "short",
            "0 fine, 1 a warning, 2 wrong: rollbook health --deep says it in sentences.",
            (("max by (section, check) (rollbook_check_state)", "{{section}}: {{check}}"),),
        ),
        Question(
            "How long ago was it done?",
            "s",
            "Since each operation last ended well; a restore is proven by backup.drill.",
            (("time() - max by (verb) (rollbook_operation_last_done_timestamp_seconds)", "{{verb}}"),),
        ),
        Question(
            "How long does the disk last?",
            "bytes",
            "Free space of the server's disk, and the database.",
            ((f"{PG}disk_free_bytes", "free"), (f"{PG}database_size_bytes", "database")),
        ),
    ),
    "Sessions": (
        Question(
            "Who is connected?",
            "short",
            "Clients by state, and how many there may be.",
            ((f"{PG}connections", "{{state}}"), (f"{PG}connections_limit", "limit")),
        ),
        Question(
            "Who waits?",
            "s",
            "The longest wait for a lock, and the oldest transactions.",
            (
                (f"{PG}longest_wait_seconds", "waits for a lock"),
                (f"{PG}oldest_transaction_seconds", "{{kind}}"),
            ),
        ),
        Question(
            "What is locked?",
            "short",
            "Locks by mode.",
            ((f"{PG}locks_granted", "{{mode}}"), (f"{PG}locks_waiting", "{{mode}} waits")),
        ),
    ),
    "Work": (
        Question(
            "How much is done?",
            "ops",
            "Transactions a second.",
            ((rate(f"{PG}commits_total"), "committed"), (rate(f"{PG}rollbacks_total"), "rolled back")),
        ),
        Question(
            "Is it found in memory?",
            "percentunit",
            "Share of pages that no file was read for.",
            (
                (
                    f"{_HITS} / ({_HITS} + {_READS})",
                    "found",
                ),
            ),
        ),
        Question(
            "What goes to and from files?",
            "Bps",
            "By kind of process; from PostgreSQL 16 on.",
            (
                (rate(f"{PG}io_read_bytes_total", "backend"), "{{backend}} reads"),
                (rate(f"{PG}io_write_bytes_total", "backend"), "{{backend}} writes"),
            ),
        ),
    ),
    "Log and copies": (
        Question("How much log is written?", "Bps", "A second.", ((rate(f"{PG}wal_bytes_total"), "log"),)),
        Question(
            "Are copies behind?",
            "bytes",
            "What the last replica lacks, and the most that a slot keeps.",
            ((f"{PG}replication_lag_bytes", "replica"), (f"{PG}slots_retained_bytes", "slot")),
        ),
        Question(
            "Is the log archived?",
            "short",
            "Files that wait, and failures in an hour.",
            (
                (f"{PG}archive_waiting_files", "waiting"),
                (f"increase({PG}archive_failures_total[1h])", "failures"),
            ),
        ),
        Question(
            "Do checkpoints come too often?",
            "short",
            "In an hour; those before their time are for a larger max_wal_size.",
            (
                (f"increase({PG}checkpoints_timed_total[1h])", "at their time"),
                (f"increase({PG}checkpoints_requested_total[1h])", "before it"),
            ),
        ),
    ),
    "Tables": (
        Question(
            "Which are the largest?",
            "bytes",
            "At the last vacuum.",
            ((f"topk(10, {PG}table_size_bytes)", "{{table}}"),),
        ),
        Question(
            "Where are dead rows?",
            "short",
            "Until vacuum.",
            ((f"topk(10, {PG}table_dead_rows)", "{{table}}"),),
        ),
        Question(
            "What is wasted?", "bytes", "About, in the largest tables.", ((f"{PG}bloat_bytes", "wasted"),)
        ),
        Question(
            "How far is the end of the numbers?",
            "percentunit",
            "Transactions, multixacts, and the key nearest its end.",
            (
                (f"{PG}oldest_transaction_id_age / 2147483648", "transactions"),
                (f"{PG}oldest_multixact_id_age / 2147483648", "multixacts"),
                (f"{PG}sequence_used_ratio", "keys"),
            ),
        ),
        Question(
            "What is broken?",
            "short",
            "Invalid indexes, unvalidated constraints, damaged pages, measures lost.",
            (
                (f"{PG}invalid_indexes", "indexes"),
                (f"{PG}unvalidated_constraints", "constraints"),
                (f"{PG}checksum_failures_total", "pages"),
                (f"{PG}measures_lost", "measures"),
            ),
        ),
    ),
}
DASHBOARDS: Final = {
    "rollbook-web": ("Rollbook: pages and API", WEB),
    "rollbook-server": ("Rollbook: server", SERVER),
}


def panel(question: Question) -> Panel:
    """Return the panel that asks ``question``."""
    made = Panel().title(question.title).description(question.meaning).unit(question.unit).datasource(_SOURCE)
    made.height(_HEIGHT).span(_WIDTH).min(0)
    for letter, (expression, legend) in zip("ABCDEFG", question.lines, strict=False):
        made.with_target(Dataquery().expr(expression).legend_format(legend).ref_id(letter))
    return made


def dashboard(name: str) -> str:
    """Return the dashboard ``name`` as Grafana reads it."""
    title, rows = DASHBOARDS[name]
    made = Dashboard(title).uid(name).tags(["rollbook"]).refresh("30s").time("now-6h", "now").readonly()
    for row, questions in rows.items():
        made.with_row(Row(row))
        for question in questions:
            made.with_panel(panel(question))
    return JSONEncoder(sort_keys=True, indent=2).encode(made.build()) + "\n"


def stale() -> list[str]:
    """Return the files that say something else than this."""
    return [name for name in DASHBOARDS if _read(FOLDER / f"{name}.json") != dashboard(name)]


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def main() -> int:
    """Write the files, or with --check name those that are not current."""
    if "--check" in sys.argv:
        for name in stale():
            print(f"deploy/grafana/dashboards/{name}.json is not current: run `make dashboards`.")
        return int(bool(stale()))
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(dashboard(name), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
