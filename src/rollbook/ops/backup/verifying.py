"""Whether what is in the repository is what was put there: each file's digest and frames; each chain."""

from collections.abc import Iterator
from dataclasses import dataclass

from rollbook.core.errors import RollbookError
from rollbook.ops.backup.errors import (
    ChainBroken,
    FileChanged,
    RepositoryRefused,
    RepositoryUnreachable,
)
from rollbook.ops.backup.frames import open_frames
from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.repository import Measure, Stored
from rollbook.ops.backup.vault import Vault


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one backup. No ``faults``: it is whole, with all that it builds on."""

    backup_id: str
    kind: str
    bytes: int
    faults: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults


def verify(vault: Vault, backup_id: str | None = None) -> list[Verified]:
    """Read and open every file of one backup and of those it builds on, or of all backups.

    Nothing is restored: that a backup can be is proven by a drill.
    Raises: ``BackupNotFound``; ``ManifestDamaged``; ``RepositoryUnreachable``. A fault is found, not raised.
    """
    known = vault.catalog()
    wanted = known.backups if backup_id is None else _needed(known, backup_id)
    found = [_verified(vault, known, backup) for backup in wanted]
    if backup_id is None:
        found += [Verified(one.backup_id, "damaged", 0, (one.reason,)) for one in known.damaged]
    return found


def _needed(known: Catalog, backup_id: str) -> tuple[Backup, ...]:
    try:
        return known.chain(backup_id)
    except ChainBroken:
        return (known.find(backup_id),)  # which is said of it then


def _verified(vault: Vault, known: Catalog, backup: Backup) -> Verified:
    vault.report.step(f"Verifying {backup.backup_id} ({backup.kind})", backup.bytes)
    faults = [*_faults_of_chain(known, backup)]
    for file in backup.files:
        faults += _faults_of_file(vault, backup, file)
    return Verified(backup.backup_id, backup.kind, backup.bytes, tuple(faults))


def _faults_of_chain(known: Catalog, backup: Backup) -> Iterator[str]:
    try:
        known.chain(backup.backup_id)
    except RollbookError as error:
        yield str(error)


def _faults_of_file(vault: Vault, backup: Backup, file: Stored) -> Iterator[str]:
    try:
        vault.patience.insist(lambda: check_file(vault, backup, file))
    except (RepositoryUnreachable, RepositoryRefused):
        raise
    except RollbookError as error:
        yield str(error)


def check_file(vault: Vault, backup: Backup, file: Stored) -> None:
    """Read a file of a backup to its end.

    Raises: ``StoredFileMissing``; ``StreamDamaged`` and its like; ``FileChanged`` where it is a good file
    and not the backup's.
    """
    measured = Measure(vault.repository.get(file.name))
    for _ in open_frames(vault.watched(measured), vault.ring, about=file.name):
        pass
    if measured.stored(file.name) != file:
        raise FileChanged(name=file.name, backup_id=backup.backup_id, reason="its digest differs")
