"""The files of a folder, or one file, as members of a drop."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rollbook.intake.errors import ArchiveRefused, FileUnreadable
from rollbook.intake.files import open_source
from rollbook.intake.liberties import Liberties
from rollbook.intake.members import SMALL_BYTES, Limits, Member, Told
from rollbook.intake.records import Source


def folder_members(
    folder: Path, liberties: Liberties, limits: Limits, *, is_lenient: bool
) -> Sequence[Member]:
    """Return the files in ``folder``; with leniency those of its only subfolder, if it has no others.

    Raises: ``ArchiveRefused`` for links, too many files or too large ones; ``FileUnreadable``.
    """
    paths = _entries(folder, liberties, is_lenient=is_lenient)
    if is_lenient and len(paths) == 1 and paths[0].is_dir():
        liberties.take(folder.name, f"its files are in the folder {paths[0].name}")
        paths = _entries(paths[0], liberties, is_lenient=is_lenient)
    for path in paths:
        if path.is_symlink() or not path.is_file():
            raise ArchiveRefused(file=folder.name, why=f"{path.name} is no plain file")
    if len(paths) > limits.most_members:
        raise ArchiveRefused(file=folder.name, why=f"it has more than {limits.most_members} files")
    return [single_member(path, limits) for path in paths]


def single_member(path: Path, limits: Limits, name: str | None = None) -> Member:
    """Return the file at ``path``, or the one in it if it is a gzip.

    Raises: ``ArchiveRefused`` if it is too large.
    """
    size = path.stat().st_size
    if size > limits.most_bytes:
        raise too_large(path.name, limits)
    called = name or path.name.removesuffix(".gz")
    return Member(called, size, lambda on_bytes: _open(path, on_bytes, limits))


def too_large(name: str, limits: Limits) -> ArchiveRefused:
    """Name the limit."""
    return ArchiveRefused(file=name, why=f"unpacked it is larger than {limits.most_bytes:,} bytes")


def _entries(folder: Path, liberties: Liberties, *, is_lenient: bool) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise FileUnreadable(file=folder.name, why=error.strerror) from error
    if not is_lenient:
        return paths
    hidden = [path for path in paths if is_hidden(path.name)]
    for path in hidden:
        liberties.take(path.name, "is a hidden file and was left out")
    return [path for path in paths if path not in hidden]


def is_hidden(name: str) -> bool:
    """Say whether an operating system puts such a file beside what one meant to send."""
    return name.startswith(".") or name in {"__MACOSX", "Thumbs.db", "desktop.ini"}


def _open(path: Path, on_bytes: Told, limits: Limits) -> AbstractContextManager[Source]:
    """Open a file; what is packed may be a bomb, which is told by how much comes out of how little."""
    most = limits.most_bytes
    if path.suffix == ".gz":
        most = min(most, max(SMALL_BYTES, path.stat().st_size * limits.most_ratio))
    return bounded(open_source(path, on_bytes), path.name, replace(limits, most_bytes=most))


@dataclass(slots=True)
class _Bounded:
    """A source that refuses to give more than ``limits`` allow, whatever it said of itself."""

    source: Source
    name: str
    limits: Limits
    given: int = 0

    def read(self, size: int, /) -> bytes:
        chunk = self.source.read(size)
        self.given += len(chunk)
        if self.given > self.limits.most_bytes:
            raise too_large(self.name, self.limits)
        return chunk


@contextmanager
def bounded(opened: AbstractContextManager[Source], name: str, limits: Limits) -> Iterator[Source]:
    """Count what is read of ``opened``."""
    with opened as source:
        yield _Bounded(source, name, limits)
