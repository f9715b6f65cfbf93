"""A drop as it comes: a zip, a folder or a single file, opened without trusting it.

Nothing is unpacked to disk: members are read as streams. What a zip says of itself (names, sizes, how many)
is looked at before a byte of it is unpacked.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rollbook.intake.errors import (
    ArchiveMissing,
    ArchiveRefused,
    FileChanged,
    FileMissing,
    FileRepeated,
    FileUnreadable,
)
from rollbook.intake.folders import folder_members, single_member
from rollbook.intake.liberties import Liberties
from rollbook.intake.members import Limits, Member
from rollbook.intake.zips import is_zip, zip_members


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of a drop by name."""

    path: Path
    members: Mapping[str, Member]
    liberties: Liberties = field(default_factory=Liberties)
    is_lenient: bool = False
    seen: Mapping[Path, tuple[int, ...]] = field(default_factory=dict)
    """What each file looked like from outside when the archive was opened."""

    @property
    def names(self) -> Sequence[str]:
        """The files' names, in the order they stand."""
        return list(self.members)

    def find(self, name: str) -> Member | None:
        """Return the file called ``name``, or, with leniency, one in another case, or None."""
        exact = self.members.get(name)
        if exact or not self.is_lenient:
            return exact
        other = next((there for there in self.members if there.casefold() == name.casefold()), None)
        if other is None:
            return None
        self.liberties.take(other, f"is called {name}")
        return self.members[other]

    def need(self, name: str) -> Member:
        """Return the file called ``name``.

        Raises: ``FileMissing``.
        """
        member = self.find(name)
        if member is None:
            raise FileMissing(directory=self.path, file=name)
        return member

    def check_unchanged(self) -> None:
        """See that nobody wrote to the files since the archive was opened.

        Raises: ``FileChanged``.
        """
        for path, state in self.seen.items():
            if _state(path) != state:
                raise FileChanged(file=path.name)

    def digest(self) -> str:
        """Return the SHA-256 of the file as it came; of a folder, that of its files' names and SHA-256."""
        if self.path.is_file():
            return _digest(self.path)
        files = sorted(path for path in self.path.rglob("*") if path.is_file())
        return digest_of((path.relative_to(self.path).as_posix(), _digest(path)) for path in files)


@contextmanager
def open_archive(
    path: Path,
    liberties: Liberties,
    *,
    is_lenient: bool = False,
    limits: Limits | None = None,
    name: str | None = None,
) -> Iterator[Archive]:
    """Open the zip, folder or single file (called ``name``) at ``path``; a gzip counts as the file in it.

    With leniency a folder level and the system's hidden files are looked past, and told to ``liberties``.
    Raises: ``ArchiveMissing``; ``ArchiveRefused``; ``FileRepeated``; ``FileUnreadable``.
    """
    limits = limits or Limits()
    _check_there(path)
    seen = _states(path)
    if path.is_dir():
        members = folder_members(path, liberties, limits, is_lenient=is_lenient)
        yield Archive(path, named_once(members), liberties, is_lenient, seen)
    elif not path.is_file():
        raise ArchiveRefused(file=path.name, why="it is no plain file")
    elif is_zip(path):
        with zip_members(path, liberties, limits, is_lenient=is_lenient) as found:
            yield Archive(path, named_once(found), liberties, is_lenient, seen)
    else:
        yield Archive(path, named_once([single_member(path, limits, name)]), liberties, is_lenient, seen)


def _check_there(path: Path) -> None:
    try:
        is_there = path.exists()
    except OSError as error:
        raise FileUnreadable(file=path.name, why=error.strerror) from error
    if not is_there:
        raise ArchiveMissing(path=path)


def digest_of(files: Iterable[tuple[str, str]]) -> str:
    """Return the SHA-256 of several files: that of their names and SHA-256, as sha256sum lists them."""
    return hashlib.sha256("".join(f"{sha256}  {name}\n" for name, sha256 in files).encode()).hexdigest()


def named_once(members: Sequence[Member]) -> Mapping[str, Member]:
    """Return the members by name.

    Raises: ``FileRepeated`` if two have one name, in whatever case: which of them is meant, nobody can say.
    """
    seen: dict[str, str] = {}
    for member in members:
        if member.name.casefold() in seen:
            raise FileRepeated(file=member.name)
        seen[member.name.casefold()] = member.name
    return {member.name: member for member in members}


def _states(path: Path) -> Mapping[Path, tuple[int, ...]]:
    files = [path, *(one for one in path.rglob("*") if one.is_file())] if path.is_dir() else [path]
    return {one: _state(one) for one in files}


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnreadable(file=path.name, why=error.strerror) from error
