"""The folder ROLLBOOK_HOME: what lies where, who may read it, and the lock that up and down share."""

import fcntl
import json
import os
import secrets
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from rollbook.core.progress import Report
from rollbook.ops.errors import (
    FolderNotWritable,
    SecretsUnreadable,
    ServerBusy,
    ServerOutOfSight,
    file_errors,
)

LOCK_TIMEOUT_S: Final = 180
_GUARD_TIMEOUT_S: Final = 5
_LOG_ROTATES_AT_BYTES: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below ROLLBOOK_HOME.

    Shape:  ``data`` the cluster, ``run`` its socket, ``server.log``, ``server.json`` what we remember of it,
    ``secrets.json`` passwords (mode 0600), ``lock`` held while starting or stopping, ``server.lock`` held as
    long as the server runs.
    """

    path: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.path / "data"

    @property
    def run(self) -> Path:
        """The socket's folder, unless its path is too long for a socket."""
        return self.path / "run"

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.path / "server.log"

    @property
    def secrets(self) -> Path:
        """The passwords that we made."""
        return self.path / "secrets.json"

    def make(self) -> None:
        """Make the folder. Root's lets the server's account pass; secrets.json is closed by itself."""
        with file_errors(self.path):
            try:
                self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            except FileNotFoundError as error:  # as in /proc
                raise FolderNotWritable(path=self.path, reason=error.strerror) from error
            if os.geteuid() == 0:
                self.path.chmod(self.path.stat().st_mode | 0o711)

    def recall(self) -> dict[str, Any]:
        """Return what `up` wrote down: port, socket, version, kind."""
        with file_errors(self.path):
            return _read_json(self.path / "server.json")

    def remember(self, **facts: object) -> None:
        """Add ``facts`` to what `up` wrote down."""
        known = self.recall()
        if known | facts != known:
            _write_json(self.path / "server.json", known | facts, mode=0o644)

    def passwords(self, server: str) -> dict[str, str]:
        """Return the passwords by role of ``server``: "embedded", or an external one's host:port.

        Raises: ``SecretsUnreadable``.
        """
        try:
            found: dict[str, str] = _read_json(self.secrets).get(server, {})
        except PermissionError as error:
            raise SecretsUnreadable(path=self.secrets, reason=error.strerror) from error
        return found

    def make_passwords(self, server: str, roles: tuple[str, ...]) -> dict[str, str]:
        """Return a password for each of ``roles``, made and kept where there is none."""
        known = self.passwords(server)
        wanted = {role: known.get(role) or secrets.token_urlsafe(24) for role in roles}
        if wanted != known:
            _write_json(self.secrets, _read_json(self.secrets) | {server: known | wanted}, mode=0o600)
        return wanted

    def open_log(self) -> IO[str]:
        """Open the log to append; it may quote rows, so it is closed to others."""
        return open_private(self.log)

    def rotate_log(self) -> None:
        """Put a big log aside; the one before that goes."""
        if self.log.exists() and self.log.stat().st_size > _LOG_ROTATES_AT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))

    @contextmanager
    def locked(self, report: Report) -> Iterator[None]:
        """Run the block while no other process starts or stops this server.

        Raises: ``ServerBusy`` after ``LOCK_TIMEOUT_S``. The lock dies with its process.
        """
        with file_errors(self.path), open_private(self.path / "lock") as lock:
            self._wait_for(lock.fileno(), report)
            yield

    @contextmanager
    def guarded(self) -> Iterator[int]:
        """Yield the lock that a server here inherits: each of its processes holds it, seen from here or not.

        A pid file names nobody to whoever cannot see the process; this lock is the kernel's.
        Raises: ``ServerOutOfSight``.
        """
        with file_errors(self.path), open_private(self.path / "server.lock") as guard:
            deadline = time.monotonic() + _GUARD_TIMEOUT_S
            while not _try_lock(guard.fileno()):
                if time.monotonic() > deadline:
                    raise ServerOutOfSight(home=self.path)
                time.sleep(0.05)
            yield guard.fileno()

    def _wait_for(self, lock: int, report: Report) -> None:
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        told = False
        while not _try_lock(lock):
            if not told:
                report.step("Waiting for another rollbook that starts or stops the server")
                told = True
            if time.monotonic() > deadline:
                raise ServerBusy(home=self.path, seconds=LOCK_TIMEOUT_S)
            time.sleep(0.05)


def sync_folder(folder: Path) -> None:
    """Have the disk keep the names in ``folder`` as they are now."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def open_private(path: Path) -> IO[str]:
    """Open a file to append, closed to others than its folder's owner."""
    file = os.fdopen(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="utf-8")
    _own_like_folder(file.fileno(), path.parent)
    return file


def _own_like_folder(handle: int, folder: Path) -> None:
    """Let a folder's owner keep its files when root writes there."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


def _write_json(path: Path, content: Mapping[str, Any], *, mode: int) -> None:
    """Replace ``path`` at once: a reader, or a crash, finds the old or the new."""
    with file_errors(path.parent):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2)
                file.flush()
                os.fchmod(file.fileno(), mode)
                _own_like_folder(file.fileno(), path.parent)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
