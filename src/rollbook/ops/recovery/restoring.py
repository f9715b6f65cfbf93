"""Restore: into a folder, or in place of Rollbook's own server. What is there stays until it is proven."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rollbook.core import clock
from rollbook.core.progress import Report
from rollbook.core.settings import Settings
from rollbook.ops import postmaster, server
from rollbook.ops.backup.vault import Vault
from rollbook.ops.cluster import SUPERUSER
from rollbook.ops.embedded import PASSWORDS_OF, home_of
from rollbook.ops.errors import ServerStillStopping
from rollbook.ops.home import Home, sync_folder
from rollbook.ops.recovery.comparing import compared
from rollbook.ops.recovery.errors import (
    BackupUnproven,
    FolderNotEmpty,
    RecoveryFailed,
    RestoreElsewhere,
)
from rollbook.ops.recovery.lsn import show_lsn
from rollbook.ops.recovery.recovering import Recovery, unpacked
from rollbook.ops.recovery.scratch import Scratch
from rollbook.ops.recovery.targets import AT_ITS_END, NEWEST, Plan, Target, plan
from rollbook.ops.roles import ROLES, set_password
from rollbook.ops.swap import Swap, finish, swap_for


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did. ``was_at`` the last transaction in it; ``aside`` what it took the place of."""

    backup_id: str
    target: str
    lsn: str
    was_at: datetime | None
    data: Path
    aside: Path | None
    seconds: float


def restore_into(
    settings: Settings, vault: Vault, folder: Path, backup_id: str = NEWEST, to: Target = AT_ITS_END
) -> Restored:
    """Restore a data directory as ``folder``, recovered and checked, ready to be started.

    Raises: ``FolderNotEmpty``; ``TargetNotCovered``; ``RecoveryFailed``; ``BackupUnproven``; ...
    """
    began = clock.now()
    place = folder.expanduser().absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise FolderNotEmpty(folder=place)
    found = plan(vault, backup_id, to)
    place.parent.mkdir(parents=True, exist_ok=True)
    with unpacked(vault, found, settings, place.parent) as recovery:
        restored = _recover(recovery, place, None, began)
        recovery.scratch.data.rename(place)
        sync_folder(place.parent)
    return restored


def restore_home(
    settings: Settings, vault: Vault, backup_id: str = NEWEST, to: Target = AT_ITS_END
) -> Restored:
    """Restore beside the server's data directory, then swap; a server that ran runs again.

    The old data directory is kept. Should the restored one not start in its place, the old one is put back.
    Raises: ``RestoreElsewhere``; as ``restore_into``.
    """
    if server.is_external(settings):
        raise RestoreElsewhere
    began, home = clock.now(), home_of(settings)
    found = plan(vault, backup_id, to)
    home.make()
    with home.locked(vault.report):
        finish(home)
    with unpacked(vault, found, settings, home.path) as recovery:
        swap = swap_for(home, recovery.scratch.data, began)
        restored = _recover(recovery, home.data, swap, began)
        _put_in_place(settings, swap, vault.report)
    return restored


def _recover(recovery: Recovery, data: Path, swap: Swap | None, began: datetime) -> Restored:
    recovery.vault.report.step("Replaying the log")
    recovery.run_to_target()
    lsn, was_at = recovery.reached()
    _compare(recovery)
    if swap is not None:
        _set_password(recovery.scratch, swap.home)
    recovery.scratch.stop()
    _sync(recovery.scratch)
    return Restored(
        recovery.plan.backup.backup_id,
        str(recovery.plan.target),
        show_lsn(lsn),
        was_at,
        data,
        swap.old if swap is not None and data.exists() else None,
        (clock.now() - began).total_seconds(),
    )


def _compare(recovery: Recovery) -> None:
    """Compare with what was recorded, where that is of the moment that was restored."""
    found: Plan = recovery.plan
    if found.target.kind != "end" or not found.backup.tables:
        return
    recovery.vault.report.step("Comparing every table with what it held")
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
