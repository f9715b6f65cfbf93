"""The import of a OneRoster bundle of 100,000 students beside two references of the same run: a bare COPY of
its files, and a COPY of what it becomes into tables with the same keys, foreign keys and checks."""

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

import numpy as np
import psycopg
from bench_oulad_import import figure
from memory import own_peak_bytes, watched_backend
from psycopg import sql

from rollbook.exchange.oneroster.bundle import OneRoster
from rollbook.exchange.oneroster.export import export_oneroster
from rollbook.exchange.oneroster.manifest import write_manifest
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.pipeline import Request, run_import
from rollbook.ops.work import running_server

TENANT = "bench-oneroster"
STUDENTS = int(os.environ.get("ROLLBOOK_BENCH_STUDENTS", "100000"))
STAFF = STUDENTS * 6 // 100
SCHOOLS = max(1, STUDENTS // 700)
SECTIONS = STUDENTS * 6 // 25
PER_STUDENT = 6
MIB = 1 << 20
# What the bundle becomes, parents before those that refer to them.
WRITTEN = (
    *(
        "source_records",
        "schools",
        "academic_sessions",
        "courses",
        "sections",
        "section_sessions",
        "students",
    ),
    *("staff", "student_school_enrollments", "staff_assignments", "course_enrollments", "section_staff"),
)
FOREIGN_KEYS = """
SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'
"""

Rows = Iterator[Sequence[object]]


def main() -> None:
    status = running_server()
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle.zip"
        write_bundle(bundle)
        rows, bare = bare_copy(status.owner_url, bundle)
        first, memory, backend = measured("import", status.owner_url, bundle)
        written, keyed = keyed_copy(status.owner_url, Path(folder))
        again, _, _ = measured("import", status.owner_url, bundle)
        out, out_memory, _ = measured("export", status.owner_url, Path(folder) / "out.zip")
    note = (
        f"{rows:,} rows of eight files: {STUDENTS:,} students, {STAFF:,} staff, {SECTIONS:,} classes;"
        " every value checked, references and duplicates too, persons told apart, typed, compared, and merged"
        f" as {written:,} rows into twelve tables under row-level security with keys, foreign keys and"
        " histories, in one transaction. The bare COPY into tables of text without an index does none of it."
        " The other reference is what PostgreSQL itself needs for every constraint to be true at the end:"
        f" COPY of the same {written:,} rows, typed before, into empty tables with the same keys, indexes,"
        " foreign keys and checks, without row-level security and history, in one transaction."
    )
    figures = [
        figure("bare COPY", rows / bare, "rows/s"),
        figure("COPY of the typed rows under the same constraints", written / keyed, "rows/s"),
        figure("import into an empty tenant", rows / first, "rows/s"),
        figure("import as a share of bare COPY", bare / first, "ratio"),
        figure("import as a share of COPY under the same constraints", keyed / first, "ratio"),
        figure("bare COPY", bare, "s"),
        figure("COPY of the typed rows under the same constraints", keyed, "s"),
        figure("import into an empty tenant", first, "s"),
        figure("the same again, nothing written", again, "s"),
        figure("export", out, "s"),
        figure("peak memory of the importing process", memory, "MB"),
        figure("peak memory of the exporting process", out_memory, "MB"),
        figure("peak private memory of the import's server process", backend, "MB"),
    ]
    print(json.dumps({"name": "OneRoster import", "note": note, "figures": figures}))


def write_bundle(path: Path) -> None:
    """Draw a district: the same for the same size."""
    rng = np.random.default_rng(20261121)
    tables = {
        "academicSessions": sessions(),
        "orgs": orgs(),
        "courses": courses(),
        "classes": classes(),
        "users": users(rng),
        "roles": roles(),
        "enrollments": enrollments(),
        "demographics": demographics(rng),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as bundle:
        for name, rows in tables.items():
            with bundle.open(f"{name}.csv", "w") as file:
                write_table(file, TABLES[name].header, rows)
        manifest = StringIO(newline="")
        lines = write_manifest(dict.fromkeys(tables, "bulk"), is_synthetic=True)
        csv.writer(manifest, lineterminator="\r\n").writerows(lines)
        bundle.writestr("manifest.csv", manifest.getvalue())


def write_table(file: object, header: Sequence[str], rows: Rows) -> None:
    text = StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(row)
        if text.tell() > MIB:
            file.write(text.getvalue().encode())  # type: ignore[attr-defined]  # zipfile's own
            text.seek(0)
            text.truncate()
    file.write(text.getvalue().encode())  # type: ignore[attr-defined]  # zipfile's own


def sessions() -> Rows:
    yield "y2026", "", "", "2026-2027", "schoolYear", "2026-08-17", "2027-06-11", "", 2027
    yield "s1", "", "", "Fall", "semester", "2026-08-17", "2026-12-18", "y2026", 2027
    yield "s2", "", "", "Spring", "semester", "2027-01-04", "2027-06-11", "y2026", 2027


def orgs() -> Rows:
    yield "district", "", "", "Bench District", "district", "", ""
    for school in range(SCHOOLS):
        yield f"school-{school}", "", "", f"School {school} High", "school", f"{school:04}", "district"


def courses() -> Rows:
    for course in range(200):
        yield (
            f"course-{course}",
            "",
            "",
            "y2026",
            f"Course {course}",
            f"C{course:03}",
            "09",
            "district",
            "Math",
            "",
        )


def classes() -> Rows:
    for section in range(SECTIONS):
        place = f"school-{section % SCHOOLS}"
        names = (
            f"class-{section}",
            "",
            "",
            f"Class {section}",
            "09",
            f"course-{section % 200}",
            f"K{section}",
        )
        yield *names, "scheduled", f"Room {section % 90}", place, "s1,s2", "", "", str(1 + section % 8)


def users(rng: np.random.Generator) -> Rows:
    given = rng.integers(0, 4000, STUDENTS + STAFF)
    family = rng.integers(0, 20000, STUDENTS + STAFF)
    for user in range(STUDENTS + STAFF):
        name = (f"Given{given[user]}", f"Family{family[user]}", "", f"{500_000 + user}")
        grade = f"{9 + user % 4:02}" if user < STUDENTS else ""
        contact = (f"user{user}@bench.example", "", "", "")
        row = (f"user-{user}", "", "", "true", f"user{user}", "", *name, *contact, grade)
        yield *row, *[""] * 7


def roles() -> Rows:
    for user in range(STUDENTS + STAFF):
        role = "student" if user < STUDENTS else "teacher"
        place = f"school-{user % SCHOOLS}"
        yield f"role-{user}", "", "", f"user-{user}", "primary", role, "2026-08-17", "", place, ""


def enrollments() -> Rows:
    """Put each student into six classes of their school, and a teacher into each class."""
    per_school = SECTIONS // SCHOOLS
    for student in range(STUDENTS):
        school, start = student % SCHOOLS, student // SCHOOLS * PER_STUDENT
        for place in range(PER_STUDENT):
            section = (start + place) % per_school * SCHOOLS + school
            ids = (f"e-{student}-{place}", "", "", f"class-{section}", f"school-{school}", f"user-{student}")
            yield *ids, "student", "", "2026-08-17", ""
    for section in range(SECTIONS):
        taught = (f"t-{section}", "", "", f"class-{section}", f"school-{section % SCHOOLS}")
        yield *taught, f"user-{STUDENTS + section % STAFF}", "teacher", "true", "", ""


def demographics(rng: np.random.Generator) -> Rows:
    races = rng.choice([True, False], (STUDENTS, 6), p=[0.2, 0.8])
    days = np.datetime64("2008-01-01") + rng.integers(0, 1400, STUDENTS)
    for student in range(STUDENTS):
        flags = ["true" if flag else "false" for flag in races[student]]
        several = "true" if races[student][:5].sum() > 1 else "false"
        who = (f"user-{student}", "", "", str(days[student]), ("female", "male")[student % 2])
        yield *who, *flags[:5], several, flags[5], "", "", "", ""


def bare_copy(owner_url: str, bundle: Path) -> tuple[int, float]:
    """COPY each file into a table of text of its own, in one transaction; drop them. Returns rows and"
    " seconds."""
    rows, begin = 0, time.perf_counter()
    with psycopg.connect(owner_url) as db, zipfile.ZipFile(bundle) as files:
        names = [name for name in files.namelist() if name != "manifest.csv"]
        for number, name in enumerate(names):
            rows += copy_file(db, files, name, sql.Identifier(f"bare_{number}"))
        db.commit()
        seconds = time.perf_counter() - begin
        for number, _ in enumerate(names):
            db.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"bare_{number}")))
    return rows, seconds


def copy_file(db: psycopg.Connection, files: zipfile.ZipFile, name: str, table: sql.Identifier) -> int:
    header = TABLES[name.removesuffix(".csv")].header
    texts = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(column)) for column in header)
    db.execute(sql.SQL("CREATE TABLE {} ({})").format(table, texts))
    with files.open(name) as file, db.cursor() as cursor:
        file.readline()
        with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(table)) as copy:
            while chunk := file.read(MIB):
                copy.write(chunk)
        return cursor.rowcount


def keyed_copy(owner_url: str, folder: Path) -> tuple[int, float]:
    """COPY the tenant's rows into empty copies of their tables; drop those. Returns rows and seconds."""
    with psycopg.connect(owner_url) as db:
        tenant = db.execute("SELECT tenant_id FROM tenants WHERE slug = %s", [TENANT]).fetchone()
        assert tenant is not None
        db.execute("SELECT set_config('rollbook.tenant', %s, true)", [str(tenant[0])])
        db.execute("SELECT set_config('rollbook.scope', 'tenant', true)")
        rows = sum(write_rows(db, table, folder / table) for table in WRITTEN)
        foreign_keys = {table: db.execute(FOREIGN_KEYS, [table]).fetchall() for table in WRITTEN}
        db.execute("CREATE SCHEMA keyed")
        db.execute("SET search_path = keyed, public")
        db.commit()
        begin = time.perf_counter()
        for table in WRITTEN:
            make_keyed(db, table, [definition for (definition,) in foreign_keys[table]])
            read_rows(db, table, folder / table)
        db.commit()
        seconds = time.perf_counter() - begin
        db.execute("DROP SCHEMA keyed CASCADE")
    return rows, seconds


def make_keyed(db: psycopg.Connection, table: str, foreign_keys: Sequence[str]) -> None:
    """Make a copy of a table with its keys, checks and indexes; its foreign keys lead to the other copies."""
    name = sql.Identifier(table)
    db.execute(sql.SQL("CREATE TABLE keyed.{0} (LIKE public.{0} INCLUDING ALL)").format(name))
    for definition in foreign_keys:
        db.execute(sql.SQL("ALTER TABLE keyed.{} ADD {}").format(name, sql.SQL(definition)))


def write_rows(db: psycopg.Connection, table: str, path: Path) -> int:
    query = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
    with db.cursor() as cursor, path.open("wb") as file:
        with cursor.copy(query) as copy:
            for chunk in copy:
                file.write(chunk)
        return cursor.rowcount


def read_rows(db: psycopg.Connection, table: str, path: Path) -> None:
    query = sql.SQL("COPY keyed.{} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
    with db.cursor() as cursor, path.open("rb") as file, cursor.copy(query) as copy:
        while chunk := file.read(MIB):
            copy.write(chunk)


def measured(what: str, owner_url: str, path: Path) -> tuple[float, float, float]:
    """Do it in a process of its own; return its seconds, its peak memory and its backend's, in MiB."""
    with watched_backend(owner_url) as peak:
        child = [sys.executable, __file__, what, str(path)]
        said = subprocess.run(child, check=True, stdout=subprocess.PIPE, text=True).stdout
    seconds, memory = said.split()
    return float(seconds), int(memory) / MIB, peak[0] / MIB


def timed(what: str, path: Path) -> None:
    begin, url = time.perf_counter(), running_server().url
    if what == "import":
        request = Request(tenant=TENANT, source="sis", who="bench", new_tenant=True)
        run_import(url, path, OneRoster(), request)
    else:
        export_oneroster(url, path, tenant_slug=TENANT)
    print(time.perf_counter() - begin, own_peak_bytes())


if __name__ == "__main__":
    timed(sys.argv[1], Path(sys.argv[2])) if sys.argv[1:] else main()
