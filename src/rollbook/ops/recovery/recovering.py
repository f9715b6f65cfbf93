"""A backup brought back to life in private, from the repository alone, up to the moment asked for."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rollbook.core.settings import Settings
from rollbook.ops.backup.vault import Vault
from rollbook.ops.embedded import home_of
from rollbook.ops.errors import file_errors
from rollbook.ops.privileges import server_account
from rollbook.ops.recovery import wal_fetch
from rollbook.ops.recovery.errors import RecoveryFailed, TargetNotCovered
from rollbook.ops.recovery.lsn import HISTORY_NAME, NAME, PARTIAL, parse_lsn, parse_segment, show_lsn
from rollbook.ops.recovery.scratch import Scratch, private_folder
from rollbook.ops.recovery.server_programs import server_programs
from rollbook.ops.recovery.targets import Plan
from rollbook.ops.recovery.unpacking import unpack_chain
from rollbook.ops.recovery.wal_catalog import stored_name
from rollbook.ops.recovery.wal_server import Served, serving
from rollbook.ops.roles import Connection

_NOT_REACHED: Final = "before configured recovery target"


@dataclass(slots=True)
class Recovery:
    """A restored server in its private folder, and the log that it is fed with."""

    plan: Plan
    vault: Vault
    scratch: Scratch
    served: Served = field(repr=False)

    def run_to_mark(self) -> None:
        """Bring it to the backup's own restore point and hold it there, to be read.

        Raises: ``RecoveryFailed``; what a file of the log was refused for.
        """
        assert self.plan.mark is not None
        wanted = {"recovery_target_name": self.plan.mark, "recovery_target_timeline": "current"}
        self._start(wanted | {"recovery_target_action": "pause", "hot_standby": "on"})
        self._wait(_is_paused)

    def run_to_target(self) -> None:
        """Bring it to the target and make it a server of its own.

        Raises: ``TargetNotCovered``; ``RecoveryFailed``; what a file of the log was refused for.
        """
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
            self.scratch.wait_until(is_there)
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
    binaries = server_programs(int(plan.backup.server_version.split(".")[0]), settings)
    must_reach = [
        Path(binaries.program("postgres")),
        below,
        Path(sys.executable),
        Path(wal_fetch.__file__).parent,
    ]
    account = server_account(home_of(settings).data, must_reach)
    with private_folder(below, account) as folder:
        superuser = str(plan.backup.facts["superuser"])
        scratch = Scratch(folder, folder / "data", binaries, account, superuser)
        with file_errors(below):
            unpack_chain(vault, plan.chain, scratch)
        with serving(scratch.sockets, _fetcher(vault, plan), account) as served:
            try:
                yield Recovery(plan, vault, scratch, served)
            finally:
                scratch.stop()


def _fetcher(vault: Vault, plan: Plan) -> Callable[[str], bytes | None]:
    """Return what hands out a file of the log by name, checked; None for one that is not there."""
    wal = plan.wal

    def fetch(name: str) -> bytes | None:
        if HISTORY_NAME.fullmatch(name) and int(name[:8], 16) in wal.forks:
            return b"".join(vault.open(stored_name(wal.system_id, name)))
        if not NAME.fullmatch(name):
            return None
        segment = parse_segment(name, wal.segment_bytes)
        if segment in wal.segments:
            content = b"".join(vault.open(stored_name(wal.system_id, name)))
        elif segment in wal.partials:
            content = b"".join(vault.open(stored_name(wal.system_id, name + PARTIAL)))
        else:
            return None
        segment.check(content, wal.system_id)
        return content

    return fetch
