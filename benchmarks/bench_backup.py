"""Backups beside PostgreSQL's bare programs on one server; what archiving the log costs pgbench."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rollbook.core.settings import settings
from rollbook.ops.backup.source import Source, source

SCALE = int(os.environ.get("BENCH_BACKUP_SCALE", "35"))  # pgbench's: 15 MB each
CHANGED_S = 5
ROUNDS = 3
ROUND_S = int(os.environ.get("BENCH_BACKUP_SECONDS", "10"))
MB = 1e6
NOTE = """\
A cluster that pgbench filled, durable, with checksums; repository, restored files and server share one disk.
MB/s and s/GB are of the cluster's size, for an incremental too. Ours are whole commands, the start of Python
included: they compress, encrypt, and take or compare every table's checksum; the bare programs only copy."""


@dataclass(frozen=True)
class Took:
    """How long a command took, and the most memory that its process held."""

    seconds: float
    held_bytes: int


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-", dir=os.environ.get("TMPDIR")) as place:
        folder = Path(place)
        folder.chmod(0o755)
        os.environ["ROLLBOOK_HOME"] = str(folder / "home")
        settings.cache_clear()
        rollbook("up", "--no-migrate")
        try:
            print(json.dumps(measure(folder)))
        finally:
            rollbook("down")


def measure(folder: Path) -> dict[str, object]:
    server = source(settings())
    bare(server, "pgbench", "--initialize", "--quiet", f"--scale={SCALE}")
    with server.connect() as db:
        found = db.execute("SELECT sum(pg_database_size(oid))::bigint FROM pg_database").fetchone()
    assert found is not None
    size = int(str(found[0]))
    rates = archived_rates(server)
    rows = [*copies(server, folder, size), *restores(folder, size)]
    figures: list[dict[str, object]] = [
        {"name": "cluster", "value": size / MB, "unit": "MB"},
        {"name": "pgbench, the log not archived", "value": median(rates[False]), "unit": "TPS"},
        {"name": "pgbench, the log archived", "value": median(rates[True]), "unit": "TPS"},
        {"name": "ratio", "value": median(rates[True]) / median(rates[False]), "unit": "x"},
    ]
    table = {"title": "", "columns": ["", "s", "MB/s", "s/GB", "peak MB of its process"], "rows": rows}
    return {"name": "Backups", "note": NOTE, "figures": figures, "tables": [table]}


def copies(server: Source, folder: Path, size: int) -> Iterator[list[str]]:
    copy = ("--pgdata=-", "--format=tar", "--wal-method=fetch", "--checkpoint=fast")
    tar = folder / "bare.tar"
    yield row("pg_basebackup, bare, to a file", bare(server, "pg_basebackup", *copy, to=tar), size)
    tar.unlink()
    yield row("backup create --base", rollbook("backup", "create", "--base"), size)
    bare(server, "pgbench", "--client=4", f"--time={CHANGED_S}")
    yield row("backup create --incremental", rollbook("backup", "create", "--incremental"), size)
    dump = folder / "bare.dump"
    yield row("pg_dump, bare, to a file", bare(server, "pg_dump", "--format=custom", to=dump), size)
    with server.connect() as db:
        db.execute("CREATE DATABASE bare")
    restored = ("--dbname=bare", str(dump))
    yield row("pg_restore, bare", bare(server, "pg_restore", *restored), size)
    with server.connect() as db:
        db.execute("DROP DATABASE bare")
    dump.unlink()


def restores(folder: Path, size: int) -> Iterator[list[str]]:
    yield row("backup verify", rollbook("backup", "verify", "latest"), size)
    for name, more in (("restore, to its end", ()), ("restore, to LATEST", ("--to", "LATEST"))):
        into = folder / "restored"
        yield row(f"backup {name}", rollbook("backup", "restore", "latest", "--into", str(into), *more), size)
        shutil.rmtree(into)
    yield row("backup drill", rollbook("backup", "drill"), size)
    yield row("backup create --full", rollbook("backup", "create", "--full"), size)
    yield row("backup restore, a dump", rollbook("backup", "restore", "latest", "--yes"), size)


def archived_rates(server: Source) -> dict[bool, list[float]]:
    """Return transactions per second with the log archived and without, by turns."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    for _ in range(ROUNDS):
        for is_archived in (False, True):
            with archiving(server, wanted=is_archived):
                rates[is_archived].append(rate(server))
    rollbook("backup", "wal", "--stop")
    return rates


def rate(server: Source) -> float:
    command = [server.tools(["pgbench"]).program("pgbench"), "--client=4", f"--time={ROUND_S}"]
    done = subprocess.run(command, env=server.environment(), check=True, capture_output=True, text=True)
    line = next(line for line in done.stdout.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


@contextmanager
def archiving(server: Source, *, wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    archiver = subprocess.Popen([*ROLLBOOK, "backup", "wal"], stderr=subprocess.DEVNULL)
    with server.connect() as db:
        while db.execute("SELECT count(*) FROM pg_replication_slots WHERE active").fetchone() != (1,):
            time.sleep(0.05)
    yield
    archiver.send_signal(signal.SIGTERM)
    archiver.wait()


ROLLBOOK = [sys.executable, "-m", "rollbook.cli"]


def rollbook(*arguments: str) -> Took:
    return timed([*ROLLBOOK, *arguments], dict(os.environ), None)


def bare(server: Source, program: str, *arguments: str, to: Path | None = None) -> Took:
    return timed([server.tools([program]).program(program), *arguments], server.environment(), to)


def timed(command: Sequence[str], environment: dict[str, str], to: Path | None) -> Took:
    began = time.perf_counter()
    with (to or Path(os.devnull)).open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, said.decode()
    return Took(time.perf_counter() - began, usage.ru_maxrss * 1024)


def row(name: str, took: Took, size: int) -> list[str]:
    rate = size / MB / took.seconds
    return [name, f"{took.seconds:.1f}", f"{rate:.0f}", f"{1000 / rate:.1f}", f"{took.held_bytes / MB:.0f}"]


if __name__ == "__main__":
    main()
