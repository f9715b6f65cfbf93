"""A repository with the keys to it: what is kept there is sealed; what is read there, its key has opened."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from rollbook.core.errors import RollbookError
from rollbook.core.keyring import Keyring
from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.ops.backup import manifest
from rollbook.ops.backup.errors import BackupVanished
from rollbook.ops.backup.frames import open_frames, seal
from rollbook.ops.backup.keys import ensure_key, key_ring, writing_key
from rollbook.ops.backup.manifest import Backup, Catalog, files_of, manifest_name
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

    def publish(self, backup: Backup) -> None:
        """List ``backup`` from now on, if all that it needs is there still: a prune may have run meanwhile.

        Raises: ``BackupVanished``; as ``manifest.publish``.
        """
        manifest.publish(self.repository, backup, self.ring)
        lost = [*self.lost(backup)]
        if backup.parent and not self.repository.exists(manifest_name(backup.parent)):
            lost.append(manifest_name(backup.parent))
        if lost:
            raise BackupVanished(backup_id=backup.backup_id, lost=lost[0])

    def lost(self, backup: Backup) -> dict[str, int | None]:
        """Return its files that are not there as they were written: the bytes each has left, None if gone."""
        there = {entry.name: entry.bytes for entry in self.repository.entries(files_of(backup.backup_id))}
        return {one.name: there.get(one.name) for one in backup.files if there.get(one.name) != one.bytes}

    @contextmanager
    def whole_or_nothing(self, backup_id: str) -> Iterator[None]:
        """Remove a backup that fails; what one that is killed leaves, `prune` removes.

        Its manifest goes first: it may be there, though the answer to that was lost.
        """
        try:
            yield
        except BaseException:
            with suppress(RollbookError):  # what went wrong is what counts
                self.repository.delete(manifest_name(backup_id))
                for name in self.repository.names(files_of(backup_id)):
                    self.repository.delete(name)
            raise

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
