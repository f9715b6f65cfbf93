"""A backup brought back to life in private, from the repository alone, up to the moment asked for."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rollbook.core.settings import Settings
from rollbook.ops.backup.manifest import Backup
from rollbook.ops.backup.vault import Vault
from rollbook.ops.embedded import home_of
from rollbook.ops.errors import file_errors
from rollbook.ops.privileges import server_account
from rollbook.ops.recovery import wal_fetch
from rollbook.ops.recovery.errors import RecoveryFailed, TargetNotCovered
from rollbook.ops.recovery.lsn import parse_lsn, show_lsn
from rollbook.ops.recovery.scratch import Scratch, private_folder
from rollbook.ops.recovery.server_programs import server_programs
from rollbook.ops.recovery.targets import Plan
from rollbook.ops.recovery.unpacking import unpack_chain
from rollbook.ops.recovery.wal_reading import LogFeed
from rollbook.ops.recovery.wal_server import Served, serving
from rollbook.ops.roles import Connection

_NOT_REACHED: Final = "before configured recovery target"


@dataclass(slots=True)
class Recovery:
    """A restored server in its private folder, and the log that it is fed with."""

    plan: Plan
    vault: Vault
    scratch: Scratch
    feed: LogFeed = field(repr=False)
    served: Served = field(repr=False)

    def run_to_mark(self) -> None:
        """Bring it to the backup's own restore point and hold it there, to be read.

        Raises: ``RecoveryFailed``; what a file of the log was refused for.
        """
        assert self.plan.mark is not None
        self.feed.line = (self.plan.backup.timeline or 0,)
        wanted = {"recovery_target_name": self.plan.mark, "recovery_target_timeline": "current"}
        self._start(wanted | {"recovery_target_action": "pause", "hot_standby": "on"})
        self._wait(_is_paused)

    def run_to_target(self) -> None:
        """Bring it to the target and make it a server of its own.

        Raises: ``TargetNotCovered``; ``RecoveryFailed``; what a file of the log was refused for.
        """
        self.feed.line = self.plan.line
        wanted = self.plan.recovery()
        try:
            self._promote(wanted)
        except RecoveryFailed as error:
            if _NOT_REACHED not in str(error):
                raise
            if self.plan.target.kind != "time":
                raise TargetNotCovered(target=self.plan.target, held=str(self.plan.coverage)) from error
            # The log goes on to that time, but nobody wrote: its end is what was there then.
            self._promote({"recovery_target_timeline": wanted["recovery_target_timeline"]})
        self._check_reach()

    def _promote(self, wanted: Mapping[str, str]) -> None:
        self._start({**wanted, "recovery_target_action": "promote", "hot_standby": "off"})
        self._wait(_is_promoted)

    def _start(self, options: Mapping[str, str]) -> None:
        signal = self.scratch.data / "recovery.signal"
        signal.touch()
        self.scratch.account.own(signal, 0o600)
        self.scratch.start({"restore_command": self.served.command, **options})

    def _wait(self, is_there: Callable[[Connection], bool]) -> None:
        try:
            self.scratch.wait_until(is_there, self.served.is_fetching)
        except RecoveryFailed as error:
            if self.served.refused is not None:
                raise self.served.refused from error
            raise

    def _check_reach(self) -> None:
        """Make sure that all of the log was replayed where all was asked for."""
        if self.plan.target.kind != "latest":
            return
        least = max(self.plan.coverage.begin.lsn, self.plan.coverage.end - 2 * self.plan.wal.segment_bytes)
        if (lsn := self.reached()[0]) < least:
            held = f"the log to {show_lsn(self.plan.coverage.end)}, of which {show_lsn(lsn)} was reached"
            raise RecoveryFailed(reason=f"the repository has {held}")

    def reached(self) -> tuple[int, datetime | None]:
        """Return the last LSN that was replayed, and when its last transaction was committed."""
        with self.scratch.connect("postgres") as db:
            found: Any = db.execute(
                "SELECT pg_last_wal_replay_lsn()::text, pg_last_xact_replay_timestamp()"
            ).fetchone()
        return parse_lsn(found[0]), found[1]


def _is_paused(db: Connection) -> bool:
    return db.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() == ("paused",)


def _is_promoted(db: Connection) -> bool:
    return db.execute("SELECT NOT pg_is_in_recovery()").fetchone() == (True,)


@contextmanager
def unpacked(vault: Vault, plan: Plan, settings: Settings, below: Path) -> Iterator[Recovery]:
    """Unpack the chain into a private folder below ``below``, checked, and feed it the log; then remove it.

    Raises: ``NoProgramsFor``; ``BackupUnproven``; what opening a stream raises.
    """
    with scratch_for(plan.backup, settings, below) as scratch:
        with file_errors(below):
            unpack_chain(vault, plan.chain, scratch)
        feed = LogFeed(vault, plan.wal)
        with serving(scratch.sockets, feed, scratch.account) as served:
            try:
                yield Recovery(plan, vault, scratch, feed, served)
            finally:
                scratch.stop()


@contextmanager
def scratch_for(backup: Backup, settings: Settings, below: Path) -> Iterator[Scratch]:
    """Lend a private folder below ``below`` with the programs that can run ``backup``; then remove it.

    Raises: ``NoProgramsFor``.
    """
    binaries = server_programs(int(backup.server_version.split(".")[0]), settings)
    must_reach = [
        Path(binaries.program("postgres")),
        below,
        Path(sys.executable),
        Path(wal_fetch.__file__).parent,
    ]
    account = server_account(home_of(settings).data, must_reach)
    with private_folder(below, account) as folder:
        yield Scratch(folder, folder / "data", binaries, account, str(backup.facts["superuser"]))
