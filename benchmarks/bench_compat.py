"""The original systems' queries over their schemas, against the same on our tables: ARGS=compat."""

import json
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, transaction
from rollbook.ops.work import Work, running_server, work_in
from rollbook.testing import factories as make

SIZES: Final = {"a district of 3,714 students": 3_714, "one of 25,000": 25_000}
WEEKS: Final = 8
MARKS: Final = 2_000
TIMES: Final = 7

AT_RISK: Final = """
SELECT s.{number}, s.first_name, s.last_name, s.grade_level, p.risk_score, p.risk_category, p.{dated}
FROM {schema}.students AS s
INNER JOIN {schema}.predictions AS p ON s.{student} = p.student_id
WHERE
    p.{prediction} = (
        SELECT newest.{prediction} FROM {schema}.predictions AS newest
        WHERE newest.student_id = s.{student} ORDER BY newest.{dated} DESC LIMIT 1
    )
    AND p.risk_category IN ('high', 'critical')
ORDER BY p.risk_score DESC
"""
WEEKLY: Final = """
SELECT s.grade_level, date_trunc('week', a.date) AS week, count(*),
    count(CASE WHEN a.status = 'present' THEN 1 END),
    round(count(CASE WHEN a.status = 'present' THEN 1 END)::numeric / count(*)::numeric, 3)
FROM {schema}.students AS s
INNER JOIN {schema}.attendance_records AS a ON s.{student} = a.student_id
WHERE a.date >= current_date - INTERVAL '8 weeks'
GROUP BY s.grade_level, date_trunc('week', a.date)
ORDER BY week, s.grade_level
"""
OURS: Final = {
    "schema": "public",
    "number": "student_number",
    "student": "student_id",
    "prediction": "prediction_id",
    "dated": "as_of",
}
EDUPULSE: Final = {
    "schema": "edupulse",
    "number": "district_id",
    "student": "id",
    "prediction": "id",
    "dated": "prediction_date",
}
PREDICTIONS: Final = text("""
INSERT INTO predictions (
    tenant_id, student_id, as_of, risk_score, risk_category, confidence, rank, cohort_size, risk_factors,
    model_version, feature_set_version
)
SELECT
    s.tenant_id, s.student_id, current_date - 7 * week, score,
    (ARRAY['low', 'medium', 'high', 'critical'])[least(4, 1 + floor(score * 4.4))::int], 0.5,
    row_number() OVER (PARTITION BY week ORDER BY score DESC), count(*) OVER (PARTITION BY week), '[]',
    'bench', '1'
FROM students AS s
CROSS JOIN generate_series(1, 8) AS week
CROSS JOIN LATERAL (SELECT abs(hashtext(s.student_number || week) % 1000) / 1000.0 AS score) AS made
""")
MODEL: Final = text("""
INSERT INTO model_metadata (
    tenant_id, model_version, target, model_type, feature_set_version, trained_as_of, training_rows, metrics,
    hyperparameters, artifact, artifact_sha256
) VALUES (rollbook_tenant(), 'bench', 'student', 'none', '1', current_date, 0, '{}', '{}', '{}', '')
""")
MARK_OURS: Final = text(
    "INSERT INTO attendance_records (tenant_id, student_id, date, status)"
    " VALUES (rollbook_tenant(), :student_id, :date, 'present')"
)
MARK_THEIRS: Final = text(
    "INSERT INTO edupulse.attendance_records (student_id, date, status)"
    " VALUES (:student_id, :date, 'present')"
)


def main() -> None:
    measured = [measured_on(name, students) for name, students in SIZES.items()]
    columns = ["", "on our tables, ms", "through edupulse, ms", "ratio"]
    tables = [{"title": f"{title}:", "columns": columns, "rows": rows} for title, rows in measured]
    figures = [figure for _, rows in measured[-1:] for figure in ratios(rows)]
    note = (
        "The queries of EduPulse's document over its schema, and the same on our tables, as the application's"
        f" role under row-level security: the median of {TIMES}. Marks are inserted one statement each, in"
        " one transaction, which is what the schema's triggers are for; loads go through `rollbook import`."
    )
    print(json.dumps({"name": "Original schemas", "note": note, "figures": figures, "tables": tables}))


def ratios(rows: list[list[str]]) -> list[dict[str, object]]:
    return [{"name": f"{row[0]}, ratio", "value": float(row[3]), "unit": "x"} for row in rows]


def measured_on(name: str, students: int) -> tuple[str, list[list[str]]]:
    slug = f"bench-compat-{students}"
    with transaction(engine_for(running_server().url), Visibility(0)) as db:
        tenant_id = ensure_tenant(db, slug, name=slug).tenant_id
    with transaction(engine_for(running_server().url, statement_timeout_s=0), Visibility(tenant_id)) as db:
        marks = fill(db, students)
    with work_in(slug) as work:
        rows = [
            compared("current risk of all high-risk students", *queries(work, AT_RISK)),
            compared("weekly attendance by grade over 8 weeks", *queries(work, WEEKLY)),
            compared(f"{MARKS:,} attendance marks inserted", *inserts(work)),
        ]
    return f"{name[0].upper()}{name[1:]}, {marks:,} marks", rows


def fill(db: Session, students: int) -> int:
    since = date.today() - timedelta(weeks=WEEKS)  # noqa: DTZ011 -- the server's zone is this machine's
    ids = make.batch_students(db, students, grades=(0, 12), since=since)
    make.batch_attendance(db, ids, since=since, until=since + timedelta(weeks=WEEKS))
    db.execute(MODEL)
    db.execute(PREDICTIONS)
    for table in ("students", "attendance_records", "predictions"):
        db.execute(text("SELECT rollbook_analyze(cast(:table AS regclass))"), {"table": table})
    return int(db.execute(text("SELECT count(*) FROM attendance_records")).scalar_one())


def queries(work: Work, query: str) -> tuple[Callable[[], object], Callable[[], object]]:
    ours, theirs = (text(query.format(**names)) for names in (OURS, EDUPULSE))
    return lambda: work.db.execute(ours).all(), lambda: work.db.execute(theirs).all()


def inserts(work: Work) -> tuple[Callable[[], object], Callable[[], object]]:
    ids = work.db.execute(text("SELECT student_id FROM students LIMIT :n"), {"n": MARKS}).scalars().all()
    rows = [{"student_id": student, "date": date.today() - timedelta(weeks=30)} for student in ids]  # noqa: DTZ011 -- as above
    make.ensure_months(work.db, "attendance_records", rows[0]["date"], rows[0]["date"])

    def insert(statement: object) -> None:
        with work.db.begin_nested() as taken_back:
            work.db.execute(statement, rows)  # type: ignore[call-overload]  # a text clause
            taken_back.rollback()

    return lambda: insert(MARK_OURS), lambda: insert(MARK_THEIRS)


def compared(name: str, ours: Callable[[], object], theirs: Callable[[], object]) -> list[str]:
    first, second = (milliseconds(run) for run in (ours, theirs))
    return [name, f"{first:,.1f}", f"{second:,.1f}", f"{second / first:.2f}"]


def milliseconds(run: Callable[[], object]) -> float:
    run()
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        run()
        taken.append((time.perf_counter() - begin) * 1000)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
