"""A data directory of our own: made by initdb, started, and its failures told apart."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rollbook.core.progress import Report
from rollbook.ops.binaries import Binaries
from rollbook.ops.configuration import FILE, add_missing, base_configuration
from rollbook.ops.errors import (
    DataFolderForeign,
    DiskFull,
    InitFailed,
    PortInUse,
    ServerDidNotStart,
    ServerStillStarting,
    ServerStillStopping,
    WrongMajorVersion,
)
from rollbook.ops.home import Home, sync_folder
from rollbook.ops.ports import HOST, port_user
from rollbook.ops.postmaster import (
    PidFile,
    find_postmaster,
    has_ended,
    is_alive,
    remove_left_overs,
    wait_for_orphans,
)
from rollbook.ops.privileges import Account

SUPERUSER: Final = "postgres"
START_TIMEOUT_S: Final = 120
_BUILTIN_LOCALES_SINCE: Final = 17
_INIT_PREFIX: Final = "initdb-"
_ORPHAN_TIMEOUT_S: Final = 30
_NO_SPACE: Final = "No space left on device"
_PORT_TAKEN: Final = ("could not create any TCP/IP sockets", "could not bind")
_FULL_BELOW_BYTES: Final = 1_000_000

# Tests only: a power failure may lose everything.
NOT_DURABLE: Final = {"fsync": "off", "full_page_writes": "off"}


def server_environment() -> dict[str, str]:
    """Return the environment for the server's programs: messages in English, none of our secrets or PG*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "ROLLBOOK_"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def locale_options(major: int) -> list[str]:
    """Return what initdb of that version is told about how text is compared."""
    if major >= _BUILTIN_LOCALES_SINCE:
        return ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    return ["--locale=C.UTF-8", "--lc-messages=C"]


@dataclass(frozen=True, slots=True)
class Cluster:
    """One data directory with the programs and the account that run it."""

    home: Home
    binaries: Binaries
    account: Account
    durable: bool = True
    environment: Mapping[str, str] = field(default_factory=server_environment)

    def ensure(self, password: str, report: Report) -> None:
        """Make the data directory if there is none, all of it or nothing.

        Raises: ``WrongMajorVersion``; ``DataFolderForeign``; ``InitFailed``; ``DiskFull``.
        """
        self._remove_half_made()
        if self.home.data.exists() and any(self.home.data.iterdir()):
            self._check_version()
            return
        report.step("Making the database")
        with self._init_folder() as folder:
            self._initdb(folder, password)
            (folder / "data").replace(self.home.data)
            sync_folder(self.home.path)

    def _check_version(self) -> None:
        marker = self.home.data / "PG_VERSION"
        if not marker.is_file():
            raise DataFolderForeign(data=self.home.data)
        found = marker.read_text(encoding="utf-8").strip()
        if found != str(self.binaries.major):
            raise WrongMajorVersion(data=self.home.data, found=found, wanted=self.binaries.major)

    def _remove_half_made(self) -> None:
        """Remove what a killed `up` left. Its initdb may live on and write there until it misses a file."""
        deadline = time.monotonic() + _ORPHAN_TIMEOUT_S
        while halves := list(self.home.path.glob(f"{_INIT_PREFIX}*")):
            for folder in halves:
                shutil.rmtree(folder, ignore_errors=True)
            if time.monotonic() > deadline:
                return
            time.sleep(0.02)

    @contextmanager
    def _init_folder(self) -> Iterator[Path]:
        folder = Path(tempfile.mkdtemp(dir=self.home.path, prefix=_INIT_PREFIX))
        try:
            self.account.own(folder, 0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _initdb(self, folder: Path, password: str) -> None:
        pwfile, data = folder / "pwfile", folder / "data"
        pwfile.write_text(password, encoding="utf-8")
        self.account.own(pwfile, 0o600)
        command = [self.binaries.program("initdb"), f"--pgdata={data}", f"--pwfile={pwfile}"]
        done = self.account.run([*command, *self._initdb_options()], env=self.environment)
        if done.returncode != 0:
            self._explain_initdb(done.stderr)
        base = data / FILE
        base.write_text(base_configuration(self.binaries), encoding="utf-8")
        self.account.own(base, 0o600)
        with (data / "postgresql.conf").open("a", encoding="utf-8") as conf:
            conf.write("\n# Rollbook's own; ALTER SYSTEM overrides it\ninclude_if_exists = 'rollbook.conf'\n")

    def _initdb_options(self) -> list[str]:
        options = [f"--username={SUPERUSER}", "--encoding=UTF8", "--auth=scram-sha-256", "--data-checksums"]
        if not self.durable:
            options.append("--no-sync")
        return [*options, *locale_options(self.binaries.major)]

    def _explain_initdb(self, said: str) -> None:
        if _NO_SPACE in said or self._is_disk_full():
            raise DiskFull(home=self.home.path)
        errors = [line for line in said.splitlines() if "error" in line.lower() or "FATAL" in line]
        raise InitFailed(reason=" ".join(errors) or said.strip())

    def find_coming(self, report: Report) -> PidFile | None:
        """Wait for a server that starts just now; None if there is none, also once one has stopped.

        Raises: ``ServerStillStarting``; ``ServerStillStopping``.
        """
        found = find_postmaster(self.home.data)
        if found is None:
            return None
        if found.state == "stopping":
            report.step("Waiting for the server to stop")
            if not has_ended(found.pid, within_s=START_TIMEOUT_S):
                raise ServerStillStopping(pid=found.pid, seconds=START_TIMEOUT_S, log=self.home.log)
            return None
        report.step("Waiting for the server that is starting")
        return self._wait_until_ready(found.pid, found.port, self._log_size())

    def start(self, port: int, socket_folder: Path, report: Report) -> PidFile:
        """Start the server and wait until it takes connections.

        Raises: ``PortInUse``; ``DiskFull``; ``ServerDidNotStart``; ``ServerStillStarting``;
        ``OrphansRunning``; ``ServerOutOfSight``.
        """
        if (self.home.data / "postmaster.pid").exists():
            report.step("Recovering what was written before the crash")
        wait_for_orphans(self.home.data)
        with self.home.guarded() as guard:
            remove_left_overs(self.home.data, socket_folder)
            add_missing(self.home.data / FILE, self.binaries)
            self.home.rotate_log()
            begin = self._log_size()
            pid = self._spawn(port, socket_folder, guard)
        return self._wait_until_ready(pid, port, begin)

    def _spawn(self, port: int, socket_folder: Path, guard: int) -> int:
        """Start the server in a session of its own, so that Ctrl-C here is none of its business."""
        options = {
            "port": str(port),
            "listen_addresses": HOST,
            "unix_socket_directories": '"{}"'.format(str(socket_folder).replace('"', '""')),
        } | ({} if self.durable else NOT_DURABLE)
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [self.binaries.program("postgres"), "-D", str(self.home.data), *arguments]
        # The shell goes at once and leaves the server to init, so nobody here has to collect it one day.
        shell = ["/bin/sh", "-c", '"$@" >&2 & echo $!', "sh", *command]
        with self.home.open_log() as log:
            started = self.account.run(
                shell,
                env=self.environment,
                capture_output=False,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                pass_fds=[guard],
            )
        return int(started.stdout)

    def _wait_until_ready(self, pid: int, port: int, begin: int) -> PidFile:
        """Wait as long as the server lives and, like a long recovery, says something now and then."""
        heard, deadline = begin, time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            found = find_postmaster(self.home.data)
            if found is not None and found.is_ready:
                return found
            if not is_alive(pid):
                self._explain_start(port, begin)
            if (size := self._log_size()) != heard:
                heard, deadline = size, time.monotonic() + START_TIMEOUT_S
            time.sleep(0.02)
        raise ServerStillStarting(pid=pid, seconds=START_TIMEOUT_S, log=self.home.log)

    def _log_size(self) -> int:
        return self.home.log.stat().st_size if self.home.log.exists() else 0

    def _log_since(self, begin: int) -> str:
        with self.home.log.open(encoding="utf-8", errors="replace") as log:
            log.seek(begin)
            return log.read()

    def _explain_start(self, port: int, begin: int) -> None:
        said = self._log_since(begin)
        if any(phrase in said for phrase in _PORT_TAKEN):
            raise PortInUse(port=port, user=port_user(port))
        if _NO_SPACE in said or self._is_disk_full():
            raise DiskFull(home=self.home.path)
        reasons = [
            line.split(":  ", 1)[-1] for line in said.splitlines() if "FATAL" in line or "PANIC" in line
        ]
        reason = " ".join(reasons) or "its last words: " + " ".join(said.splitlines()[-1:])
        raise ServerDidNotStart(reason=f"{reason.rstrip('.')}.", log=self.home.log)

    def _is_disk_full(self) -> bool:
        return shutil.disk_usage(self.home.path).free < _FULL_BELOW_BYTES
