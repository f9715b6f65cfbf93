"""Where backups are kept: files by name, in a folder or with a provider, each there whole or not at all."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from rollbook.core.settings import Settings, settings
from rollbook.ops.backup.errors import CloudLibraryMissing, FileNameInvalid, RepositoryUrlInvalid

FOLDER: Final = "backups"
CHUNK_BYTES: Final = 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_CLOUDS: Final = frozenset({"s3", "s3a", "gs", "az", "azure", "abfs", "abfss", "adl"})


@dataclass(frozen=True, slots=True)
class Stored:
    """A file as it was put. ``sha256`` of its bytes, as they are in the repository; hexadecimal."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A file as the repository lists it."""

    name: str
    bytes: int
    modified_at: datetime


class Repository(Protocol):
    """Files by name. Every verb may raise ``RepositoryUnreachable`` and ``RepositoryRefused``."""

    @property
    def where(self) -> str:
        """Say which repository it is, without credentials."""

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Keep ``chunks`` under ``name``, in place of what was there; durable when it returns.

        What ``chunks`` raises goes on, and nothing is kept then: a reader never sees a part.
        Raises: ``RepositoryFull``; ``FileNameInvalid``.
        """

    def get(self, name: str) -> Iterator[bytes]:
        """Yield what is kept under ``name``.

        Raises: ``StoredFileMissing``.
        """

    def entries(self, folder: str = "") -> Iterator[Entry]:
        """Yield the files below ``folder`` ("wal/18"; "" = all), in the order of their names."""

    def names(self, folder: str = "") -> list[str]:
        """Return the names below ``folder``, in order."""

    def exists(self, name: str) -> bool:
        """Say whether something is kept under ``name``."""

    def delete(self, name: str) -> None:
        """Remove what is kept under ``name``; nothing happens where nothing is."""

    def tidy(self, before: datetime) -> int:
        """Remove what writers that were killed left half-written before then; return how many files."""


def open_repository(url: str | None = None, *, chosen: Settings | None = None) -> Repository:
    """Return the repository at ``url``, or else the one of the settings; nothing is made or asked yet.

    Raises: ``RepositoryUrlInvalid``; ``CloudLibraryMissing``.
    """
    said = chosen or settings()
    told = url or said.backup_url or str(said.home / FOLDER)
    parts = urlsplit(told)
    if parts.scheme in _CLOUDS:
        return _cloud(told)
    if parts.scheme not in {"", "file"} or parts.netloc:
        raise RepositoryUrlInvalid(reason=f"'{parts.scheme}://' is unknown" if parts.scheme else "no scheme")
    from rollbook.ops.backup.folder import Folder  # noqa: PLC0415 -- it imports this module

    path = unquote(parts.path) if parts.scheme else told
    return Folder(Path(path).expanduser().absolute())


def _cloud(url: str) -> Repository:
    try:
        from rollbook.ops.backup.cloud import open_cloud  # noqa: PLC0415 -- loads the extra's library
    except ImportError:
        raise CloudLibraryMissing(scheme=urlsplit(url).scheme) from None
    return open_cloud(url)


def checked_name(name: str) -> str:
    """Return ``name`` if it can name a file in every kind of repository.

    Raises: ``FileNameInvalid``.
    """
    if not is_name(name):
        raise FileNameInvalid(name=name)
    return name


def is_name(name: str) -> bool:
    """Say whether ``name`` can be a file's or a folder's of ours: what else lies there is not."""
    return bool(_NAME.fullmatch(name))


class Measure:
    """Counts and digests chunks on their way."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        """Take ``chunks``, not yet read."""
        self._chunks = chunks
        self._digest = hashlib.sha256()
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield them on."""
        for chunk in self._chunks:
            self._digest.update(chunk)
            self.bytes += len(chunk)
            yield chunk

    def stored(self, name: str) -> Stored:
        """Return what passed, as the file ``name``."""
        return Stored(name, self.bytes, self._digest.hexdigest())
