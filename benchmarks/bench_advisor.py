"""The planner twin of a database of 1 GB: its time, its disk, and its plans beside those of real indexes.

ARGS=advisor. The indexes are also built for real: what that takes, and what an entry costs a writer.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

from rollbook.core.settings import settings
from rollbook.ops import databases
from rollbook.ops.embedded import connect_as_superuser
from rollbook.ops.tuning import advisor, building, statements
from rollbook.ops.tuning.advice import Workload
from rollbook.ops.tuning.candidates import Candidate
from rollbook.ops.tuning.explaining import Plan, Viewer, cost, explain, shape
from rollbook.ops.tuning.looking import Raw, looking, raw
from rollbook.ops.tuning.twin import planner_twin
from rollbook.ops.work import running_server

ROWS: Final = int(os.environ.get("BENCH_ADVISOR_ROWS", "10000000"))
WRITTEN: Final = 100_000
DATABASE: Final = "bench_advisor"
MAKE: Final = f"""
CREATE TABLE devices (
    tenant_id int NOT NULL, device_id int NOT NULL, name text NOT NULL, PRIMARY KEY (tenant_id, device_id)
);
CREATE TABLE readings (
    tenant_id int NOT NULL, reading_id int NOT NULL, device_id int NOT NULL, at timestamptz NOT NULL,
    status text NOT NULL, note text NOT NULL, PRIMARY KEY (tenant_id, reading_id)
);
INSERT INTO devices SELECT 1 + n % 3, n, md5(n::text) FROM generate_series(1, 20000) AS n;
INSERT INTO readings
SELECT 1 + n % 3, n, 1 + (random() * 19999)::int, timestamptz '2025-01-01' + random() * interval '1 year',
    (ARRAY['broken', 'late', 'fine', 'fine', 'fine', 'fine'])[1 + (random() * 5)::int], md5(n::text)
FROM generate_series(1, {ROWS}) AS n;
"""
WALL: Final = """
ALTER TABLE {table} SET (autovacuum_enabled = off);
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_rows ON {table}
USING (tenant_id = nullif(current_setting('rollbook.tenant', true), '')::int);
GRANT SELECT ON {table} TO rollbook_app;
"""
QUERIES: Final = (
    "SELECT reading_id, note FROM readings WHERE device_id = $1",
    "SELECT count(*) FROM readings WHERE status = $1 AND at >= $2 AND at < $3",
    "SELECT reading_id, at FROM readings ORDER BY at DESC LIMIT 50",
    "SELECT count(*) FROM devices INNER JOIN readings USING (tenant_id, device_id) WHERE devices.name = $1",
)
INDEXES: Final = {
    "bench_device": Candidate(("public", "readings"), ("tenant_id", "device_id")),
    "bench_status": Candidate(("public", "readings"), ("tenant_id", "status", "at")),
}
LAST: Final = list(INDEXES)[-1]
VIEWER: Final = Viewer("rollbook_app", "1")
RUN: Final[tuple[tuple[str, list[object]], ...]] = (
    ("SELECT reading_id, note FROM readings WHERE device_id = %s", [7]),
    ("SELECT reading_id, at FROM readings ORDER BY at DESC LIMIT 50", []),
)


def main() -> None:
    with database() as db:
        size = float(db.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
        known = advisor.Catalogue.read(db)
        begin = time.perf_counter()
        with planner_twin(settings(), db) as twin:
            made = time.perf_counter() - begin
            begin = time.perf_counter()
            twin.build([(name, one, known.size(one)) for name, one in INDEXES.items()])
            tried = (time.perf_counter() - begin) / len(INDEXES)
            expected = {}
            for name in INDEXES:
                twin.show(("public", name), shown=True)
                with twin.connected() as planner:
                    expected[name] = plans(planner)
                twin.show(("public", name), shown=False)
            disk = twin.bytes_on_disk()
        advised = advise(db)
        real, built, written = build_really(db)
    pairs = [
        (name, query, there, here)
        for name in INDEXES
        for query, there, here in zip(QUERIES, expected[name], real[name], strict=True)
    ]
    same = [shape(there) == shape(here) for _, _, there, here in pairs]
    apart = [abs(cost(there) / cost(here) - 1) for _, _, there, here in pairs]
    for name, query, there, here in pairs:
        if shape(there) != shape(here):
            print(f"{name}, {query}\n  twin {told(there)}\n  real {told(here)}", file=sys.stderr)
    figures = [
        {"name": "the database", "value": size / 1e9, "unit": "GB"},
        {"name": "twin made", "value": made, "unit": "s"},
        {"name": "twin on the disk", "value": disk / 1e6, "unit": "MB"},
        {"name": "an index tried there", "value": tried, "unit": "s"},
        {"name": "the same index really built", "value": built, "unit": "s"},
        {"name": f"plans of the same shape, of {len(same)}", "value": sum(same), "unit": "plans"},
        {"name": "costs apart, median", "value": statistics.median(apart) * 100, "unit": "%"},
        {"name": "costs apart, most", "value": max(apart) * 100, "unit": "%"},
        {"name": "an advice as a whole", "value": advised, "unit": "s"},
        {"name": "an entry more for a writer", "value": written, "unit": "ms"},
    ]
    note = (
        f"{ROWS:,} rows behind row-level security; {len(INDEXES)} indexes by {len(QUERIES)} statements."
        " HypoPG is no part of PostgreSQL, so the comparison is with the index really built."
    )
    print(json.dumps({"name": "Index advisor", "note": note, "figures": figures}))


def told(plan: Plan) -> str:
    """Say how a plan goes, and what it is thought to cost."""
    return f"{cost(plan):,.1f}: {' > '.join(shape(plan))}"


@contextmanager
def database() -> Iterator[Connection]:
    running_server()
    databases.create_database(settings(), DATABASE)
    try:
        with connect_as_superuser(settings(), DATABASE) as admin:
            admin.execute("CREATE EXTENSION pg_stat_statements")
            admin.execute("SET ROLE rollbook_owner")
            admin.execute(MAKE)
            for table in ("devices", "readings"):
                admin.execute(WALL.format(table=table).encode())
            admin.execute("VACUUM ANALYZE")
        with looking(settings(), DATABASE) as db:
            yield db
    finally:
        databases.drop_database(settings(), DATABASE)


def plans(db: Raw) -> list[Plan]:
    return [explain(db, query, VIEWER) for query in QUERIES]


def advise(db: Connection) -> float:
    raw(db).execute("SELECT pg_stat_statements_reset(), pg_stat_reset()")
    with connect_as_superuser(settings(), DATABASE) as app, app.transaction():
        VIEWER.stand(app)
        for query, values in RUN:
            app.execute(query, values).fetchall()
    begin = time.perf_counter()
    found = advisor.advise(settings(), db, Workload(statements.take(db).statements, 60.0))
    assert found.proposals, "there is something to find"
    return time.perf_counter() - begin


def build_really(db: Connection) -> tuple[dict[str, list[Plan]], float, float]:
    """Build each index alone and plan with it; only then write, which would leave dead rows."""
    real, taken = {}, []
    for name, one in INDEXES.items():
        begin = time.perf_counter()
        building.build(raw(db), name, one)
        taken.append(time.perf_counter() - begin)
        real[name] = plans(raw(db))
        if name != LAST:
            building.drop(raw(db), ("public", name))
    with_index = write(raw(db))
    building.drop(raw(db), ("public", LAST))
    return real, statistics.median(taken), (with_index - write(raw(db))) / WRITTEN * 1000


def write(db: Raw) -> float:
    """Return the seconds that rows by chance take, the fastest of three; they are taken back."""
    taken: list[float] = []
    for _ in range(3):
        with db.transaction(force_rollback=True):
            begin = time.perf_counter()
            db.execute(
                "INSERT INTO readings SELECT 1, -n, 1 + (random() * 19999)::int, now(), 'fine', ''"
                f" FROM generate_series(1, {WRITTEN}) AS n"
            )
            taken.append(time.perf_counter() - begin)
    return min(taken)


if __name__ == "__main__":
    main()
