"""A chain of backups made a data directory again: fetched, opened, put together, and checked file by file."""

import shutil
from collections.abc import Sequence
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
    links = [fetch_link(vault, backup, scratch) for backup in chain]
    if len(links) == 1:
        links[0].rename(scratch.data)
    else:
        vault.report.step("Putting the chain together")
        combine(chain[-1], links, scratch)
        for link in links:
            shutil.rmtree(link)
    vault.report.step("Checking every file")
    check(chain[-1], scratch, scratch.data)


def fetch_link(vault: Vault, backup: Backup, scratch: Scratch) -> Path:
    """Unpack what one backup has; a repository that goes away meanwhile is waited for.

    Raises: ``FileChanged``; ``BackupUnsafe``; ``StreamDamaged`` and its like.
    """
    return vault.patience.insist(lambda: _fetch(vault, backup, scratch))


def _fetch(vault: Vault, backup: Backup, scratch: Scratch) -> Path:
    folder = scratch.folder / f"link-{backup.backup_id}"
    if folder.exists():
        shutil.rmtree(folder)  # what came before the repository went away
    folder.mkdir(mode=0o700)
    scratch.account.own(folder, 0o700)
    tar = next(one for one in backup.files if one.name.endswith(f"/{TAR}"))
    unpack(whole(vault, tar, backup.backup_id), folder, scratch.account.own)
    return folder


def combine(backup: Backup, links: Sequence[Path], scratch: Scratch) -> None:
    """Put the links up to ``backup`` together as ``scratch.data``, by links of the disk where that can be.

    Raises: ``BackupUnproven``.
    """
    by_link = ["--link"] if scratch.binaries.major >= _LINKS_SINCE else []
    done = scratch.run(
        "pg_combinebackup", *by_link, "--no-sync", f"--output={scratch.data}", *map(str, links)
    )
    if done.returncode != 0:
        raise BackupUnproven(backup_id=backup.backup_id, reason=_first_error(done.stderr))


def check(backup: Backup, scratch: Scratch, folder: Path) -> None:
    """Compare every file with what the server wrote down of it.

    Raises: ``BackupUnproven``.
    """
    done = scratch.run("pg_verifybackup", "--exit-on-error", str(folder))
    if done.returncode != 0:
        raise BackupUnproven(backup_id=backup.backup_id, reason=_first_error(done.stderr))


def _first_error(said: str) -> str:
    lines = [line.split("error: ", 1)[-1] for line in said.splitlines() if "error:" in line]
    return (lines or said.splitlines() or ["it said nothing"])[0].rstrip(".")
