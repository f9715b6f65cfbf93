"""A year of a large district's attendance: 100,000 students x 180 days brought in, and asked about."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from memory import watched_backend
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.attendance.chronic import chronic_absence
from rollbook.attendance.refreshing import refresh_weeks
from rollbook.attendance.service import weekly_rates, weeks_before
from rollbook.core.database import engine_for
from rollbook.core.tenancy import ensure_tenant
from rollbook.exchange.csv_files.format import CsvFormat
from rollbook.exchange.csv_files.kinds import kind_of
from rollbook.exchange.csv_files.mapping import CsvMap
from rollbook.intake.months import analyze
from rollbook.intake.pipeline import Request, run_import
from rollbook.ops.work import running_server, work_in

TENANT = "bench-attendance"
STUDENTS = int(os.environ.get("BENCH_STUDENTS", "100000"))
DAYS = 180
FRIDAY = 5
FIRST = date(2025, 8, 18)
CHUNK = 1 << 20
MIB = 1 << 20
ROUNDS = 5

PEOPLE = """
INSERT INTO schools (tenant_id, school_code, name, school_type)
SELECT {tenant}, 'SCH' || n, 'School ' || n, 'elementary' FROM generate_series(1, 60) AS n;
INSERT INTO students (tenant_id, student_number, first_name, last_name, grade_level)
SELECT {tenant}, to_char(n, 'FM0000000'), 'First', 'Last ' || n, n % 13
FROM generate_series(1, {students}) AS n;
INSERT INTO student_school_enrollments (tenant_id, student_id, school_id, school_year, grade_level, entry_on)
SELECT tenant_id, student_id, school_id, 2026, grade_level, '{first}'
FROM students INNER JOIN schools USING (tenant_id)
WHERE school_code = 'SCH' || (1 + student_number::int % 60);
INSERT INTO school_calendar_days (tenant_id, school_id, date, is_instructional)
SELECT tenant_id, school_id, day, true FROM schools CROSS JOIN unnest(ARRAY[{days}]::date[]) AS day;
ANALYZE schools, students, student_school_enrollments, school_calendar_days;
"""
# A tenth of the students miss a sixth of the days, the others one in thirty.
MARKS = """
COPY (
    SELECT
        to_char(n, 'FM0000000') AS student_number, day AS date, 0 AS period, status,
        CASE status WHEN 'tardy' THEN 10 ELSE 0 END AS minutes_late,
        CASE status WHEN 'excused' THEN 'illness' END AS reason
    FROM unnest(ARRAY[{days}]::date[]) AS day
    CROSS JOIN generate_series(1, {students}) AS n
    CROSS JOIN LATERAL (
        SELECT (hashint8extended(n, day - DATE '2000-01-01') & 65535) / 65536.0 AS draw
    ) AS drawn
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN draw < CASE WHEN n % 10 = 0 THEN 0.08 ELSE 0.015 END THEN 'absent'
            WHEN draw < CASE WHEN n % 10 = 0 THEN 0.16 ELSE 0.03 END THEN 'excused'
            WHEN draw > 0.97 THEN 'tardy'
            ELSE 'present'
        END AS status
    ) AS told
) TO STDOUT (FORMAT csv, HEADER)
"""
CORRECTION = text("""
UPDATE attendance_records SET status = 'excused', minutes_late = 0, known_at = now()
WHERE date = :day AND student_id IN (SELECT student_id FROM students ORDER BY student_number LIMIT 100)
""")
SHAPE = """
CREATE TABLE bare (
    student_number text, date date, period smallint, status varchar, minutes_late smallint, reason text
)
"""
KEYS = "ALTER TABLE bare ADD PRIMARY KEY (student_number, date, period); CREATE INDEX ON bare (date)"


def main() -> None:
    status = running_server()
    with tempfile.TemporaryDirectory(prefix="rollbook-marks-") as folder:
        file = Path(folder) / "marks.csv"
        tenant_id = make_people(status.url)
        make_file(status.owner_url, file)
        rows = STUDENTS * DAYS
        bare = bare_copy(status.owner_url, file, keyed=False)
        keyed = bare_copy(status.owner_url, file, keyed=True)
        seconds, memory, backend = measured_import(status.owner_url, file)
    check(status.owner_url, tenant_id, rows)
    asked = ask()
    note = (
        f"{rows:,} marks ({STUDENTS:,} students x {DAYS} days), one a line, into an empty year: read, looked"
        " up, compared, guarded, keyed, checked against students, under row-level security, with a receipt,"
        " in one transaction. The references COPY the same file, in the same run, into a table of its columns"
        " and types, without keys; and then build the primary key and the index by date. Lists over the"
        " district read what is kept beside the marks."
    )
    figures = [
        figure("bare COPY, no keys", rows / bare, "rows/s"),
        figure("bare COPY, then primary key and index", rows / keyed, "rows/s"),
        figure("import", rows / seconds, "rows/s"),
        figure("import to bare COPY without keys", bare / seconds, "ratio"),
        figure("import to bare COPY with keys", keyed / seconds, "ratio"),
        figure("import", seconds, "s"),
        figure("peak memory of the importing process", memory, "MB"),
        figure("peak private memory of its server processes, together", backend, "MB"),
        *asked,
    ]
    print(json.dumps({"name": "Attendance", "note": note, "figures": figures}))


def school_days() -> list[date]:
    days = (FIRST + timedelta(days=n) for n in range(DAYS * 2))
    return [day for day in days if day.isoweekday() <= FRIDAY][:DAYS]


def literals() -> dict[str, Any]:
    days = ", ".join(f"'{day}'" for day in school_days())
    return {"days": days, "students": STUDENTS, "first": FIRST}


def make_people(url: str) -> int:
    with Session(engine_for(url)) as db, db.begin():
        tenant_id = ensure_tenant(db, TENANT, name="Large District").tenant_id
    people, _, analyze = PEOPLE.format(tenant=tenant_id, **literals()).rpartition("ANALYZE")
    with psycopg.connect(url) as app:
        app.execute("SELECT set_config('rollbook.tenant', %s, true)", [str(tenant_id)])
        app.execute("SELECT set_config('rollbook.scope', 'tenant', true)")
        app.execute(people)
    with psycopg.connect(running_server().owner_url) as owner:
        owner.execute("ANALYZE" + analyze)
    return tenant_id


def make_file(owner_url: str, path: Path) -> None:
    query = MARKS.format(**literals())
    with psycopg.connect(owner_url) as db, path.open("wb") as file, db.cursor().copy(query) as copy:
        for chunk in copy:
            file.write(chunk)


def bare_copy(owner_url: str, path: Path, *, keyed: bool) -> float:
    """COPY the file, and perhaps build keys, in one transaction; return seconds. The table is dropped."""
    begin = time.perf_counter()
    with psycopg.connect(owner_url) as db, db.cursor() as cursor, path.open("rb") as file:
        db.execute(SHAPE)
        with cursor.copy("COPY bare FROM STDIN (FORMAT csv, HEADER)") as copy:
            while chunk := file.read(CHUNK):
                copy.write(chunk)
        if keyed:
            db.execute(KEYS)
        db.commit()
        seconds = time.perf_counter() - begin
        db.execute("DROP TABLE bare")
    return seconds


def measured_import(owner_url: str, path: Path) -> tuple[float, float, float]:
    """Import in a process of its own; return its seconds, its peak memory and its backend's, in MiB."""
    with watched_backend(owner_url) as peak:
        child = subprocess.Popen(
            [sys.executable, __file__, "import", str(path)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        seconds = float(child.stdout.read())
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return seconds, usage.ru_maxrss / 1024, peak[0] / MIB


def timed_import(path: str) -> None:
    begin = time.perf_counter()
    form = CsvFormat(kind_of("attendance"), CsvMap(), Path(path).name)
    outcome = run_import(
        running_server().url, Path(path), form, Request(tenant=TENANT, source="bench", who="bench")
    )
    seconds = time.perf_counter() - begin
    assert outcome.written == STUDENTS * DAYS
    assert form.loaded, "the file is plain"
    print(seconds)


def check(owner_url: str, tenant_id: int, rows: int) -> None:
    """See that every row is there and that no constraint is left unchecked."""
    with psycopg.connect(owner_url) as db:
        db.execute("SELECT set_config('rollbook.tenant', %s, true)", [str(tenant_id)])
        db.execute("SELECT set_config('rollbook.scope', 'tenant', true)")
        found = db.execute("SELECT count(*) FROM attendance_records").fetchone()
        loose = db.execute("SELECT count(*) FROM pg_constraint WHERE NOT convalidated").fetchone()
    assert (found, loose) == ((rows,), (0,))


def ask() -> list[dict[str, object]]:
    last = school_days()[-1]
    refreshed = refreshing()
    analyze(engine_for(running_server().url), ["attendance_weeks", "attendance_totals"])
    with work_in(TENANT) as work:
        found = chronic_absence(work.db, work.tenant, last)
        assert found.enrolled == STUDENTS
        page_ms = median_ms(lambda: chronic_absence(work.db, work.tenant, last, page_size=50))
        list_ms = median_ms(lambda: chronic_absence(work.db, work.tenant, last))
        weeks_ms = median_ms(lambda: weekly_rates(work.db, *weeks_before(work.db, last)))
        work.db.execute(CORRECTION, {"day": last})
        corrected_ms = median_ms(lambda: chronic_absence(work.db, work.tenant, last, page_size=50))
    who = f"{STUDENTS:,} students"
    return [
        figure("keeping the weeks and totals of the whole year, from nothing", refreshed, "s"),
        figure(f"chronic absence of {who}: counts by school and grade, a page of 50", page_ms, "ms"),
        figure(f"the same with all of the {found.chronic:,} listed", list_ms, "ms"),
        figure("the same page while 100 corrections wait for a refresh", corrected_ms, "ms"),
        figure("that refresh", 1000 * refreshing(), "ms"),
        figure("weekly rates by grade, 12 weeks", weeks_ms, "ms"),
    ]


def refreshing() -> float:
    """Bring up to date what is kept; return seconds."""
    begin = time.perf_counter()
    with work_in(TENANT) as work:
        refresh_weeks(work.db, work.tenant)
    return time.perf_counter() - begin


def median_ms(call: Callable[[], object]) -> float:
    def once() -> float:
        begin = time.perf_counter()
        call()
        return 1000 * (time.perf_counter() - begin)

    return median(once() for _ in range(ROUNDS))


def figure(name: str, value: float, unit: str) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit}


if __name__ == "__main__":
    timed_import(sys.argv[2]) if sys.argv[1:2] == ["import"] else main()
