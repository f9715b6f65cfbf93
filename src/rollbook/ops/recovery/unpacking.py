"""A chain of backups made a data directory again: fetched, opened, put together, and checked file by file."""

import shutil
from pathlib import Path
from typing import Final

from rollbook.ops.backup.documents import whole
from rollbook.ops.backup.manifest import Backup
from rollbook.ops.backup.vault import Vault
from rollbook.ops.recovery.errors import BackupUnproven
from rollbook.ops.recovery.physical import TAR
from rollbook.ops.recovery.scratch import Scratch
from rollbook.ops.recovery.tarring import unpack

_LINKS_SINCE: Final = 18


def unpack_chain(vault: Vault, chain: tuple[Backup, ...], scratch: Scratch) -> None:
    """Make ``scratch.data`` of ``chain``, the base first.

    Raises: ``BackupUnproven`` if what came out is not what the server wrote down when it was copied; what
    opening a stream raises.
    """
    vault.report.step("Fetching and opening the backup")
    folders = [_fetch(vault, backup, scratch, number) for number, backup in enumerate(chain)]
    if len(folders) == 1:
        folders[0].rename(scratch.data)
    else:
        vault.report.step("Putting the chain together")
        _combine(chain, folders, scratch)
    vault.report.step("Checking every file")
    _check(chain[-1], scratch)


def _fetch(vault: Vault, backup: Backup, scratch: Scratch, number: int) -> Path:
    folder = scratch.folder / f"link-{number}"
    folder.mkdir(mode=0o700)
    scratch.account.own(folder, 0o700)
    tar = next(one for one in backup.files if one.name.endswith(f"/{TAR}"))
    unpack(whole(vault, tar, backup.backup_id), folder, scratch.account.own)
    return folder


def _combine(chain: tuple[Backup, ...], folders: list[Path], scratch: Scratch) -> None:
    links = ["--link"] if scratch.binaries.major >= _LINKS_SINCE else []
    done = scratch.run(
        "pg_combinebackup", *links, "--no-sync", f"--output={scratch.data}", *map(str, folders)
    )
    if done.returncode != 0:
        raise BackupUnproven(backup_id=chain[-1].backup_id, reason=_first_error(done.stderr))
    for folder in folders:
        shutil.rmtree(folder)


def _check(backup: Backup, scratch: Scratch) -> None:
    done = scratch.run("pg_verifybackup", "--exit-on-error", str(scratch.data))
    if done.returncode != 0:
        raise BackupUnproven(backup_id=backup.backup_id, reason=_first_error(done.stderr))


def _first_error(said: str) -> str:
    lines = [line.split("error: ", 1)[-1] for line in said.splitlines() if "error:" in line]
    return (lines or said.splitlines() or ["it said nothing"])[0].rstrip(".")
