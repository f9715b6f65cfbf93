"""The files of a zip as members of a drop: names, sizes and counts are looked at before they are unpacked."""

import stat
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from rollbook.intake.errors import ArchiveRefused, FileUnreadable
from rollbook.intake.folders import is_hidden, too_large
from rollbook.intake.liberties import Liberties
from rollbook.intake.members import SMALL_BYTES, Limits, Member, Told
from rollbook.intake.records import Source

_SIGNATURES: Final = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_END: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_LONGEST_COMMENT: Final = 1 << 16
_MOST_DIRECTORY_BYTES: Final = 4 << 20
_ENCRYPTED: Final = 0x1
_NESTED: Final = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz")


def is_zip(path: Path) -> bool:
    """Say whether the file begins as a zip does.

    Raises: ``FileUnreadable``.
    """
    try:
        with path.open("rb") as file:
            return file.read(4) in _SIGNATURES
    except OSError as error:
        raise FileUnreadable(file=path.name, why=error.strerror) from error


@contextmanager
def zip_members(
    path: Path, liberties: Liberties, limits: Limits, *, is_lenient: bool
) -> Iterator[Sequence[Member]]:
    """Open a zip and return its files, readable while the block runs.

    Raises: ``ArchiveRefused``; ``FileUnreadable``.
    """
    with ExitStack() as stack:
        with _unreadable(path.name):
            file = stack.enter_context(path.open("rb"))
            _check_directory(file, path.name, limits)
            opened = stack.enter_context(ZipFile(file))
        entries = _wanted(opened.infolist(), path.name, liberties, is_lenient=is_lenient)
        _check_sizes(entries, path.name, limits)
        names = _names(entries, path.name, liberties, is_lenient=is_lenient)
        yield [_member(opened, entry, name) for entry, name in zip(entries, names, strict=True)]


@contextmanager
def _unreadable(name: str) -> Iterator[None]:
    """Say in a sentence what the library says of a damaged zip, in whatever way; around its calls alone."""
    try:
        yield
    except (NotImplementedError, RuntimeError) as error:
        raise ArchiveRefused(file=name, why=str(error).rstrip(".")) from error
    except (BadZipFile, EOFError, OSError, ValueError, zlib.error, struct.error) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".") or "it ends too early"
        raise FileUnreadable(file=name, why=why) from error


def _check_directory(file: BinaryIO, name: str, limits: Limits) -> None:
    """Look at the size of the table of contents before it is read into memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END.size - _LONGEST_COMMENT))
    tail = file.read()
    at = tail.rfind(_END_SIGNATURE)
    if at < 0:
        raise BadZipFile("its table of contents is missing")
    _, _, _, _, entries, directory_bytes, _, _ = _END.unpack_from(tail, at)
    if entries > limits.most_members or directory_bytes > _MOST_DIRECTORY_BYTES:
        raise ArchiveRefused(file=name, why=f"it has more than {limits.most_members} entries")
    file.seek(0)


def _wanted(
    entries: Sequence[ZipInfo], archive: str, liberties: Liberties, *, is_lenient: bool
) -> list[ZipInfo]:
    """Refuse entries that no honest drop has; leave out folders and, with leniency, hidden files."""
    wanted = []
    for entry in entries:
        fault = _fault(entry)
        if fault:
            raise ArchiveRefused(file=archive, why=f"an entry {fault}")
        if is_lenient and any(map(is_hidden, PurePosixPath(entry.filename).parts)):
            liberties.take(archive, "has hidden files, which were left out")
        elif not entry.is_dir():
            wanted.append(entry)
    return wanted


def _fault(entry: ZipInfo) -> str | None:
    name, original = entry.filename, entry.orig_filename
    path = PurePosixPath(name)
    mode = entry.external_attr >> 16
    faults = {
        "leads out of the archive": path.is_absolute() or ".." in path.parts or name[1:2] == ":",
        "has a name that is no file name": not name.isprintable() or "\\" in original or "\0" in original,
        "is a link": stat.S_ISLNK(mode),
        "is no plain file": bool(stat.S_IFMT(mode)) and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)),
        "is encrypted": bool(entry.flag_bits & _ENCRYPTED),
        "is an archive itself": name.lower().endswith(_NESTED),
        "is packed in a way that is not read": entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED),
    }
    return next((fault for fault, is_so in faults.items() if is_so), None)


def _check_sizes(entries: Sequence[ZipInfo], archive: str, limits: Limits) -> None:
    if len(entries) > limits.most_members:
        raise ArchiveRefused(file=archive, why=f"it has more than {limits.most_members} entries")
    if sum(entry.file_size for entry in entries) > limits.most_bytes:
        raise too_large(archive, limits)
    for entry in entries:
        if entry.file_size > max(SMALL_BYTES, entry.compress_size * limits.most_ratio):
            why = f"an entry unpacks to more than {limits.most_ratio} times its size"
            raise ArchiveRefused(file=archive, why=why)


def _names(
    entries: Sequence[ZipInfo], archive: str, liberties: Liberties, *, is_lenient: bool
) -> Sequence[str]:
    """Return the entries' names without the one folder that they are all in, if there is one."""
    folders = {str(PurePosixPath(entry.filename).parent) for entry in entries} or {"."}
    if folders == {"."}:
        return [entry.filename for entry in entries]
    if not is_lenient or len(folders) > 1:
        raise ArchiveRefused(file=archive, why="its files are in a folder, and should stand at the top")
    liberties.take(archive, "its files are in a folder")
    return [PurePosixPath(entry.filename).name for entry in entries]


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """A member's content; damage is found while it is read."""

    source: IO[bytes]
    name: str
    on_bytes: Told

    def read(self, size: int, /) -> bytes:
        with _unreadable(self.name):
            chunk = self.source.read(size)
        self.on_bytes(len(chunk))
        return chunk


def _member(opened: ZipFile, entry: ZipInfo, name: str) -> Member:
    @contextmanager
    def reading(on_bytes: Told) -> Iterator[Source]:
        with ExitStack() as stack:
            with _unreadable(name):
                source = stack.enter_context(opened.open(entry))
            yield _Unpacked(source, name, on_bytes)

    return Member(name, entry.file_size, reading)
