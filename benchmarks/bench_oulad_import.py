"""The OULAD import beside a bare COPY of the same rows into tables without an index, in the same run."""

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from memory import watched_backend
from psycopg import sql

from rollbook.exchange.oulad import find_drop, import_oulad
from rollbook.ops.work import running_server

OULAD = Path(os.environ["ROLLBOOK_SHARED"]) / "data/oulad"
TENANT = "bench-oulad"
CHUNK = 1 << 20
MIB = 1 << 20


def main() -> None:
    status = running_server()
    rows, bare = bare_copy(status.owner_url)
    first, memory, backend_memory = measured_import(status.owner_url)
    again, _, _ = measured_import(status.owner_url)
    note = (
        f"{rows:,} rows of seven files, read, checked, summed and merged into eight tables under row-level"
        " security with keys, foreign keys and histories, in one transaction; the bare COPY does none of it."
    )
    figures = [
        figure("bare COPY into tables of text without an index", rows / bare, "rows/s"),
        figure("import into an empty tenant", rows / first, "rows/s"),
        figure("bare COPY is faster by", first / bare, "times"),
        figure("import into an empty tenant", first, "s"),
        figure("the same again, nothing written", again, "s"),
        figure("peak memory of the importing process", memory, "MB"),
        figure("peak private memory of its server process", backend_memory, "MB"),
    ]
    print(json.dumps({"name": "OULAD import", "note": note, "figures": figures}))


def bare_copy(owner_url: str) -> tuple[int, float]:
    """COPY each file into a table of its own, all in one transaction; drop them. Returns rows and seconds."""
    rows, begin = 0, time.perf_counter()
    with psycopg.connect(owner_url) as db:
        for number, path in enumerate(path for _, path in find_drop(OULAD) if path):
            rows += copy_file(db, path, sql.Identifier(f"bare_{number}"))
        db.commit()
        seconds = time.perf_counter() - begin
        for number, _ in enumerate(find_drop(OULAD)):
            db.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"bare_{number}")))
    return rows, seconds


def copy_file(db: psycopg.Connection, path: Path, table: sql.Identifier) -> int:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        columns = file.readline().decode().strip().split(",")
        texts = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in columns)
        db.execute(sql.SQL("CREATE TABLE {} ({})").format(table, texts))
        with db.cursor() as cursor:
            with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(table)) as copy:
                while chunk := file.read(CHUNK):
                    copy.write(chunk)
            return cursor.rowcount


def measured_import(owner_url: str) -> tuple[float, float, float]:
    """Import in a process of its own; return its seconds, its peak memory and its backend's, in MiB."""
    with watched_backend(owner_url) as peak:
        child = subprocess.Popen([sys.executable, __file__, "import"], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        seconds = float(child.stdout.read())
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0
    return seconds, usage.ru_maxrss / 1024, peak[0] / MIB


def timed_import() -> None:
    begin = time.perf_counter()
    import_oulad(running_server().url, OULAD, tenant_slug=TENANT)
    print(time.perf_counter() - begin)


def figure(name: str, value: float, unit: str) -> dict[str, object]:
    return {"name": name, "value": value, "unit": unit}


if __name__ == "__main__":
    timed_import() if sys.argv[1:] == ["import"] else main()
