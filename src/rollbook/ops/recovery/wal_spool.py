"""The folder that the log is received into, until it is sealed and in the repository."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from rollbook.core.settings import Settings
from rollbook.ops.backup.vault import Vault
from rollbook.ops.embedded import home_of
from rollbook.ops.errors import file_errors
from rollbook.ops.recovery.errors import WalBusy
from rollbook.ops.recovery.lsn import HEADER_BYTES, HISTORY_NAME, NAME, PARTIAL, parse_segment
from rollbook.ops.recovery.tarring import CHUNK_BYTES
from rollbook.ops.recovery.wal_catalog import stored_name
from rollbook.ops.recovery.wal_keeping import keep_log

_FOLDER: Final = "wal-spool"
_LOCK: Final = "lock"


@dataclass(slots=True)
class Spool:
    """Files of one system's log on their way. A segment leaves the folder only when the repository has it."""

    folder: Path
    system_id: int
    segment_bytes: int
    _sent: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def bytes(self) -> int:
        """What lies there."""
        return sum(path.stat().st_size for path in self.folder.iterdir() if path.name != _LOCK)

    def send(self, vault: Vault) -> int:
        """Put all that is new into the repository, oldest first; return how many segments are done with."""
        whole = sorted(path for path in self.folder.iterdir() if NAME.fullmatch(path.name))
        for history in self.folder.glob("*.history"):
            if HISTORY_NAME.fullmatch(history.name) and history.name not in self._sent:
                keep_log(vault, self.system_id, history.name, partial(_chunks, history))
                self._sent[history.name] = (0, 0)
        for path in whole:
            self._check(path)
            keep_log(vault, self.system_id, path.name, partial(_chunks, path))
            vault.repository.delete(self._stored(path.name + PARTIAL))
            path.unlink()
        for path in sorted(self.folder.glob(f"*{PARTIAL}")):
            self._send_if_new(vault, path)
        return len(whole)

    def mend(self) -> None:
        """Remove what a full disk left of a segment: its reader refuses one of another size, for ever.

        The server has it still: nothing of it was confirmed.
        """
        for path in self.folder.glob(f"*{PARTIAL}"):
            if path.stat().st_size not in {0, self.segment_bytes}:
                path.unlink()

    def clear(self) -> None:
        """Forget what was received from a slot that is no more."""
        for path in self.folder.iterdir():
            if path.name != _LOCK:
                path.unlink()
        self._sent.clear()

    def _send_if_new(self, vault: Vault, path: Path) -> None:
        try:
            seen = path.stat()
            if self._sent.get(path.name) != (version := (seen.st_size, seen.st_mtime_ns)):
                self._check(path)
                vault.keep(self._stored(path.name), _chunks(path))
                self._sent[path.name] = version
        except FileNotFoundError:
            return  # full meanwhile, and renamed: the next round takes it

    def _check(self, path: Path) -> None:
        """Refuse a file that is not of this system's log.

        Raises: ``SegmentForeign``.
        """
        with path.open("rb") as file:
            head = file.read(HEADER_BYTES)
        parse_segment(path.name.removesuffix(PARTIAL), self.segment_bytes).check(head, self.system_id)

    def _stored(self, name: str) -> str:
        return stored_name(self.system_id, name)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def spool_folder(settings: Settings, system_id: int) -> Path:
    """Return where the log of a system is received."""
    return home_of(settings).path / _FOLDER / str(system_id)


@contextmanager
def lone_spool(settings: Settings, system_id: int, segment_bytes: int) -> Iterator[Spool]:
    """Lend the folder to one process; the lock dies with it.

    Raises: ``WalBusy``.
    """
    folder = spool_folder(settings, system_id)
    with file_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WalBusy(process=os.read(handle, 20).decode().strip()) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        yield Spool(folder, system_id, segment_bytes)
    finally:
        os.close(handle)


def reader_of(folder: Path) -> int | None:
    """Return the process that has the folder; None if nobody has."""
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(handle, 20).decode().strip() or 0) or None
    finally:
        os.close(handle)
    return None
