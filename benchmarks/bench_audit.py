"""What the audit costs: bulk writes with triggers and without, a page's disclosures, sealing, verifying."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.audit.reading import Reason, disclose
from rollbook.audit.sealing import seal, verify
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, transaction
from rollbook.ops.work import running_server

ROWS = int(os.environ.get("BENCH_AUDIT_ROWS", "500000"))
LOGGED = int(os.environ.get("BENCH_AUDIT_LOGGED", "500000"))
ROUNDS = 5
SHOWN = 50
TENANT = "bench-audit"
REASON = Reason("GET /caseload", "teacher of a section that the student takes")
PEOPLE = """
INSERT INTO schools (tenant_id, school_code, name, school_type) VALUES ({tenant}, 'S', 'School', 'high');
INSERT INTO courses (tenant_id, course_code, title) VALUES ({tenant}, 'C', 'Course');
INSERT INTO sections (tenant_id, course_id, school_id, section_code, starts_on, ends_on)
SELECT {tenant}, course_id, schools.school_id, 'X', '2025-08-18', '2026-06-12'
FROM courses CROSS JOIN schools;
INSERT INTO assignments (tenant_id, section_id, assignment_code, title, assignment_type, max_value, due_on)
SELECT {tenant}, section_id, 'A' || n, 'A' || n, 'homework', 100, '2025-09-01'
FROM sections CROSS JOIN generate_series(1, 50) AS n;
INSERT INTO students (tenant_id, student_number)
SELECT {tenant}, 'N' || n FROM generate_series(1, {students}) AS n;
ANALYZE students, assignments;
"""
WRITES = {
    "insert": """
INSERT INTO grades (tenant_id, student_id, assignment_id, grade_value, known_at)
SELECT {tenant}, student_id, assignment_id, 80, now() FROM students CROSS JOIN assignments
""",
    "update": "UPDATE grades SET grade_value = grade_value - 1, known_at = now()",
    "delete": "DELETE FROM grades",
}
TRIGGERS = ("audit_inserted", "audit_updated", "audit_deleted")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as home:
        os.environ["ROLLBOOK_HOME"] = str(Path(home) / "home")
        subprocess.run([sys.executable, "-m", "rollbook.cli", "up"], check=True, stdout=subprocess.DEVNULL)
        try:
            print(json.dumps(measure()))
        finally:
            subprocess.run(
                [sys.executable, "-m", "rollbook.cli", "down"], check=True, stdout=subprocess.DEVNULL
            )


def measure() -> dict[str, object]:
    status = running_server()
    subprocess.run(
        [sys.executable, "-m", "rollbook.cli", "db", "migrate"], check=True, stdout=subprocess.DEVNULL
    )
    with Session(engine_for(status.url)) as db, db.begin():
        tenant = ensure_tenant(db, TENANT, name="Bench", is_synthetic=True).tenant_id
    with psycopg.connect(status.owner_url, autocommit=True) as owner:
        ratios = _ratios(owner, status.url, tenant)
    figures = [
        {"name": f"{name} of {ROWS:,} grades, audited to unaudited", "value": ratio, "unit": "times"}
        for name, ratio in ratios.items()
    ]
    return {
        "name": "Audit",
        "note": f"Median of {ROUNDS} rounds, audited and unaudited in turn, each in a transaction.",
        "figures": [*figures, *_logs(status.url, tenant)],
    }


def _ratios(owner: psycopg.Connection[tuple[object, ...]], url: str, tenant: int) -> dict[str, float]:
    with psycopg.connect(url) as app:
        _enter(app, tenant)
        app.execute(PEOPLE.format(tenant=tenant, students=ROWS // 50))
    taken: dict[tuple[str, bool], list[float]] = {}
    for number in range(2 * ROUNDS):
        is_audited = bool(number % 2)
        for trigger in TRIGGERS:
            owner.execute(f"ALTER TABLE grades {'ENABLE' if is_audited else 'DISABLE'} TRIGGER {trigger}")
        for name, statement in WRITES.items():
            seconds = _run(url, tenant, statement.format(tenant=tenant))
            taken.setdefault((name, is_audited), []).append(seconds)
            print(f"{name} {is_audited} {seconds:.2f}", file=sys.stderr)
        owner.execute("VACUUM grades")
    return {name: round(median(taken[name, True]) / median(taken[name, False]), 3) for name in WRITES}


def _run(url: str, tenant: int, statement: str) -> float:
    with psycopg.connect(url) as app:
        _enter(app, tenant)
        began = time.perf_counter()
        app.execute(statement)
        app.commit()
        return time.perf_counter() - began


def _enter(app: psycopg.Connection[tuple[object, ...]], tenant: int) -> None:
    app.execute("SET statement_timeout = 0")
    app.execute(
        "SELECT set_config('rollbook.tenant', %s, true), set_config('rollbook.scope', 'tenant', true)",
        [str(tenant)],
    )


def _logs(url: str, tenant: int) -> list[dict[str, object]]:
    engine = engine_for(url, statement_timeout_s=0)
    with transaction(engine, Visibility(tenant)) as db:
        students = list(db.scalars(text("SELECT student_id FROM students")))
    page = median(_timed(lambda: _show(url, tenant, students[:SHOWN])) for _ in range(50))
    for _ in range(max(1, LOGGED // len(students))):
        _show(url, tenant, students)
    rows = 0

    def seal_all() -> None:
        with transaction(engine, Visibility(tenant)) as db:
            seal(db, tenant)

    def verify_all() -> None:
        nonlocal rows
        with transaction(engine, Visibility(tenant)) as db:
            found = verify(db, tenant)
            assert not found.findings
            rows = found.rows

    sealing, verifying = _timed(seal_all), _timed(verify_all)
    return [
        {"name": f"Disclosures of a page of {SHOWN} students, committed", "value": page * 1000, "unit": "ms"},
        {"name": f"Seal {rows:,} rows", "value": rows / sealing, "unit": "rows/s"},
        {"name": f"Verify {rows:,} rows", "value": rows / verifying, "unit": "rows/s"},
    ]


def _show(url: str, tenant: int, students: list[UUID]) -> None:
    with transaction(engine_for(url, statement_timeout_s=0), Visibility(tenant)) as db:
        disclose(db, students, REASON)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
