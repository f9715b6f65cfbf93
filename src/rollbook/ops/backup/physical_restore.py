"""Restore: into a folder, or in the place of Rollbook's own server. What is there stays until it is proven."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rollbook.core import clock
from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.ops import postmaster, server
from rollbook.ops.backup.comparing import compared
from rollbook.ops.backup.kept import Kept
from rollbook.ops.backup.lsn import show_lsn
from rollbook.ops.backup.physical_errors import (
    BackupUnproven,
    FolderNotEmpty,
    RecoveryFailed,
    RestoreElsewhere,
)
from rollbook.ops.backup.recovering import Recovery, unpacked
from rollbook.ops.backup.scratch import Scratch
from rollbook.ops.backup.swap import Swap, finish, swap_for
from rollbook.ops.backup.targets import NEWEST, Plan, parse_target, plan
from rollbook.ops.cluster import SUPERUSER
from rollbook.ops.embedded import PASSWORDS_OF, home_of
from rollbook.ops.errors import ServerStillStopping
from rollbook.ops.home import Home, sync_folder
from rollbook.ops.roles import ROLES, set_password

_SILENT: Final = Silent()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. ``was_at`` the last transaction in it; ``kept`` what it took the place of."""

    backup_id: str
    target: str
    lsn: str
    was_at: datetime | None
    data: Path
    kept: Path | None
    seconds: float


def restore_into(
    settings: Settings,
    kept: Kept,
    folder: Path,
    backup_id: str = NEWEST,
    to: str | None = None,
    report: Report = _SILENT,
) -> Restored:
    """Restore a data directory as ``folder``, recovered and checked, ready to be started.

    Raises: ``FolderNotEmpty``; ``TargetNotCovered``; ``RecoveryFailed``; ``BackupUnproven``; ...
    """
    began = clock.now()
    place = folder.expanduser().absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise FolderNotEmpty(folder=place)
    found = plan(kept, backup_id, parse_target(to))
    place.parent.mkdir(parents=True, exist_ok=True)
    with unpacked(kept, found, settings, place.parent, report) as recovery:
        restored = _recover(recovery, report, place, None, began)
        _sync(recovery.scratch)
        recovery.scratch.data.rename(place)
        sync_folder(place.parent)
    return restored


def restore_home(
    settings: Settings, kept: Kept, backup_id: str = NEWEST, to: str | None = None, report: Report = _SILENT
) -> Restored:
    """Restore beside the server's data directory, then swap; a server that ran runs again.

    The old data directory is kept. Should the restored one not start in its place, the old one is put back.
    Raises: ``RestoreElsewhere``; as ``restore_into``.
    """
    if server.is_external(settings):
        raise RestoreElsewhere
    began, home = clock.now(), home_of(settings)
    found = plan(kept, backup_id, parse_target(to))
    home.make()
    with home.locked(report):
        finish(home)
    with unpacked(kept, found, settings, home.path, report) as recovery:
        swap = swap_for(home, recovery.scratch.data, began)
        old = swap.old if home.data.exists() else None
        restored = _recover(recovery, report, home.data, old, began, home)
        _sync(recovery.scratch)
        _put_in_place(settings, swap, report)
    return restored


def _recover(
    recovery: Recovery,
    report: Report,
    data: Path,
    old: Path | None,
    began: datetime,
    home: Home | None = None,
) -> Restored:
    report.step("Replaying the log")
    recovery.run_to_target()
    lsn, was_at = recovery.reached()
    _compare(recovery, report)
    if home is not None:
        _set_password(recovery.scratch, home)
    recovery.scratch.stop()
    return Restored(
        recovery.plan.backup.backup_id,
        str(recovery.plan.target),
        show_lsn(lsn),
        was_at,
        data,
        old,
        (clock.now() - began).total_seconds(),
    )


def _compare(recovery: Recovery, report: Report) -> None:
    """Compare with what was recorded, where that is of the moment that was restored."""
    found: Plan = recovery.plan
    if found.target.kind != "end" or not found.backup.tables:
        return
    report.step("Comparing every table with what it held")
    differing = compared(recovery.scratch, found.backup)
    if differing:
        raise BackupUnproven(backup_id=found.backup.backup_id, reason="; ".join(differing[:5]))


def _set_password(scratch: Scratch, home: Home) -> None:
    """Give the superuser the password that this home knows; `up` sees to the other roles."""
    passwords = home.make_passwords(PASSWORDS_OF, (SUPERUSER, *ROLES))
    with scratch.connect("postgres") as db:
        set_password(db, SUPERUSER, passwords[SUPERUSER])


def _sync(scratch: Scratch) -> None:
    """Have the disk keep all of it: the recovery itself did without."""
    done = scratch.run("initdb", "--sync-only", "-D", str(scratch.data))
    if done.returncode != 0:
        raise RecoveryFailed(reason="its files could not be written to the disk")


def _put_in_place(settings: Settings, swap: Swap, report: Report) -> None:
    was_running = server.down(settings, report)
    with swap.home.locked(report):
        if (found := postmaster.find_postmaster(swap.home.data)) is not None:
            raise ServerStillStopping(pid=found.pid, seconds=0, log=swap.home.log)
        report.step("Putting it in place")
        swap.do()
    if not was_running:
        return
    try:
        server.up(settings, report)
    except BaseException:
        server.down(settings, report)
        with swap.home.locked(report):
            swap.undo()
        server.up(settings, report)
        raise
