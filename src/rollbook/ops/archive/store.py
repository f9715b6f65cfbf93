"""Where archives lie: a folder that only its account may enter, of files that only it may read."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollbook.core.settings import Settings, settings
from rollbook.ops.archive.errors import FileDamaged, FileMissing, FolderUnusable

SUFFIX: Final = ".parquet"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Store:
    """The folder. Names of files are relative to it."""

    folder: Path

    def path(self, file: str) -> Path:
        """Return where a file lies, or will."""
        return self.folder / file

    @contextmanager
    def writing(self, file: str) -> Iterator[Path]:
        """Let the block write a file, and have the disk keep it.

        Raises: ``FolderUnusable``.
        """
        path = self.path(file)
        try:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            for folder in (self.folder, path.parent):
                folder.mkdir(mode=0o700, exist_ok=True)
                _own_like(folder, self.folder.parent)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
            _own_like(path, self.folder.parent)
            yield path
            for written in (path, path.parent, self.folder):
                _sync(written)
        except OSError as error:
            raise FolderUnusable(
                folder=self.folder, reason=error.strerror or "it cannot be written"
            ) from error

    def write_text(self, file: str, text: str) -> None:
        """Write a small file."""
        with self.writing(file) as path:
            path.write_text(text, encoding="utf-8")

    def has(self, file: str, size_bytes: int) -> bool:
        """Say whether a file is there, of that size."""
        path = self.path(file)
        return path.is_file() and path.stat().st_size == size_bytes

    def check(self, file: str, sha256: str) -> Path:
        """Return the path of a file that is what was archived.

        Raises: ``FileMissing``; ``FileDamaged``.
        """
        if not self.path(file).is_file():
            raise FileMissing(file=file, folder=self.folder)
        if self.sha256(file) != sha256:
            raise FileDamaged(file=file)
        return self.path(file)

    def files(self) -> list[str]:
        """Return the names of all files there are, manifests aside."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob(f"*/*{SUFFIX}"))

    def is_whole(self, file: str, sha256: str) -> bool:
        """Say whether a file is there, and what was archived."""
        return self.path(file).is_file() and self.sha256(file) == sha256

    def sha256(self, file: str) -> str:
        """Return a file's SHA-256."""
        with self.path(file).open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()

    def remove(self, file: str) -> None:
        """Remove a file with its manifest, where they are there."""
        for name in (file, manifest_of(file)):
            self.path(name).unlink(missing_ok=True)


def manifest_of(file: str) -> str:
    """Return the name of a file's manifest."""
    return file.removesuffix(SUFFIX) + ".json"


def store_of(chosen: Settings | None = None) -> Store:
    """Return the store that the settings name: by default a folder below home."""
    said = chosen or settings()
    return Store((said.archive_folder or said.home / "archive").expanduser().absolute())


def _own_like(path: Path, folder: Path) -> None:
    """Let a folder's owner keep what root writes there."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
