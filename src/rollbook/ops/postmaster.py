"""The server's first process: which one it is, whether it lives, how it is stopped."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollbook.ops.errors import NotYourServer, OrphansRunning

_PROC: Final = Path("/proc")
_ORPHANS_TIMEOUT_S: Final = 60


@dataclass(frozen=True, slots=True)
class PidFile:
    """What a running server says of itself in postmaster.pid."""

    pid: int
    port: int
    state: str

    @property
    def is_ready(self) -> bool:
        """Whether it takes connections."""
        return self.state in {"ready", "standby"}


def read_pid_file(data: Path) -> PidFile | None:
    """Return postmaster.pid's content; None where there is none, or a half-written one."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        state = lines[7].strip() if len(lines) > 7 else ""  # noqa: PLR2004 -- PostgreSQL's eighth line
        return PidFile(int(lines[0]), int(lines[3]), state)
    except (FileNotFoundError, PermissionError, ValueError, IndexError):
        return None


def find_postmaster(data: Path) -> PidFile | None:
    """Return the server that runs on ``data``; a pid file whose process is gone or foreign does not count."""
    found = read_pid_file(data)
    return found if found is not None and runs_on(found.pid, data) else None


def runs_on(pid: int, data: Path) -> bool:
    """Say whether the process ``pid`` is a PostgreSQL on ``data``, which is then its working directory."""
    if not _PROC.is_dir():
        return is_alive(pid)
    try:
        return (_PROC / str(pid) / "cwd").readlink() == data.resolve()
    except FileNotFoundError:
        return False
    except PermissionError:
        # Another account's process: its name is all that we may see.
        return _name_of(pid) == "postgres"


def _name_of(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "comm").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def is_alive(pid: int) -> bool:
    """Say whether ``pid`` is a process that has not ended; one that nobody collected has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    stat = _PROC / str(pid) / "stat"
    try:
        return stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return not _PROC.is_dir()


def wait_for_orphans(data: Path) -> None:
    """Make sure that no process of a dead server uses ``data``, as far as processes can be seen.

    Raises: ``OrphansRunning`` if children of the dead server work on.
    """
    deadline = time.monotonic() + _ORPHANS_TIMEOUT_S
    while orphans := list(_processes_on(data)):
        if time.monotonic() > deadline:
            raise OrphansRunning(pids=", ".join(map(str, orphans)), data=data)
        time.sleep(0.05)


def remove_left_overs(data: Path, socket_folder: Path) -> None:
    """Remove the lock files of a dead server.

    PostgreSQL does so itself, unless their number is now another process of the account, or one that ended
    and was never collected, as happens in containers.
    """
    if not _PROC.is_dir():
        return  # we cannot look for orphans here, so PostgreSQL's own care must do
    (data / "postmaster.pid").unlink(missing_ok=True)
    for left_over in socket_folder.glob(".s.PGSQL.*"):
        left_over.unlink(missing_ok=True)


def _processes_on(data: Path) -> Iterator[int]:
    """Yield PostgreSQL's processes there, but not the shell of somebody who looks around."""
    for process in _PROC.glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == data.resolve() and _name_of(int(process.name)) == "postgres":
                yield int(process.name)
        except OSError:
            continue


def stop(pid: int, home: Path, *, timeout_s: float) -> bool:
    """Ask the server to end its sessions and stop (fast shutdown). Return whether it has.

    Raises: ``NotYourServer``.
    """
    try:
        os.kill(pid, signal.SIGINT)
    except ProcessLookupError:
        return True
    except PermissionError as error:
        raise NotYourServer(home=home) from error
    return has_ended(pid, within_s=timeout_s)


def has_ended(pid: int, *, within_s: float) -> bool:
    """Wait for the process ``pid`` to end; return whether it has."""
    deadline = time.monotonic() + within_s
    while is_alive(pid):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
