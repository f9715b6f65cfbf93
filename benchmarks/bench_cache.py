"""Whether keeping sums in Redis helps: each asked without it, for the first time, and again: ARGS=cache."""

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.attendance.refreshing import refresh_weeks
from rollbook.attendance.service import weekly_rates, weeks_before
from rollbook.core import keyring
from rollbook.core.cache import cache, cached
from rollbook.core.database import engine_for
from rollbook.core.settings import settings
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, transaction
from rollbook.intake.months import analyze
from rollbook.ops.work import running_server
from rollbook.risk import caseload, lists
from rollbook.testing import factories as make

STUDENTS: Final = int(os.environ.get("BENCH_STUDENTS", "25000"))
SCHOOL: Final = 2_000
CLASSES: Final = 120
WEEKS: Final = 14
ROUNDS: Final = 21
TENANT: Final = "bench-cache"

MODEL: Final = text("""
INSERT INTO model_metadata (
    tenant_id, model_version, target, model_type, feature_set_version, trained_as_of, training_rows, metrics,
    hyperparameters, artifact, artifact_sha256
) VALUES (rollbook_tenant(), 'bench', 'student', 'none', '1', current_date, 0, '{}', '{}', '{}', '')
""")
PREDICTIONS: Final = text("""
INSERT INTO predictions (
    tenant_id, student_id, as_of, risk_score, risk_category, confidence, rank, cohort_size, risk_factors,
    model_version, feature_set_version
)
SELECT
    tenant_id, student_id, cast(:as_of AS date), score,
    (ARRAY['low', 'medium', 'high', 'critical'])[least(4, 1 + floor(score * 4.4))::int], 0.5,
    row_number() OVER (ORDER BY score DESC), count(*) OVER (), '[]', 'bench', '1'
FROM students
CROSS JOIN LATERAL (SELECT abs(hashtext(student_number) % 1000) / 1000.0 AS score) AS made
""")

Ask = Callable[[Session, Tenant], object]


def main() -> None:
    with redis_server() as url:
        tenant_id, students = fill()
        viewers: list[tuple[str, Sequence[UUID] | None]] = [
            ("the district", None),
            (f"a school of {SCHOOL:,}", students[:SCHOOL]),
            (f"classes of {CLASSES}", students[:CLASSES]),
        ]
        rows = [
            measured(name, ask, who, Visibility(tenant_id, seen), url)
            for name, ask in questions().items()
            for who, seen in viewers
        ]
        floor = measured(
            "nothing at all", lambda db, _: probe(db), "the district", Visibility(tenant_id), url
        )
    columns = ["", "without Redis, ms", "first time, ms", "again, ms", "without / again"]
    note = (
        f"{STUDENTS:,} students, {WEEKS} weeks of attendance, two lists of predictions. Medians of {ROUNDS};"
        " each in a transaction of its own, begun before. What is kept is sealed; that it is still right"
        " is asked of PostgreSQL each time, which is the cost of an answer to nothing at all. Only the first"
        " question is kept by the product: the others cost no more than asking whether a kept one is right."
    )
    kept = [row for row in rows if row[0].startswith("weekly attendance")]
    figures = [{"name": f"{row[0]}: without / again", "value": float(row[4]), "unit": "x"} for row in kept]
    figures.append(
        {
            "name": "asking whether a kept answer is right, and getting it",
            "value": float(floor[3]),
            "unit": "ms",
        }
    )
    tables = [{"title": "Each question, by who asks:", "columns": columns, "rows": [*rows, floor]}]
    print(json.dumps({"name": "Cache", "note": note, "figures": figures, "tables": tables}))


def questions() -> dict[str, Ask]:
    last = date.today()  # noqa: DTZ011 -- the server's zone is this machine's
    current = lists.RiskList(last, "bench", is_active=True)
    chosen = lists.Chosen(current, None, [last])

    def kept(name: str, ask: Ask, kind: object) -> Ask:
        """Ask as if the product kept it."""
        return lambda db, tenant: cached(
            db, name, {}, lambda: ask(db, tenant), kind=kind, topics=("risk", "schools", "courses")
        )

    return {
        "weekly attendance by grade, 12 weeks": lambda db, _: weekly_rates(db, *weeks_before(db, last)),
        "caseload: subjects by level": kept(
            "levels", lambda db, tenant: lists.levels_of(db, tenant, current), dict[str, int]
        ),
        "caseload: students to look at": kept(
            "look", lambda db, tenant: lists.students_to_look_at(db, tenant, current), int | None
        ),
        "caseload: the lists there are": kept("lists", lists.read_lists, list[lists.RiskList]),
        "caseload: courses and schools to choose": kept(
            "options",
            lambda db, tenant: caseload.read_options(db, tenant, chosen),
            tuple[list[caseload.Option], list[caseload.Option]],
        ),
    }


def probe(db: Session) -> int:
    return cached(db, "nothing", {}, lambda: 1, kind=int, topics=("attendance", "schools"))


def measured(name: str, ask: Ask, who: str, visibility: Visibility, url: str) -> list[str]:
    without = timed(ask, visibility, None, again=False)
    first, again = (timed(ask, visibility, url, again=again) for again in (False, True))
    return [f"{name}, {who}", f"{without:.2f}", f"{first:.2f}", f"{again:.2f}", f"{without / again:.2f}"]


def timed(ask: Ask, visibility: Visibility, url: str | None, *, again: bool) -> float:
    """Return milliseconds; the first time of each round with what is kept forgotten, or with it there."""
    use(url)
    engine = engine_for(running_server().url, statement_timeout_s=0)
    times = []
    for _ in range(ROUNDS):
        known = cache()
        if known is not None and not again:
            known.store.flushall()  # type: ignore[attr-defined]  # Redis's
        with transaction(engine, visibility) as db:
            tenant = db.get_one(Tenant, visibility.tenant_id)
            db.execute(text("SELECT 1"))
            if again:
                ask(db, tenant)
            begun = time.perf_counter()
            ask(db, tenant)
            times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def use(url: str | None) -> None:
    os.environ.pop("ROLLBOOK_REDIS_URL", None)
    if url:
        os.environ["ROLLBOOK_REDIS_URL"] = url
    settings.cache_clear()


def fill() -> tuple[int, list[UUID]]:
    if not (settings().home / keyring.FILE).exists():
        keyring.make_ring()
    engine = engine_for(running_server().url, statement_timeout_s=0)
    until = date.today()  # noqa: DTZ011 -- the server's zone is this machine's
    with transaction(engine, Visibility(0)) as db:
        tenant_id = ensure_tenant(db, TENANT, name=TENANT, is_synthetic=True).tenant_id
    with transaction(engine, Visibility(tenant_id)) as db:
        school = make.create_school(db)
        since = until - timedelta(weeks=WEEKS)
        students = make.batch_students(db, STUDENTS, school=school, since=since)
        make.batch_attendance(db, students, since=since, until=until)
        db.execute(MODEL)
        for day in (until, until - timedelta(weeks=1)):
            db.execute(PREDICTIONS, {"as_of": day})
    with transaction(engine, Visibility(tenant_id)) as db:
        refresh_weeks(db, db.get_one(Tenant, tenant_id))
    analyze(engine, ["attendance_weeks", "attendance_week_sums", "attendance_records", "predictions"])
    return tenant_id, students


@contextmanager
def redis_server() -> Iterator[str]:
    found = shutil.which("redis-server") or sys.exit("install redis-server to measure it")
    with socket.socket() as probed:
        probed.bind(("127.0.0.1", 0))
        port = probed.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="rb-redis-") as folder:
        command = [found, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with (Path(folder) / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log)
        try:
            time.sleep(0.5)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.wait(timeout=30)


if __name__ == "__main__":
    main()
