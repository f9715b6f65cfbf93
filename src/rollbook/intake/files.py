"""Files as they come: plain or gzip, found in a directory, read in order, with their header."""

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rollbook.intake.errors import (
    ColumnMissing,
    ColumnRepeated,
    FileEmpty,
    FileMissing,
    FileUnreadable,
    HeaderUnreadable,
)
from rollbook.intake.records import Block, Source

_BOM: Final = b"\xef\xbb\xbf"
_MOST_COLUMNS: Final = 500


def find_file(directory: Path, name: str) -> Path | None:
    """Return the file ``name`` in ``directory``, or its gzip, or None.

    Raises: ``FileUnreadable`` if the directory may not be entered.
    """
    candidates = (directory / name, directory / f"{name}.gz")
    try:
        return next((path for path in candidates if path.is_file()), None)
    except OSError as error:
        raise FileUnreadable(file=directory / name, why=error.strerror) from error


def need_file(directory: Path, name: str) -> Path:
    """Return the file ``name`` in ``directory``, or its gzip.

    Raises: ``FileMissing``.
    """
    path = find_file(directory, name)
    if path is None:
        raise FileMissing(directory=directory, file=name)
    return path


@dataclass(slots=True)
class _Told:
    """A source that tells how many bytes of the file behind it were read so far."""

    source: Source
    position: Callable[[], int]
    on_bytes: Callable[[int], None]
    told: int = 0

    def read(self, size: int, /) -> bytes:
        chunk = self.source.read(size)
        now = self.position()
        self.on_bytes(now - self.told)
        self.told = now
        return chunk


@contextmanager
def open_source(path: Path, on_bytes: Callable[[int], None]) -> Iterator[Source]:
    """Open ``path`` for reading; ``on_bytes`` hears how many bytes of the file each read took.

    Raises: ``FileUnreadable``, also while reading.
    """
    try:
        with path.open("rb") as raw:
            is_packed = path.suffix == ".gz"
            source: Source = gzip.GzipFile(fileobj=raw) if is_packed else raw
            yield _Told(source, raw.tell, on_bytes)
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise FileUnreadable(file=path.name, why=why) from error


def take_header(first: Block | None, file: str) -> tuple[Sequence[str], Block]:
    """Return the column names and the block without them.

    Raises: ``FileEmpty``; ``HeaderUnreadable``.
    """
    if first is None:
        raise FileEmpty(file=file)
    header, _, rest = first.text.partition(b"\n")
    try:
        text = header.removeprefix(_BOM).decode()
        names = [name.strip() for name in next(csv.reader([text], strict=True), [])]
    except (UnicodeDecodeError, csv.Error) as error:
        raise HeaderUnreadable(file=file, why="are not CSV in UTF-8") from error
    if "\0" in text or len(names) > _MOST_COLUMNS:
        raise HeaderUnreadable(file=file, why=f"hold a NUL byte or are more than {_MOST_COLUMNS}")
    return names, Block(first.first_line + 1, rest)


def check_header(names: Sequence[str], wanted: Sequence[str], file: str) -> None:
    """See that ``names`` has each of ``wanted`` once.

    Raises: ``ColumnMissing``; ``ColumnRepeated``.
    """
    for name in wanted:
        if name not in names:
            raise ColumnMissing(file=file, column=name)
        if names.count(name) > 1:
            raise ColumnRepeated(file=file, column=name)
