"""A restored data directory run in private: on a socket in a closed folder, archiving nothing, then gone.

Each lies in a folder with a lock that its process holds; what a killed one left, server and files, the next
one sweeps away.
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from rollbook.ops.binaries import Binaries
from rollbook.ops.cluster import server_environment
from rollbook.ops.configuration import base_configuration
from rollbook.ops.postmaster import find_postmaster, stop
from rollbook.ops.privileges import Account
from rollbook.ops.recovery.errors import RecoveryFailed
from rollbook.ops.roles import Connection
from rollbook.ops.swap import INTENT

# Hidden, and like no name that a person gives: whatever is called so and not locked is removed.
PREFIX: Final = ".restoring-"
_QUIET_FOR_S: Final = 300
_STOP_TIMEOUT_S: Final = 120
_CONTROL_FILE_SAYS: Final = {
    "max_connections setting": "max_connections",
    "max_worker_processes setting": "max_worker_processes",
    "max_wal_senders setting": "max_wal_senders",
    "max_prepared_xacts setting": "max_prepared_transactions",
    "max_locks_per_xact setting": "max_locks_per_transaction",
}
# Whatever the backup's own files say: it may not be found, archive, follow, or load what is not here.
_ISOLATED: Final = {
    "listen_addresses": "",
    "archive_mode": "off",
    "archive_command": "",
    "archive_library": "",
    "primary_conninfo": "",
    "primary_slot_name": "",
    "synchronous_standby_names": "",
    "shared_preload_libraries": "",
    "session_preload_libraries": "",
    "logging_collector": "off",
    "log_destination": "stderr",
    "ssl": "off",
    "autovacuum": "off",
    "fsync": "off",
    "shared_buffers": "128MB",
    "port": "5432",
}


@contextmanager
def private_folder(below: Path, account: Account) -> Iterator[Path]:
    """Lend a folder below ``below`` that nobody but the server's account may enter, and remove it."""
    sweep(below)
    folder, lock = _locked_folder(below)
    try:
        account.own(folder, 0o700)
        yield folder
    finally:
        _remove(folder)
        os.close(lock)


def _locked_folder(below: Path) -> tuple[Path, int]:
    """Make a folder and lock it; anew if somebody swept it away in between."""
    while True:
        folder = Path(tempfile.mkdtemp(dir=below, prefix=PREFIX))
        with suppress(FileNotFoundError, BlockingIOError):
            return folder, _lock(folder)


def sweep(below: Path) -> None:
    """Remove what killed processes left, their servers first; not what a killed swap still needs."""
    if (below / INTENT).exists():
        return
    for folder in below.glob(f"{PREFIX}*"):
        try:
            lock = _lock(folder)
        except OSError:
            continue  # somebody works there
        _remove(folder)
        os.close(lock)


def _lock(folder: Path) -> int:
    """Lock a folder; the lock dies with its process.

    Raises: ``OSError`` if another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise
    return handle


def _remove(folder: Path) -> None:
    for pid_file in folder.glob("**/postmaster.pid"):
        if (found := find_postmaster(pid_file.parent)) is not None:
            stop(found.pid, folder, timeout_s=_STOP_TIMEOUT_S)
    for link in folder.glob("sockets"):
        shutil.rmtree(link.resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class Scratch:
    """A server on ``data``, in a private folder. ``superuser`` needs no password, over the socket."""

    folder: Path
    data: Path
    binaries: Binaries
    account: Account
    superuser: str
    _process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _heard: int = field(default=0, init=False)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / "server.log"

    def start(self, options: Mapping[str, str]) -> None:
        """Start the server with ``options`` on top of what isolates it; it is not waited for."""
        self._write("hba.conf", "local all all trust\n")
        self._write("server.conf", base_configuration(self.binaries))
        chosen = {
            **_ISOLATED,
            **self._sizes(),
            "config_file": str(self.folder / "server.conf"),
            "hba_file": str(self.folder / "hba.conf"),
            "unix_socket_directories": str(self.sockets),
            **options,
        }
        arguments = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        self._heard = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- PostgreSQL's own program
                [*self.account.prefix, self.binaries.program("postgres"), "-D", str(self.data), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=server_environment(),
                cwd="/",
                start_new_session=True,
                **self.account.drop,
            )

    @property
    def sockets(self) -> Path:
        """The socket's folder: a short path, since a socket's is limited."""
        link = self.folder / "sockets"
        if not link.is_symlink():
            folder = Path(tempfile.mkdtemp(prefix="rollbook-", dir="/tmp"))
            self.account.own(folder, 0o700)
            link.symlink_to(folder)
        return link.readlink()

    def wait_until(self, is_there: Callable[[Connection], bool], is_fed: Callable[[], bool]) -> None:
        """Wait until the server takes connections and ``is_there`` says so.

        Raises: ``RecoveryFailed`` if it ends, or says nothing for long while nothing ``is_fed`` to it.
        """
        size, deadline = -1, 0.0
        while not self._is(is_there):
            assert self._process is not None
            if self._process.poll() is not None:
                raise RecoveryFailed(reason=self.complaint())
            if (now := self.log.stat().st_size) != size or is_fed():
                size, deadline = now, time.monotonic() + _QUIET_FOR_S
            if time.monotonic() > deadline:
                raise RecoveryFailed(reason=f"it said nothing for {_QUIET_FOR_S} s; {self.complaint()}")
            time.sleep(0.02)

    def _is(self, is_there: Callable[[Connection], bool]) -> bool:
        found = find_postmaster(self.data)
        if found is None or not found.is_ready:
            return False
        try:
            with self.connect("postgres") as db:
                return is_there(db)
        except psycopg.OperationalError:
            return False

    def connect(self, database: str) -> Connection:
        """Connect as the superuser."""
        return psycopg.connect(
            host=str(self.sockets), port=5432, user=self.superuser, dbname=database, autocommit=True
        )

    def stop(self) -> None:
        """Stop the server, its data on disk and consistent."""
        if self._process is not None and self._process.poll() is None:
            stop(self._process.pid, self.folder, timeout_s=_STOP_TIMEOUT_S)
            self._process.wait()

    def complaint(self) -> str:
        """Return why the server ended, as it said itself since its last start."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._heard)
            lines = log.read().splitlines()
        fatal = [line.split(":  ", 1)[-1] for line in lines if "FATAL:" in line or "PANIC:" in line]
        return (" ".join(fatal) or " ".join(lines[-1:])).rstrip(".")

    def run(self, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one of PostgreSQL's programs as the server's account."""
        return self.account.run([self.binaries.program(program), *arguments], env=server_environment())

    def _sizes(self) -> dict[str, str]:
        """Return what must not be smaller than on the server that was backed up."""
        said = self.run("pg_controldata", "-D", str(self.data)).stdout
        lines = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
        return {ours: lines[theirs].strip() for theirs, ours in _CONTROL_FILE_SAYS.items() if theirs in lines}

    def _write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content, encoding="utf-8")
        self.account.own(self.folder / name, 0o600)
