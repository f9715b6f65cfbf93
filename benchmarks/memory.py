"""How much memory the server's processes hold while something is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg


@contextmanager
def watched_backend(owner_url: str) -> Iterator[list[int]]:
    """Yield the most private memory, in bytes, that one of the app's server processes was seen to hold."""
    peak, done = [0], Event()

    def watch() -> None:
        with psycopg.connect(owner_url, autocommit=True) as db:
            while not done.wait(0.05):
                pids = db.execute(
                    "SELECT pid FROM pg_stat_activity WHERE usename = 'rollbook_app'"
                ).fetchall()
                peak[0] = max([peak[0], *(private_bytes(pid) for (pid,) in pids)])

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def private_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status")
    try:
        fields = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(fields.get("RssAnon", "0 kB").split()[0]) * 1024
