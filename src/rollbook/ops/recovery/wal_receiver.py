"""The server's log, received as it is written and sealed into the repository: resumable, without gaps.

PostgreSQL's pg_receivewal reads from a slot, so that the server keeps what was not received yet; what was
received waits in the spool until the repository has it. Killed at any instant, it goes on where it was.
"""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Final

import psycopg

from rollbook.core.errors import RollbookError
from rollbook.core.settings import Settings
from rollbook.ops.backup.documents import keep_json
from rollbook.ops.backup.vault import Vault
from rollbook.ops.postmaster import has_ended
from rollbook.ops.recovery.errors import WalReceiverFailed
from rollbook.ops.recovery.origin import Origin, origin, said
from rollbook.ops.recovery.wal_catalog import REACHED, stored_name
from rollbook.ops.recovery.wal_slot import SLOT, SlotState, drop_slot, ensure_slot, slot_state
from rollbook.ops.recovery.wal_spool import Spool, lone_spool, reader_of, spool_folder

EVERY_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 60.0
_TELL_IDLE_S: Final = 30.0
# The repository is away: the server itself keeps the rest, as far as max_slot_wal_keep_size lets it.
_SPOOL_AT_MOST_BYTES: Final = 1024**3
_ENDS_WITHIN_S: Final = 30


def archive(settings: Settings, vault: Vault, stop: Event, *, every_s: float = EVERY_S) -> None:
    """Archive the server's log until ``stop`` is set; failures of server or repository are told and outlived.

    Raises: ``WalBusy``; ``WalSlotUnavailable``; what the first connection raises.
    """
    source = origin(settings)
    with lone_spool(settings, source.facts.system_id, source.facts.segment_bytes) as spool:
        _begin(source, spool, vault)
        pause = every_s
        while not stop.is_set():
            try:
                if spool.bytes > _SPOOL_AT_MOST_BYTES:
                    spool.send(vault)
                with _receiving(source, spool) as receiver:
                    _follow(_Sender(source, spool, vault), receiver, stop, every_s)
                pause = every_s
            except (RollbookError, psycopg.Error, OSError) as error:
                vault.report.step(f"{error} Trying again in {pause:.0f} s")
                stop.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                source = _again(settings, source, spool, vault)
        _Sender(source, spool, vault).send()


def _begin(source: Origin, spool: Spool, vault: Vault) -> None:
    """Make the slot where there is none; what an earlier one left in the spool is saved first."""
    with source.connected() as db:
        state = slot_state(db)
        if state is None or state.is_lost:
            vault.report.step("Archiving the log from here on: now make a backup that it continues")
            spool.send(vault)
            spool.clear()
        ensure_slot(db)


def _again(settings: Settings, known: Origin, spool: Spool, vault: Vault) -> Origin:
    """Return the server as it is now, wherever it listens, with a slot; the next round tells of failures."""
    try:
        found = origin(settings)
        if found.facts.system_id == known.facts.system_id:
            _begin(found, spool, vault)
            return found
    except (RollbookError, psycopg.Error, OSError):
        pass
    return known


class _Sender:
    """Sends what was received, and notes up to when all is there."""

    def __init__(self, source: Origin, spool: Spool, vault: Vault) -> None:
        self._source, self.spool, self.vault = source, spool, vault
        self._noted: str | None = None
        self._noted_at = 0.0

    def send(self) -> SlotState | None:
        """Put what is new into the repository; return what the server says of the slot."""
        with self._source.connected() as db:
            state = slot_state(db)
        self.spool.send(self.vault)
        if state is not None and state.is_level and self._is_news(state):
            name = stored_name(self._source.facts.system_id, f"{REACHED}{state.timeline:08X}")
            keep_json(
                self.vault, name, {"timeline": state.timeline, "lsn": state.lsn, "at": state.at.isoformat()}
            )
            self._noted, self._noted_at = state.lsn, time.monotonic()
        return state

    def _is_news(self, state: SlotState) -> bool:
        return state.lsn != self._noted or time.monotonic() - self._noted_at > _TELL_IDLE_S


def _follow(sender: _Sender, receiver: "_Receiver", stop: Event, every_s: float) -> None:
    """Send every few seconds while the receiver runs.

    Raises: ``WalReceiverFailed`` when it ends, or what was received cannot be sent and fills its share.
    """
    told = ""
    while not stop.wait(every_s):
        try:
            sender.send()
            told = ""
        except RollbookError as error:
            if sender.spool.bytes > _SPOOL_AT_MOST_BYTES:
                raise
            if str(error) != told:
                told = str(error)
                sender.vault.report.step(f"{told} What was received waits here")
        receiver.check()


class _Receiver:
    """A running pg_receivewal."""

    def __init__(self, process: "subprocess.Popen[bytes]", complaints: Path) -> None:
        self._process, self._complaints = process, complaints

    def check(self) -> None:
        """Raise ``WalReceiverFailed`` if it ended."""
        if self._process.poll() is not None:
            lines = self._complaints.read_text(encoding="utf-8", errors="replace").splitlines()
            reason = said(lines) if lines else f"it ended with {self._process.returncode}"
            raise WalReceiverFailed(reason=reason)

    def end(self) -> None:
        """End it, with what it received on disk."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def _receiving(source: Origin, spool: Spool) -> Iterator[_Receiver]:
    spool.mend()
    with tempfile.TemporaryDirectory(prefix="rollbook-wal-") as folder:
        complaints = Path(folder, "complaints")
        with complaints.open("wb") as log:
            process = source.start(
                "pg_receivewal",
                f"--directory={spool.folder}",
                f"--slot={SLOT}",
                "--synchronous",
                "--no-loop",
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        receiver = _Receiver(process, complaints)
        try:
            yield receiver
        finally:
            receiver.end()


def is_archiving(settings: Settings) -> bool:
    """Say whether a process receives the server's log: what its container is asked for."""
    with origin(settings).connected() as db:
        state = slot_state(db)
    return state is not None and state.is_active and not state.is_lost


def stop_archiving(settings: Settings) -> bool:
    """End the process that archives, and drop the slot: the server keeps nothing for it from now on.

    Return whether there was anything to end.
    """
    source = origin(settings)
    reader = reader_of(spool_folder(settings, source.facts.system_id))
    if reader is not None:
        _end(reader)
    with source.connected() as db:
        return drop_slot(db) or reader is not None


def _end(process: int) -> None:
    try:
        os.kill(process, signal.SIGTERM)
    except ProcessLookupError:
        return
    has_ended(process, within_s=_ENDS_WITHIN_S)
