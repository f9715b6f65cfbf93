"""How long readers stall while a column is added behind a report of some seconds: ARGS=migrate."""

import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from rollbook.ops import migrate
from rollbook.ops.lens.explaining import explain
from rollbook.ops.work import running_server

REPORT_S: Final = 6.0
ROWS: Final = 500_000
EXPLAINED: Final = "20261121_1400"
READ: Final = "SELECT n FROM bench_stall WHERE n = 7"
ADD: Final = "ALTER TABLE bench_stall ADD COLUMN IF NOT EXISTS motto text"
DROP: Final = "ALTER TABLE bench_stall DROP COLUMN IF EXISTS motto"
VERSION: Final = """\"\"\"Add a column.\"\"\"
from alembic import op

revision = "29991231_0001"
down_revision = "{after}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("{add}")


def downgrade() -> None:
    op.execute("{drop}")
"""


class Waits:
    """What the runner tells: how often it gave way."""

    def __init__(self) -> None:
        self.count = 0

    def step(self, title: str, total: float | None = None) -> None:  # noqa: ARG002 -- a Report has it
        self.count += title.startswith("Waiting for a moment")

    def advance(self, amount: float = 1) -> None:
        """Nothing advances."""


def main() -> None:
    url = running_server().owner_url
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"CREATE TABLE bench_stall AS SELECT n FROM generate_series(1, {ROWS}) AS n")
        db.execute("CREATE INDEX ON bench_stall (n)")
        try:
            print(json.dumps(measure(url, db)))
        finally:
            db.execute("DROP TABLE bench_stall")


def measure(url: str, db: psycopg.Connection) -> dict[str, object]:
    waits = Waits()
    explained, seen_s = timed(lambda: explain(url, EXPLAINED, sample_s=0))
    with added_version():
        naive_ms, naive_s = beside_a_report(url, lambda: db.execute(ADD))
        db.execute(DROP)
        runner_ms, runner_s = beside_a_report(url, lambda: migrate.upgrade(url, report=waits))
        migrate.downgrade(url, "-1")
    figures = [
        {"name": "worst stall of a reader, ALTER TABLE as it is", "value": naive_ms, "unit": "ms"},
        {"name": "worst stall of a reader, rollbook db migrate", "value": runner_ms, "unit": "ms"},
        {"name": "until done, ALTER TABLE as it is", "value": naive_s, "unit": "s"},
        {"name": "until done, rollbook db migrate", "value": runner_s, "unit": "s"},
        {"name": "times that it gave way", "value": waits.count, "unit": ""},
        {"name": "rollbook db explain, with the copy that it makes", "value": seen_s, "unit": "s"},
        {"name": "statements explained", "value": statements(explained), "unit": ""},
    ]
    note = (
        f"A report holds a table for {REPORT_S:.0f} s; one second in, a migration adds a column to it, while"
        " four readers look up a row each, over and over. The worst wait of any of them, both in one run."
    )
    return {"name": "Migrations", "note": note, "figures": figures}


def statements(explained: object) -> int:
    return sum(len(made.steps) for made in getattr(explained, "migrations", ()))


def timed(work: Callable[[], object]) -> tuple[object, float]:
    begin = time.perf_counter()
    return work(), time.perf_counter() - begin


@contextmanager
def added_version() -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        after = migrate.newest()
        Path(folder, "add.py").write_text(VERSION.format(after=after, add=ADD, drop=DROP))
        migrate.VERSIONS.append(folder)
        try:
            yield
        finally:
            migrate.VERSIONS.remove(folder)


def beside_a_report(url: str, change: Callable[[], object]) -> tuple[float, float]:
    """Return the longest that a reader waited, in ms, and how long the change took, in s."""
    done, worst = threading.Event(), [0.0]
    threads = [threading.Thread(target=report, args=(url,))]
    threads += [threading.Thread(target=read, args=(url, done, worst)) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    _, took_s = timed(change)
    done.set()
    for thread in threads:
        thread.join()
    return worst[0] * 1000, took_s


def report(url: str) -> None:
    with psycopg.connect(url) as db:
        db.execute("SELECT count(*) FROM bench_stall")
        db.execute("SELECT pg_sleep(%s)", [REPORT_S])


def read(url: str, done: threading.Event, worst: list[float]) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        while not done.is_set():
            _, took_s = timed(lambda: db.execute(READ))
            worst[0] = max(worst[0], took_s)
            time.sleep(0.002)


if __name__ == "__main__":
    main()
