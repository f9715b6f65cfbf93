"""What the walls cost: reads under row-level security, and with their WHERE written out: ARGS=access."""

import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.engine import make_url

from rollbook.core.database import engine_for
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility, ensure_tenant, transaction
from rollbook.ops.embedded import connect_as_superuser
from rollbook.ops.server import ServerStatus
from rollbook.ops.work import running_server
from rollbook.testing import factories as make

STUDENTS: Final = 25_000
WEEKS: Final = 8
CASELOAD: Final = 350
SCHOOL: Final = 2_000
ROUNDS: Final = 31
TENANTS: Final = ("bench-access", "bench-access-neighbour")

PREDICTIONS: Final = text("""
INSERT INTO predictions (
    tenant_id, student_id, as_of, risk_score, risk_category, confidence, rank, cohort_size, risk_factors,
    model_version, feature_set_version
)
SELECT
    tenant_id, student_id, current_date, score,
    (ARRAY['low', 'medium', 'high', 'critical'])[least(4, 1 + floor(score * 4.4))::int], 0.5,
    row_number() OVER (ORDER BY score DESC), count(*) OVER (), '[]', 'bench', '1'
FROM students
CROSS JOIN LATERAL (SELECT abs(hashtext(student_number) % 1000) / 1000.0 AS score) AS made
""")
MODEL: Final = text("""
INSERT INTO model_metadata (
    tenant_id, model_version, target, model_type, feature_set_version, trained_as_of, training_rows, metrics,
    hyperparameters, artifact, artifact_sha256
) VALUES (rollbook_tenant(), 'bench', 'student', 'none', '1', current_date, 0, '{}', '{}', '{}', '')
""")
CASELOAD_LIST: Final = """
SELECT s.student_id, s.student_number, s.first_name, s.last_name, s.grade_level, p.risk_score, p.risk_category
FROM predictions AS p
INNER JOIN students AS s USING (tenant_id, student_id)
WHERE p.tenant_id = %(tenant)s AND p.as_of = current_date AND p.model_version = 'bench' {and_who}
ORDER BY p.risk_score DESC, s.student_id
LIMIT 50
"""
SINGLE_ROW: Final = """
SELECT student_id, student_number, first_name, last_name, grade_level
FROM students AS s WHERE s.tenant_id = %(tenant)s AND s.student_id = %(student)s {and_who}
"""
AGGREGATE: Final = """
SELECT s.status, count(*) FROM attendance_records AS s WHERE s.tenant_id = %(tenant)s {and_who}
GROUP BY s.status
"""
IN_SIGHT: Final = """
AND (%(sees_all)s OR s.student_id = ANY(cast((SELECT rollbook_students_in_sight()) AS uuid[])))
"""
AND_WHO: Final = "AND s.student_id = ANY(%(students)s::uuid[])"


@dataclass(frozen=True, slots=True)
class Case:
    """A read, and whose rows it may see: these students, or all of the tenant (None).

    A listing asks for those in sight besides, as the product's lists do, so that an index finds them.
    """

    name: str
    query: str
    students: Sequence[UUID] | None
    is_listing: bool = False


def main() -> None:
    status = running_server()
    (first, students), _neighbour = [fill(status, slug) for slug in TENANTS]
    cases = [
        Case(f"caseload list of {CASELOAD} students", CASELOAD_LIST, students[:CASELOAD], is_listing=True),
        Case(f"caseload list of {SCHOOL:,} students", CASELOAD_LIST, students[:SCHOOL], is_listing=True),
        Case("caseload list of the district", CASELOAD_LIST, None, is_listing=True),
        Case(f"one student, of a caseload of {CASELOAD}", SINGLE_ROW, students[:CASELOAD]),
        Case("one student, of the district", SINGLE_ROW, None),
        Case("1 M marks counted, by the district", AGGREGATE, None),
        Case(
            f"1 M marks counted as far as {SCHOOL:,} students go",
            AGGREGATE,
            students[:SCHOOL],
            is_listing=True,
        ),
    ]
    with connections(status) as (app, free):
        rows = [compared(case, app, free, first) for case in cases]
    columns = ["", "under row-level security, ms", "with its WHERE, ms", "ratio"]
    note = (
        f"Two tenants of {STUDENTS:,} students and a million marks each. The application's role reads under"
        " row-level security; the reference is the superuser, for whom no policy stands, with the same rule"
        f" as a WHERE. Medians of {ROUNDS} executions each, in turn; the settings are made once before, as a"
        " transaction does."
    )
    figures = [{"name": f"{row[0]}, ratio", "value": float(row[3]), "unit": "x"} for row in rows]
    tables = [{"title": "The times behind the ratios:", "columns": columns, "rows": rows}]
    print(json.dumps({"name": "Access", "note": note, "figures": figures, "tables": tables}))


def fill(status: ServerStatus, slug: str) -> tuple[int, list[UUID]]:
    engine = engine_for(status.url, statement_timeout_s=0)
    with transaction(engine, Visibility(0)) as db:
        tenant_id = ensure_tenant(db, slug, name=slug).tenant_id
    until = date.today()  # noqa: DTZ011 -- the server's zone is this machine's
    with transaction(engine, Visibility(tenant_id)) as db:
        ids = make.batch_students(db, STUDENTS, grades=(0, 12), since=until - timedelta(weeks=WEEKS))
        make.batch_attendance(db, ids, since=until - timedelta(weeks=WEEKS), until=until)
        db.execute(MODEL)
        db.execute(PREDICTIONS)
    with transaction(engine, Visibility(tenant_id)) as db:
        for table in ("students", "attendance_records", "predictions"):
            db.execute(text("SELECT rollbook_analyze(cast(:table AS regclass))"), {"table": table})
    return tenant_id, list(ids)


@contextmanager
def connections(status: ServerStatus) -> Iterator[tuple[psycopg.Connection[Any], psycopg.Connection[Any]]]:
    database = make_url(status.url).database or ""
    with psycopg.connect(status.url) as app, connect_as_superuser(settings(), database) as free:
        free.autocommit = False
        for connection in (app, free):
            connection.prepare_threshold = None  # as the product's, which a pooler may stand before
        yield app, free


def compared(
    case: Case, app: psycopg.Connection[Any], free: psycopg.Connection[Any], tenant_id: int
) -> list[str]:
    said = {
        "tenant": tenant_id,
        "students": list(case.students or []),
        "student": _one(case, app, tenant_id),
        "sees_all": case.students is None,
    }
    walled = case.query.format(and_who=IN_SIGHT if case.is_listing else "")
    written_out = case.query.format(and_who=AND_WHO if case.students is not None else "")
    with app.transaction(), free.transaction():
        enter(app, tenant_id, case.students)
        assert app.execute(walled, said).fetchall() == free.execute(written_out, said).fetchall()
        ours, theirs = in_turn(
            lambda: app.execute(walled, said).fetchall(), lambda: free.execute(written_out, said).fetchall()
        )
    return [case.name, f"{ours:,.2f}", f"{theirs:,.2f}", f"{ours / theirs:.2f}"]


def _one(case: Case, app: psycopg.Connection[Any], tenant_id: int) -> UUID:
    if case.students is not None:
        return case.students[len(case.students) // 2]
    with app.transaction():
        enter(app, tenant_id, None)
        found = app.execute("SELECT student_id FROM students LIMIT 1").fetchone()
    assert found is not None
    student: UUID = found[0]
    return student


def enter(app: psycopg.Connection[Any], tenant_id: int, students: Sequence[UUID] | None) -> None:
    app.execute(
        "SELECT set_config('rollbook.tenant', %s, true), set_config('rollbook.scope', %s, true),"
        " set_config('rollbook.students', %s, true)",
        [
            str(tenant_id),
            "tenant" if students is None else "students",
            "" if students is None else "{" + ",".join(map(str, students)) + "}",
        ],
    )


def in_turn(*runs: Callable[[], object]) -> list[float]:
    """Return the median milliseconds of each, run alternately: what else the machine does hits both."""
    taken: list[list[float]] = [[] for _ in runs]
    for _ in range(ROUNDS):
        for times, run in zip(taken, runs, strict=True):
            begin = time.perf_counter()
            run()
            times.append((time.perf_counter() - begin) * 1000)
    return [statistics.median(times) for times in taken]


if __name__ == "__main__":
    main()
