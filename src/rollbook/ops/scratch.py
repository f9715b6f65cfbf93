"""A scratch server in a private folder: it ends with the process that made it, and leaves nothing.

The advisor's planner twin is on one, with statistics that hold real values;
the lens tries migrations on another.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg

from rollbook.core.settings import Settings
from rollbook.ops.binaries import Binaries
from rollbook.ops.cluster import NOT_DURABLE, SUPERUSER, locale_options, server_environment
from rollbook.ops.embedded import home_of
from rollbook.ops.errors import ScratchFailed
from rollbook.ops.home import Home
from rollbook.ops.postmaster import find_postmaster, has_ended
from rollbook.ops.privileges import Account, server_account

_START_TIMEOUT_S: Final = 60
_LONGEST_SOCKET: Final = 80
_PORT: Final = "5432"
_SEGMENT_BYTES: Final = 1024**3
_PREFIX: Final = "server-"
# It lives as long as the pipe that it reads. When that ends, its maker is gone, by kill -9 too: then it ends
# the server, if one runs just then, and removes the folder. It is there before the first value comes.
_KEEPER: Final = """
folder=$1; shift; server=
end() {
    [ -z "$server" ] || kill "$1" "$server" 2>/dev/null
    while [ -n "$server" ] && kill -0 "$server" 2>/dev/null; do wait "$server"; done
    server=
}
trap : HUP INT TERM
while read -r word; do
    case $word in
        start) "$@" </dev/null >"$folder/log" 2>&1 & server=$! ;;
        stop) end -INT; echo stopped ;;
    esac
done
end -QUIT
rm -rf "$folder"/* "$folder"
"""
_OPTIONS: Final = NOT_DURABLE | {
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "autovacuum": "off",  # so that statistics stay as they were loaded
    "shared_buffers": "32MB",
    "max_connections": "10",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_locks_per_transaction": "1024",
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}

Connection = psycopg.Connection[Any]


@dataclass(slots=True)
class Scratch:
    """A cluster of its own: ``folder`` is closed to others; its only socket is in there."""

    folder: Path
    binaries: Binaries
    account: Account
    options: Mapping[str, str] = field(default_factory=dict)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    _keeper: "subprocess.Popen[str] | None" = None

    @property
    def data(self) -> Path:
        """Its data directory."""
        return self.folder / "data"

    def make(self) -> None:
        """Make the data directory.

        Raises: ``ScratchFailed``.
        """
        pwfile = self.folder / "pwfile"
        pwfile.write_text(self.password, encoding="utf-8")
        self.account.own(pwfile, 0o600)
        done = self.account.run(
            [
                *(self.binaries.program("initdb"), f"--pgdata={self.data}", f"--pwfile={pwfile}"),
                *(f"--username={SUPERUSER}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"),
                *(*locale_options(self.binaries.major), "--no-instructions"),
            ],
            env=server_environment(),
        )
        pwfile.unlink()
        if done.returncode != 0:
            raise ScratchFailed(reason=" ".join(done.stderr.split())[-200:] or "initdb failed")

    def keep(self) -> None:
        """Start the process that ends the server and removes the folder when ours is gone."""
        chosen = {**_OPTIONS, **self.options}
        options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
        command = [self.binaries.program("postgres"), "-D", str(self.data), *options]
        self._keeper = subprocess.Popen(  # noqa: S603 -- our own program
            [*self.account.prefix, "/bin/sh", "-c", _KEEPER, "sh", str(self.folder), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=server_environment(),
            cwd="/",
            start_new_session=True,  # Ctrl-C is for us; we then tell it
            **self.account.drop,
        )

    def start(self) -> None:
        """Start the server and wait until it takes connections.

        Raises: ``ScratchFailed``.
        """
        (self.folder / "log").unlink(missing_ok=True)  # what was said before is no word of this start
        self._tell("start")
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not self._is_ready():
            if time.monotonic() > deadline or "FATAL" in self._last_words():
                raise ScratchFailed(reason=self._last_words())
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop the server; its files are then complete.

        Raises: ``ScratchFailed``.
        """
        self._tell("stop")
        assert self._keeper is not None
        assert self._keeper.stdout is not None
        if not self._keeper.stdout.readline():
            raise ScratchFailed(reason="its keeper was ended")

    def _tell(self, word: str) -> None:
        assert self._keeper is not None
        assert self._keeper.stdin is not None
        try:
            self._keeper.stdin.write(f"{word}\n")
            self._keeper.stdin.flush()
        except BrokenPipeError as error:
            raise ScratchFailed(reason="its keeper was ended") from error

    def _is_ready(self) -> bool:
        found = find_postmaster(self.data)
        return found is not None and found.is_ready

    def _last_words(self) -> str:
        log = self.folder / "log"
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        return lines[-1][-200:] if lines else "its server did not start"

    def remove(self) -> None:
        """Have the keeper end the server and remove the files; do it ourselves where it was ended."""
        if self._keeper is not None:
            with suppress(BrokenPipeError), self._keeper:
                pass  # closes the pipe, and waits
        _remove(self.folder)

    def address(self, database: str) -> dict[str, str]:
        """Return how libpq reaches the server, but for the password."""
        host = str(self.data)
        if len(os.fsencode(host)) > _LONGEST_SOCKET or "," in host:
            found = find_postmaster(self.data)
            host = f"/proc/{found.pid if found else 0}/cwd"  # a short name for the same folder
        return {"host": host, "port": _PORT, "user": SUPERUSER, "dbname": database}

    def url(self, role: str, password: str, database: str) -> str:
        """Return the URL by which ``role`` reaches the server until it is stopped."""
        host = quote(self.address(database)["host"], safe="")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={host}&port={_PORT}"

    def connect(self, database: str) -> Connection:
        """Return a connection as the superuser, on which every statement is its own transaction."""
        given: dict[str, Any] = self.address(database)
        connection = psycopg.connect(**given, password=self.password, autocommit=True)
        connection.prepare_threshold = None
        return connection

    def environment(self, database: str) -> Mapping[str, str]:
        """Return the environment by which a client program reaches the server."""
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
        given = {names[name]: value for name, value in self.address(database).items()}
        return {**server_environment(), **given, "PGPASSWORD": self.password}


@contextmanager
def scratch(
    settings: Settings, binaries: Binaries, options: Mapping[str, str] | None = None
) -> Iterator[Scratch]:
    """Lend a scratch cluster that is made and not started; it is removed whatever happens.

    What a power failure left is removed first.
    Raises: ``ScratchFailed``.
    """
    home = home_of(settings)
    home.make()
    account = server_account(home.data, [Path(binaries.program("postgres")), home.path])
    with _folder(home, account) as folder:
        made = Scratch(folder, binaries, account, options or {})
        try:
            made.keep()
            made.make()
            yield made
        finally:
            made.remove()


@contextmanager
def _folder(home: Home, account: Account) -> Iterator[Path]:
    """Lend a folder that only the server's account and we may enter; a lock in it says that we live."""
    below = _below(home)
    with _locked(below / ".lock"):
        remove_dead(home)
        folder = Path(tempfile.mkdtemp(dir=below, prefix=_PREFIX))
        alive = _lock(folder / "alive")
    try:
        account.own(folder, 0o700)
        yield folder
    finally:
        os.close(alive)


def remove_dead(home: Home) -> int:
    """Remove scratch servers whose makers are gone, and their keepers too; return how many."""
    removed = 0
    for folder in _below(home).glob(f"{_PREFIX}*"):
        lock = _try_lock(folder / "alive")
        if lock is None:
            continue
        _remove(folder)
        os.close(lock)
        removed += 1
    return removed


def _remove(folder: Path) -> None:
    found = find_postmaster(folder / "data")
    if found is not None:
        with suppress(ProcessLookupError):
            os.kill(found.pid, signal.SIGQUIT)
        has_ended(found.pid, within_s=_START_TIMEOUT_S)
    shutil.rmtree(folder, ignore_errors=True)


def _below(home: Home) -> Path:
    folder = home.path / "scratch"
    folder.mkdir(mode=0o711, exist_ok=True)
    return folder


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _lock(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _try_lock(path: Path) -> int | None:
    """Lock ``path`` if nobody does; what has no lock file is dead too."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except FileNotFoundError:  # it goes just now
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle


def set_length(path: Path, length: int) -> None:
    """Give a relation's files this length together; what is added is a hole and takes no room on the disk."""
    number = 0
    while (segment := _segment(path, number)).exists() or length > number * _SEGMENT_BYTES:
        wanted = min(max(length - number * _SEGMENT_BYTES, 0), _SEGMENT_BYTES)
        if number and not wanted:
            segment.unlink()
        else:
            _set(segment, wanted, like=path)
        number += 1


def _segment(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}") if number else path


def _set(segment: Path, length: int, *, like: Path) -> None:
    if not segment.exists():
        segment.touch(mode=0o600)
        if os.geteuid() == 0:
            os.chown(segment, like.stat().st_uid, like.stat().st_gid)
    if segment.stat().st_size != length:
        os.truncate(segment, length)
