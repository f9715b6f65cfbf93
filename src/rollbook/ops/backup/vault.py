"""A repository with the keys to it: what is kept there is sealed; what is read there, its key has opened."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from rollbook.core.keyring import Keyring
from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.ops.backup import manifest
from rollbook.ops.backup.frames import open_frames, seal
from rollbook.ops.backup.keys import ensure_key, key_ring, writing_key
from rollbook.ops.backup.manifest import Backup, Catalog
from rollbook.ops.backup.repository import Repository, Stored, open_repository
from rollbook.ops.backup.retry import Patience

_SILENT: Final = Silent()


@dataclass(frozen=True, slots=True)
class Vault:
    """Where backups are. ``report``: who is told of the work; ``patience``: how long it may be away."""

    repository: Repository
    ring: Keyring
    report: Report = field(default=_SILENT)
    patience: Patience = field(default_factory=Patience)

    def keep(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Seal ``chunks`` with the newest key and keep them as ``name``; tell how many bytes went in."""
        return self.repository.put(name, seal(self.watched(chunks), writing_key(self.ring), about=name))

    def open(self, name: str) -> Iterator[bytes]:
        """Yield what was sealed as ``name``; whole only if it ends without an error."""
        return self.watched(open_frames(self.repository.get(name), self.ring, about=name))

    def publish(self, backup: Backup) -> Stored:
        """List ``backup`` from now on."""
        return manifest.publish(self.repository, backup, self.ring)

    def catalog(self) -> Catalog:
        """Return every backup."""
        return self.patience.insist(lambda: manifest.catalog(self.repository, self.ring))

    def watched(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``chunks`` on, telling their bytes."""
        for chunk in chunks:
            self.report.advance(len(chunk))
            yield chunk


def open_vault(
    chosen: Settings, report: Report = _SILENT, *, tell: Callable[[str], None] | None = None
) -> Vault:
    """Return the vault of ``chosen``: to read; with ``tell`` to write too, which is told of a key just made.

    Raises: ``BackupKeyMissing``; ``NoBackupsYet``; ``RepositoryUrlInvalid``; ``CloudLibraryMissing``.
    """
    repository = open_repository(chosen=chosen)
    patience = Patience(tell=report.step)
    if tell is None:
        return Vault(repository, key_ring(repository, chosen), report, patience)
    ring = patience.insist(lambda: ensure_key(repository, tell, chosen))
    return Vault(repository, ring, report, patience)
