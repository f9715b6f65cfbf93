"""GPA and progress over a district of 100,000 students x 8 courses: `make bench ARGS=grades`."""

import json
import os
import statistics
import time
from collections.abc import Callable
from datetime import date
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, transaction
from rollbook.grades.gpa import GpaFilter, list_gpa, transcript_of
from rollbook.grades.progress import record_progress
from rollbook.grades.scales import add_standard_scale
from rollbook.ops.work import running_server

STUDENTS = int(os.environ.get("BENCH_STUDENTS", "100000"))
COURSES = 8
CLASS = 30
AWARDED = date(2025, 12, 19)
AS_OF = date(2026, 1, 15)
TIMES = 5

PREPARE = """
INSERT INTO schools (tenant_id, school_code, name, school_type)
SELECT :t, 'S' || n, 'School ' || n, 'high' FROM generate_series(1, 50) AS n;
INSERT INTO students (tenant_id, student_number, first_name, last_name, grade_level)
SELECT :t, to_char(n, 'FM000000'), 'First', 'Last ' || n, 9 + n % 4 FROM generate_series(1, :students) AS n;
INSERT INTO student_school_enrollments (tenant_id, student_id, school_id, school_year, entry_on)
SELECT :t, student_id, school_id, 2026, date '2025-09-01'
FROM students JOIN schools ON 'S' || (1 + student_number::int % 50) = school_code
WHERE students.tenant_id = :t AND schools.tenant_id = :t;
INSERT INTO academic_sessions (tenant_id, session_code, title, session_type, starts_on, ends_on, school_year)
VALUES (:t, '2026-S1', 'Fall', 'semester', '2025-09-01', '2025-12-19', 2026);
INSERT INTO courses (tenant_id, course_code, title, credits, level)
SELECT :t, 'C' || n, 'Course ' || n, 0.5, (ARRAY['regular', 'honors', 'advanced_placement'])[1 + n % 3]
FROM generate_series(0, :courses - 1) AS n;
INSERT INTO sections (tenant_id, course_id, section_code, starts_on, ends_on)
SELECT :t, course_id, n, '2025-09-01', '2026-06-12'
FROM courses CROSS JOIN generate_series(0, :students / :class) AS n WHERE tenant_id = :t;
CREATE TEMPORARY TABLE taken ON COMMIT DROP AS
SELECT student_id, section_id, student_number::int AS n, course_code
FROM students JOIN sections USING (tenant_id) JOIN courses USING (tenant_id, course_id)
WHERE tenant_id = :t AND section_code = (student_number::int / :class)::text;
INSERT INTO course_enrollments (tenant_id, student_id, section_id, enrolled_on)
SELECT :t, student_id, section_id, '2025-09-01' FROM taken;
INSERT INTO course_grades (tenant_id, student_id, section_id, session_id, grade_percent, grade_letter,
    is_final, credits_attempted, credits_earned, awarded_on, known_at)
SELECT :t, student_id, section_id, session_id, 50 + hash % 51,
    (ARRAY['F', 'D', 'C', 'C+', 'B', 'B+', 'A-', 'A'])[1 + hash % 8], true, 0.5, 0.5, :awarded, :awarded
FROM (SELECT *, abs(hashtext(n || course_code)) AS hash FROM taken) AS taken
CROSS JOIN academic_sessions WHERE tenant_id = :t
"""
# The least that any such list has to do: read the same rows and average one column by student.
REFERENCE = text(
    "SELECT student_id, avg(grade_percent) FROM course_grades"
    " WHERE tenant_id = :t AND is_final AND awarded_on <= :as_of GROUP BY student_id"
)


def main() -> None:
    engine = engine_for(running_server().url, statement_timeout_s=0)
    with Session(engine) as db, db.begin():
        tenant_id = ensure_tenant(db, "bench-grades", name="Bench").tenant_id
    seconds = prepare(engine, tenant_id)
    with transaction(engine, Visibility(tenant_id)) as db:
        tenant = db.get_one(Tenant, tenant_id)
        db.expunge(tenant)
        some = list(db.scalars(text("SELECT student_id FROM students ORDER BY student_number LIMIT 120")))
        figures = measure(db, tenant, some)
        begin = time.perf_counter()
        rows = record_progress(db, tenant, AS_OF)
        progress = rows / (time.perf_counter() - begin)
    with transaction(engine, Visibility(tenant_id, some)) as db:
        mine = milliseconds(lambda: list_gpa(db, tenant, AS_OF))
    figures += [
        figure("GPA of a teacher's 120 students", mine, "ms"),
        figure("progress of every student in every course", progress, "rows/s"),
    ]
    note = (
        f"{STUDENTS:,} students x {COURSES} final course grades ({STUDENTS * COURSES:,} rows, made in"
        f" {seconds:.0f} s), median of {TIMES}. The reference averages grade_percent by student over the same"
        " rows, under the same row-level security: no letters, courses, credits, names or versions."
    )
    print(json.dumps({"name": "GPA and progress", "note": note, "figures": figures}))


def prepare(engine: Engine, tenant_id: int) -> float:
    begin = time.perf_counter()
    params = {"t": tenant_id, "students": STUDENTS, "courses": COURSES, "class": CLASS, "awarded": AWARDED}
    with transaction(engine, Visibility(tenant_id)) as db:
        for statement in PREPARE.split(";\n"):
            used = {name: value for name, value in params.items() if f":{name}" in statement}
            db.execute(text(statement), used)
        add_standard_scale(db, tenant_id)
    with transaction(engine, Visibility(tenant_id)) as db:
        for table in ("students", "sections", "courses", "course_enrollments", "course_grades"):
            db.execute(text("SELECT rollbook_analyze(cast(:table AS regclass))"), {"table": table})
    return time.perf_counter() - begin


def measure(db: Session, tenant: Tenant, some: list[UUID]) -> list[dict[str, object]]:
    everybody = milliseconds(lambda: list_gpa(db, tenant, AS_OF))
    reference = milliseconds(lambda: db.execute(REFERENCE, {"t": tenant.tenant_id, "as_of": AS_OF}).all())
    page = milliseconds(lambda: list_gpa(db, tenant, AS_OF, limit=50))
    school = milliseconds(lambda: list_gpa(db, tenant, AS_OF, GpaFilter(school="S7")))
    one = milliseconds(lambda: transcript_of(db, tenant, some[0], AS_OF))
    return [
        figure("GPA, weighted too, and credits of every student", everybody, "ms"),
        figure("the reference: a plain average by student", reference, "ms"),
        figure("ratio to the reference", everybody / reference, ""),
        figure("GPA of a page of 50 students", page, "ms"),
        figure(f"GPA of a school of {STUDENTS // 50:,}", school, "ms"),
        figure("one transcript", one, "ms"),
    ]


def milliseconds(run: Callable[[], object]) -> float:
    """Run it some times; return the median."""
    taken = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - begin))
    return statistics.median(taken)


def figure(name: str, value: float, unit: str) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit}


if __name__ == "__main__":
    main()
