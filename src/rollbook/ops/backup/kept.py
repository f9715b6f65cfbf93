"""A repository with the ring that opens it: files go in sealed and come out opened, by name."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rollbook.core.keyring import Keyring
from rollbook.core.settings import Settings
from rollbook.ops.backup.errors import FileChanged
from rollbook.ops.backup.frames import open_frames, seal
from rollbook.ops.backup.keys import key_ring, writing_key
from rollbook.ops.backup.manifest import Catalog, catalog
from rollbook.ops.backup.repository import Repository, Stored, open_repository


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept in ``repository``, and the ``ring`` that opens it."""

    repository: Repository
    ring: Keyring

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Seal ``chunks`` and keep them under ``name``."""
        return self.repository.put(name, seal(chunks, writing_key(self.ring), about=name))

    def get(self, name: str) -> Iterator[bytes]:
        """Yield what is kept under ``name``, opened."""
        return open_frames(self.repository.get(name), self.ring, about=name)

    def get_whole(self, stored: Stored, backup_id: str) -> Iterator[bytes]:
        """Yield a backup's file, opened; at its end it is the one that its manifest names, or refused.

        Raises: ``FileChanged``.
        """
        digest = hashlib.sha256()
        yield from open_frames(
            _digested(self.repository.get(stored.name), digest), self.ring, about=stored.name
        )
        if digest.hexdigest() != stored.sha256:
            raise FileChanged(name=stored.name, backup_id=backup_id, reason="its SHA-256 is another")

    def put_json(self, name: str, told: Mapping[str, Any]) -> Stored:
        """Keep a small document."""
        return self.put(name, [json.dumps(told, default=str).encode()])

    def get_json(self, name: str) -> dict[str, Any]:
        """Return a small document."""
        told: dict[str, Any] = json.loads(b"".join(self.get(name)))
        return told

    def backups(self) -> Catalog:
        """Return every backup."""
        return catalog(self.repository, self.ring)


def open_kept(settings: Settings, url: str | None = None) -> Kept:
    """Return the repository of ``settings`` with its ring.

    Raises: ``BackupKeyMissing``; what opening it raises.
    """
    repository = open_repository(url, chosen=settings)
    return Kept(repository, key_ring(repository, settings))


def _digested(chunks: Iterable[bytes], digest: "hashlib._Hash") -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
