"""Whether what is in the repository is what was put there: each file's digest and frames; each chain."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rollbook.core.errors import RollbookError
from rollbook.ops.backup.documents import whole
from rollbook.ops.backup.errors import ChainBroken, RepositoryRefused, RepositoryUnreachable
from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.repository import Stored
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


Faults = Callable[[Catalog, Backup], Iterable[str]]
"""Reads a backup's files to their ends and says what is wrong with them."""


def verify(vault: Vault, backup_id: str | None = None, *, of_copies: Faults | None = None) -> list[Verified]:
    """Read and open every file of one backup and of those it builds on, or of all backups.

    ``of_copies`` reads those of a server's files instead. Nothing is restored: that a backup can be is proven
    by a drill.
    Raises: ``BackupNotFound``; ``ManifestDamaged``; ``RepositoryUnreachable``. A fault is found, not raised.
    """
    known = vault.catalog()
    wanted = known.backups if backup_id is None else _needed(known, backup_id)
    found = [_verified(vault, known, backup, of_copies) for backup in wanted]
    if backup_id is None:
        found += [Verified(one.backup_id, "damaged", 0, (one.reason,)) for one in known.damaged]
    return found


def _needed(known: Catalog, backup_id: str) -> tuple[Backup, ...]:
    try:
        return known.chain(backup_id)
    except ChainBroken:
        return (known.find(backup_id),)  # which is said of it then


def _verified(vault: Vault, known: Catalog, backup: Backup, of_copies: Faults | None) -> Verified:
    vault.report.step(f"Verifying {backup.backup_id} ({backup.kind})", backup.bytes)
    faults = [*_faults_of_chain(known, backup)]
    if of_copies is not None and backup.is_physical:
        faults += [] if faults else of_copies(known, backup)
    else:
        faults += [fault for file in backup.files for fault in faults_of_file(vault, backup, file)]
    return Verified(backup.backup_id, backup.kind, backup.bytes, tuple(faults))


def _faults_of_chain(known: Catalog, backup: Backup) -> Iterator[str]:
    try:
        known.chain(backup.backup_id)
    except RollbookError as error:
        yield str(error)


def faults_of_file(vault: Vault, backup: Backup, file: Stored) -> Iterator[str]:
    """Yield what is wrong with a file of a backup.

    Raises: ``RepositoryUnreachable``; ``RepositoryRefused``.
    """
    try:
        vault.patience.insist(lambda: check_file(vault, backup, file))
    except (RepositoryUnreachable, RepositoryRefused):
        raise
    except RollbookError as error:
        yield str(error)


def check_file(vault: Vault, backup: Backup, file: Stored) -> None:
    """Read a file of a backup to its end.

    Raises: ``StoredFileMissing``; ``StreamDamaged`` and its like; ``FileChanged``.
    """
    for _ in whole(vault, file, backup.backup_id):
        pass
