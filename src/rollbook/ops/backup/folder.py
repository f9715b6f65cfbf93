"""A repository in a folder: of this machine, or of another that is mounted."""

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rollbook.ops.backup.errors import (
    RepositoryFull,
    RepositoryRefused,
    RepositoryUnreachable,
    StoredFileMissing,
)
from rollbook.ops.backup.repository import CHUNK_BYTES, Entry, Measure, Stored, checked_name, is_name
from rollbook.ops.home import sync_folder

_PART: Final = ".part-"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST})


@dataclass(frozen=True, slots=True)
class Folder:
    """Files below ``path``, mode 0600, each written beside its name and then renamed."""

    path: Path

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.path)

    def put(self, name: str, chunks: Iterable[bytes]) -> Stored:
        """Write it, have the disk keep it, then give it its name."""
        target = self.path / checked_name(name)
        with self._told():
            handle, part = _new_part(target.parent)
        try:
            stored = self._write(handle, name, chunks)
            with self._told():
                Path(part).replace(target)
                sync_folder(target.parent)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
        return stored

    def _write(self, handle: int, name: str, chunks: Iterable[bytes]) -> Stored:
        """Write ``chunks``; errors of theirs are not taken for the folder's."""
        measured = Measure(chunks)
        with open(handle, "wb", buffering=0) as file:
            for chunk in measured:
                with self._told():
                    _write_all(file.fileno(), chunk)
            with self._told():
                os.fsync(file.fileno())
        return measured.stored(name)

    def get(self, name: str) -> Iterator[bytes]:
        """Read it in chunks."""
        path = self.path / checked_name(name)
        with self._told(name):
            file = path.open("rb")
        with file:
            while True:
                with self._told(name):
                    chunk = file.read(CHUNK_BYTES)
                if not chunk:
                    return
                yield chunk

    def entries(self, folder: str = "") -> Iterator[Entry]:
        """Walk the folder; files that are being written have no name yet."""
        below = self.path / checked_name(folder) if folder else self.path
        with self._told():
            found = [path for path in _files(below) if is_name(path.name)]
        for path in sorted(found, key=lambda path: path.relative_to(self.path).as_posix()):
            with suppress(FileNotFoundError):  # somebody pruned it just now
                seen = path.stat()
                at = datetime.fromtimestamp(seen.st_mtime, UTC)
                yield Entry(path.relative_to(self.path).as_posix(), seen.st_size, at)

    def names(self, folder: str = "") -> list[str]:
        """List them."""
        return [entry.name for entry in self.entries(folder)]

    def exists(self, name: str) -> bool:
        """Look for it."""
        with self._told():
            return (self.path / checked_name(name)).is_file()

    def delete(self, name: str) -> None:
        """Remove it, and folders that are empty then."""
        path = self.path / checked_name(name)
        with self._told():
            path.unlink(missing_ok=True)
            with suppress(OSError):
                for parent in path.parents:
                    if parent == self.path:
                        break
                    parent.rmdir()

    def tidy(self, before: datetime) -> int:
        """Remove parts of writers that were killed."""
        gone = 0
        with self._told():
            for part in _files(self.path):
                if not part.name.startswith(_PART):
                    continue
                with suppress(FileNotFoundError):
                    if part.stat().st_mtime < before.timestamp():
                        part.unlink()
                        gone += 1
        return gone

    @contextmanager
    def _told(self, name: str = "") -> Iterator[None]:
        """Turn the operating system's errors into ours."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise RepositoryFull(where=self.where) from error
            if isinstance(error, FileNotFoundError) and name:
                raise StoredFileMissing(name=name, where=self.where) from error
            if error.errno in _REFUSED:
                raise RepositoryRefused(where=self.where, reason=error.strerror) from error
            raise RepositoryUnreachable(where=self.where, reason=error.strerror) from error


def _files(below: Path) -> Iterator[Path]:
    """Yield the files below a folder, also unfinished ones. What cannot be read is not taken for empty."""

    def failed(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):  # not there, or somebody pruned it just now
            raise error

    for folder, inside, names in os.walk(below, onerror=failed):
        inside[:] = filter(is_name, inside)  # not a disk's lost+found, which nobody may read
        yield from (Path(folder, name) for name in names)


def _make_folders(folder: Path) -> None:
    """Make ``folder`` and those above it, closed to others, and have the disk keep their names."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        sync_folder(folder.parent)


def _new_part(folder: Path) -> tuple[int, str]:
    """Begin a file; again, if a prune removed the empty folder under it."""
    while True:
        _make_folders(folder)
        with suppress(FileNotFoundError):
            return tempfile.mkstemp(dir=folder, prefix=_PART)


def _write_all(handle: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(handle, view) :]
