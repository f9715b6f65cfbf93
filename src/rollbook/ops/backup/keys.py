"""The backup key: a ring file of its own, since it goes to other hands than that of encrypted columns."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from rollbook.core import keyring
from rollbook.core.keyring import Key, Keyring, RingMissing, RingThere
from rollbook.core.settings import Settings, settings
from rollbook.ops.backup.errors import BackupKeyMissing, NoBackupsYet
from rollbook.ops.backup.repository import Repository

FILE: Final = "backup.key"
KEEP_IT: Final = (
    "A backup key was made: {path}. KEEP A COPY AWAY FROM THIS MACHINE AND FROM THE BACKUPS:"
    " without it every backup is lost."
)


def key_path(chosen: Settings | None = None) -> Path:
    """Return where the backup key is, or will be."""
    said = chosen or settings()
    return (said.backup_key_file or said.home / FILE).expanduser().absolute()


def key_ring(repository: Repository, chosen: Settings | None = None) -> Keyring:
    """Return the ring that opens what is in ``repository``.

    Raises: ``BackupKeyMissing``; ``NoBackupsYet``; ``RingUnreadable``; ``RingExposed``.
    """
    path = key_path(chosen)
    try:
        return keyring.ring(path)
    except RingMissing:
        if _is_empty(repository):
            raise NoBackupsYet(where=repository.where) from None
        raise BackupKeyMissing(path=path, where=repository.where) from None


def ensure_key(
    repository: Repository, tell: Callable[[str], None], chosen: Settings | None = None
) -> Keyring:
    """Return the ring to write with; the first one is made where the repository is empty, and ``tell`` told.

    Raises: ``BackupKeyMissing`` where there are backups of a ring that is not here; as ``key_ring``.
    """
    path = key_path(chosen)
    if not path.exists():
        if not _is_empty(repository):
            raise BackupKeyMissing(path=path, where=repository.where)
        _make(path, tell)
    return key_ring(repository, chosen)


def rotate_key(chosen: Settings | None = None) -> Keyring:
    """Add a key that backups are encrypted with from now on; the old ones still open with the old keys.

    Raises: ``RingMissing``.
    """
    return keyring.add_key(key_path(chosen))


def writing_key(ring: Keyring) -> Key:
    """Return the key that new streams are encrypted with."""
    return ring.key(ring.primary)


def _is_empty(repository: Repository) -> bool:
    return next(repository.entries(), None) is None


def _make(path: Path, tell: Callable[[str], None]) -> None:
    try:
        keyring.make_ring(path)
    except RingThere:
        return  # another process was quicker
    tell(KEEP_IT.format(path=path))
