"""Tar streams as pg_basebackup writes them: looked into as they pass, and unpacked without trust."""

import os
import tarfile
from collections.abc import Callable, Iterable, Iterator
from io import RawIOBase
from pathlib import Path, PurePosixPath
from typing import Final

from rollbook.ops.recovery.errors import BackupUnsafe

_BLOCK: Final = tarfile.BLOCKSIZE
CHUNK_BYTES: Final = 1024 * 1024


class Watched:
    """A tar stream that passes unchanged, while the content of one of its files is kept.

    Shape:  after it passed, ``content`` is that file's bytes, None if it was not there whole.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._head = b""
        self._left = 0
        self._kept: bytearray | None = None
        self._padding = 0
        self.content: bytes | None = None

    def through(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``chunks``."""
        for chunk in chunks:
            self._see(memoryview(chunk))
            yield chunk

    def _see(self, rest: memoryview) -> None:
        while rest:
            rest = self._see_content(rest) if self._left or self._padding else self._see_head(rest)

    def _see_content(self, rest: memoryview) -> memoryview:
        taken = min(self._left, len(rest))
        if self._kept is not None:
            self._kept += rest[:taken]
        self._left -= taken
        if not self._left and self._kept is not None:
            self.content, self._kept = bytes(self._kept), None
        skipped = 0 if self._left else min(self._padding, len(rest) - taken)
        self._padding -= skipped
        return rest[taken + skipped :]

    def _see_head(self, rest: memoryview) -> memoryview:
        missing = _BLOCK - len(self._head)
        self._head += rest[:missing]
        if len(self._head) == _BLOCK:
            self._begin_file(self._head)
            self._head = b""
        return rest[missing:]

    def _begin_file(self, head: bytes) -> None:
        if not any(head):
            return
        member = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
        self._left = member.size
        self._padding = -member.size % _BLOCK
        if member.name == self._name:
            self._kept = bytearray()


class _Stream(RawIOBase):
    """Chunks as a file to read from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks, self._rest = iter(chunks), memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts: list[memoryview] = []
        while size and (self._rest or self._next()):
            part = self._rest[:size] if size > 0 else self._rest
            self._rest = self._rest[len(part) :]
            size -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _next(self) -> bool:
        self._rest = memoryview(next(self._chunks, b""))
        return bool(self._rest)

    def drain(self) -> None:
        """Read what comes after the tar's end: whether a stream is whole is known at its end."""
        for _ in self._chunks:
            pass


def unpack(chunks: Iterable[bytes], folder: Path, own: Callable[[Path, int], None]) -> int:
    """Write the files of a tar stream into ``folder``, each made its owner's by ``own``; return their bytes.

    Raises: ``BackupUnsafe`` for whatever is neither a file nor a folder below it.
    """
    stream, written = _Stream(chunks), 0
    with tarfile.open(fileobj=stream, mode="r|", bufsize=CHUNK_BYTES) as archive:
        for member in archive:
            path = _place(folder, member)
            if member.isdir():
                path.mkdir(exist_ok=True)
            else:
                written += _write(archive, member, path)
            own(path, 0o700 if member.isdir() else 0o600)
    stream.drain()
    return written


def _place(folder: Path, member: tarfile.TarInfo) -> Path:
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or not (member.isreg() or member.isdir()):
        raise BackupUnsafe(name=member.name)
    return folder / name


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> int:
    content = archive.extractfile(member)
    assert content is not None
    path.parent.mkdir(parents=True, exist_ok=True)
    with content, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while piece := content.read(CHUNK_BYTES):
            file.write(piece)
    return member.size
