"""What archiving costs: a month of attendance out and back, against bare COPY of the same rows."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

import psycopg
from memory import own_peak_bytes, watched_backend
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, transaction
from rollbook.ops.archive import catalog, querying, restoring, running
from rollbook.ops.archive.rules import Keeping
from rollbook.ops.archive.store import Store
from rollbook.ops.work import running_server
from rollbook.privacy.archiving import rules_of
from rollbook.testing import factories as make

STUDENTS = int(os.environ.get("BENCH_ARCHIVE_STUDENTS", "20000"))
ROUNDS = 3
MONTH, NEXT = date(2019, 3, 1), date(2019, 4, 1)
TABLE = "attendance_records"
COLUMNS = (
    "SELECT * FROM attendance_records WHERE tenant_id = {} AND date >= '2019-03-01' AND date < '2019-04-01'"
)


def main() -> None:
    print(json.dumps(measure()))


def measure() -> dict[str, object]:
    status = running_server()
    with Session(engine_for(status.owner_url)) as db, db.begin():
        tenant = ensure_tenant(db, "bench-archive", name="Bench", is_synthetic=True).tenant_id
    engine = engine_for(status.url, statement_timeout_s=0)
    with transaction(engine, Visibility(tenant)) as db:
        students = make.batch_students(db, STUDENTS)
        make.batch_attendance(db, students, since=MONTH, until=date(2019, 3, 31))
        db.execute(text("SELECT rollbook_analyze('attendance_records')"))
        rows: int = db.execute(text(f"SELECT count(*) FROM {TABLE}")).scalar_one()
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as folder:
        where = Keeping(status.owner_url, Store(Path(folder) / "archive"), rules_of({}))
        figures = _rounds(where, status.url, tenant, rows)
    return {
        "name": "Archive",
        "note": f"A month of {rows:,} marks of one tenant, median of {ROUNDS} rounds. Out: detached, written,"
        " read back, both checksums, dropped. COPY: the same rows, in the same order, to this process and no"
        " further, and from it into an empty table without keys.",
        "figures": figures,
    }


def _rounds(where: Keeping, url: str, tenant: int, rows: int) -> list[dict[str, object]]:
    taken: dict[str, list[float]] = {}
    size = 0
    steps: dict[str, Callable[[], object]] = {
        "bare COPY out": lambda: _copy_out(where.owner_url, tenant),
        "bare COPY out and in": lambda: _copy_in(where.owner_url, tenant),
        "archive run": lambda: running.run(where, table=TABLE, before=NEXT),
        "archive query (count by status)": lambda: _ask(where, url, tenant),
        "archive restore": lambda: restoring.restore(where, tenant, TABLE, MONTH),
    }
    with watched_backend(where.owner_url, "rollbook_owner") as peak:
        for _ in range(ROUNDS):
            for name, step in steps.items():
                began = time.perf_counter()
                step()
                taken.setdefault(name, []).append(time.perf_counter() - began)
                print(f"{name} {taken[name][-1]:.2f}", file=sys.stderr)
                size = max(size, sum(one.size_bytes for one in catalog.every(where.owner_url)))
    speeds = {name: rows / median(seconds) for name, seconds in taken.items()}
    ratio = round(speeds["archive run"] / speeds["bare COPY out"], 3)
    return [
        *({"name": name, "value": speed, "unit": "rows/s"} for name, speed in speeds.items()),
        {"name": "archive run to bare COPY out", "value": ratio, "unit": "times"},
        {"name": "size of the file", "value": size / rows, "unit": "bytes/row"},
        {"name": "peak memory of the process", "value": own_peak_bytes() / 1e6, "unit": "MB"},
        {"name": "most that one server process held", "value": peak[0] / 1e6, "unit": "MB"},
    ]


def _copy_out(owner_url: str, tenant: int) -> None:
    with psycopg.connect(owner_url) as db:
        _enter(db, tenant)
        with db.cursor().copy(_statement(tenant)) as copy:
            for _ in copy:
                pass


def _copy_in(owner_url: str, tenant: int) -> None:
    with psycopg.connect(owner_url) as out, psycopg.connect(owner_url) as back:
        _enter(out, tenant)
        back.execute("CREATE TEMPORARY TABLE bare (LIKE attendance_records INCLUDING DEFAULTS)")
        with (
            out.cursor().copy(_statement(tenant)) as source,
            back.cursor().copy("COPY bare FROM STDIN (FORMAT csv)") as target,
        ):
            for part in source:
                target.write(part)
        back.rollback()


def _statement(tenant: int) -> sql.Composed:
    rows = sql.SQL(COLUMNS).format(sql.Literal(tenant))
    return sql.SQL("COPY ({} ORDER BY tenant_id, student_id, date, period) TO STDOUT (FORMAT csv)").format(
        rows
    )


def _enter(db: psycopg.Connection[tuple[object, ...]], tenant: int) -> None:
    db.execute(
        "SELECT set_config('rollbook.tenant', %s, true), set_config('rollbook.scope', 'tenant', true)",
        [str(tenant)],
    )


def _ask(where: Keeping, url: str, tenant: int) -> None:
    with transaction(engine_for(url, statement_timeout_s=0), Visibility(tenant)) as db:
        querying.query(db, where.store, f"SELECT status, count(*) FROM {TABLE} GROUP BY 1")


if __name__ == "__main__":
    main()
