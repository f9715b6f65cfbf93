"""Whose turn it is: backups are made side by side, but none while others go on which it may build."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops.embedded import home_of
from rollbook.ops.errors import file_errors
from rollbook.ops.home import open_private

_FILE: Final = "backups.lock"


@contextmanager
def making(chosen: Settings, report: Report) -> Iterator[None]:
    """Make a backup in the block; a prune on this machine waits."""
    with _turn(chosen, report, fcntl.LOCK_SH, "Waiting for `rollbook backup prune`"):
        yield


@contextmanager
def pruning(chosen: Settings, report: Report) -> Iterator[None]:
    """Let backups go in the block, when none is being made on this machine."""
    with _turn(chosen, report, fcntl.LOCK_EX, "Waiting for a backup that is being made"):
        yield


@contextmanager
def _turn(chosen: Settings, report: Report, kind: int, waiting: str) -> Iterator[None]:
    """Hold the lock for the block; it dies with its process."""
    home = home_of(chosen)
    home.make()
    with file_errors(home.path):
        lock = open_private(home.path / _FILE)
    with lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            report.step(waiting)
            fcntl.flock(lock, kind)
        yield
