"""How much memory a process, and the server's processes, hold while something is measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psycopg


@contextmanager
def watched_backend(owner_url: str, role: str = "rollbook_app") -> Iterator[list[int]]:
    """Yield the most private memory, in bytes, that one of a role's server processes was seen to hold."""
    peak, done = [0], Event()

    def watch() -> None:
        with psycopg.connect(owner_url, autocommit=True) as db:
            while not done.wait(0.05):
                pids = db.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [role]).fetchall()
                peak[0] = max([peak[0], *(private_bytes(pid) for (pid,) in pids)])

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def own_peak_bytes() -> int:
    """Return the most that this process held; ``ru_maxrss`` would begin with what its parent held."""
    return _status_bytes("self", "VmHWM")


def most_held_by(pid: int) -> int:
    """Return the most that another process held so far."""
    return _status_bytes(pid, "VmHWM")


def private_bytes(pid: int) -> int:
    try:
        return _status_bytes(pid, "RssAnon")
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _status_bytes(pid: int | str, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return int(fields.get(name, "0 kB").split()[0]) * 1024
