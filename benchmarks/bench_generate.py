"""The generator beside a bare COPY of the same rows: a whole district, and a year of many students' marks.

BENCH_STUDENTS says how many students the second one has; by default 100,000, which takes 8 GB of disk.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import IO, Any

import psycopg
from psycopg import sql

from rollbook.core.progress import Silent
from rollbook.demo.phases import ALL, close
from rollbook.demo.plan import STUDENTS
from rollbook.demo.service import Plan, generate_into
from rollbook.ops.work import running_server

MANY = int(os.environ.get("BENCH_STUDENTS", "100000"))
MARKS = (1, 2, 6)  # schools, people, attendance
CHUNK = 1 << 20


def main() -> None:
    owner_url = running_server().owner_url
    district = generated("district", STUDENTS, sorted(ALL))
    everything = bare_copy(owner_url, list(district["rows"]))
    empty_months(owner_url)
    marks = generated("marks", MANY, MARKS)
    a_month = bare_copy(owner_url, ["attendance_records_2025_10"])
    rows, many = sum(district["rows"].values()), sum(marks["rows"].values())
    figures = [
        figure(f"district of {STUDENTS:,} students, every phase", rows, "rows"),
        figure("made and written", district["seconds"], "s"),
        figure("made and written", rows / district["seconds"], "rows/s"),
        figure("bare COPY of the same rows is faster by", everything * district["seconds"] / rows, "times"),
        figure("peak memory of the generating process", district["memory"], "MB"),
        figure(f"a year of the marks of {MANY:,} students", many, "rows"),
        figure("made and written ", marks["seconds"], "s"),
        figure("made and written ", many / marks["seconds"], "rows/s"),
        figure("bare COPY of one month of them is faster by", a_month * marks["seconds"] / many, "times"),
        figure("peak memory of the generating process ", marks["memory"], "MB"),
    ]
    note = (
        "`rollbook generate district` into an empty tenant, in one transaction, under row-level security with"
        " keys, foreign keys and the later versions in their histories; the bare COPY goes into tables of"
        " text without an index and does none of it."
    )
    print(json.dumps({"name": "Generator", "note": note, "figures": figures}))


def empty_months(owner_url: str) -> None:
    """Let the next district find months that hold nothing, as in a database of its own."""
    with psycopg.connect(owner_url) as db:
        db.execute("TRUNCATE attendance_records")


def generated(slug: str, students: int, phases: Sequence[int]) -> dict[str, Any]:
    """Generate in a process of its own; return its rows by table, its seconds and its peak memory in MB."""
    command = [sys.executable, __file__, slug, str(students), ",".join(map(str, phases))]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    printed = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    told: dict[str, Any] = json.loads(printed)
    return told | {"memory": usage.ru_maxrss / 1024}


def generate(slug: str, students: int, phases: frozenset[int]) -> None:
    plan = Plan(students=students, phases=tuple(close(phases)))
    begin = time.perf_counter()
    made = generate_into(slug, plan, Silent())
    print(json.dumps({"rows": made.rows, "seconds": time.perf_counter() - begin}))


def bare_copy(owner_url: str, tables: Sequence[str]) -> float:
    """COPY the rows of ``tables`` out, then into tables of text; return the rows per second of the latter."""
    rows, seconds = 0, 0.0
    with psycopg.connect(owner_url) as db, tempfile.TemporaryFile() as file:
        db.execute("SELECT set_config('rollbook.scope', 'tenant', false)")
        for table in tables:
            columns = copied_out(db, table, file)
            begin = time.perf_counter()
            rows += copied_in(db, table, columns, file)
            db.commit()
            seconds += time.perf_counter() - begin
            db.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"bare_{table}")))
    return rows / seconds


def copied_out(db: psycopg.Connection, table: str, file: IO[bytes]) -> list[str]:
    """Write the rows of all tenants to ``file``; return the names of the columns."""
    parent = "attendance_records" if table.startswith("attendance_records_2") else table
    where = "" if parent == table else f" WHERE to_char(date, 'YYYY_MM') = '{table[-7:]}'"
    file.seek(0)
    file.truncate()
    columns: list[str] = []
    for (tenant_id,) in db.execute("SELECT tenant_id FROM tenants").fetchall():
        db.execute("SELECT set_config('rollbook.tenant', %s, false)", [str(tenant_id)])
        names = db.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(sql.Identifier(parent))).description
        columns = [column.name for column in names or ()]
        query = sql.SQL("COPY (SELECT * FROM {}{}) TO STDOUT").format(sql.Identifier(parent), sql.SQL(where))
        with db.cursor().copy(query) as copy:
            for data in copy:
                file.write(data)
    return columns


def copied_in(db: psycopg.Connection, table: str, columns: Sequence[str], file: IO[bytes]) -> int:
    name = sql.Identifier(f"bare_{table}")
    texts = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(column)) for column in columns)
    db.execute(sql.SQL("CREATE TABLE {} ({})").format(name, texts))
    file.seek(0)
    with db.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(name)) as copy:
            while chunk := file.read(CHUNK):
                copy.write(chunk)
        return cursor.rowcount


def figure(name: str, value: float, unit: str) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit}


if __name__ == "__main__":
    generate(sys.argv[1], int(sys.argv[2]), frozenset(map(int, sys.argv[3].split(",")))) if sys.argv[
        1:
    ] else main()
