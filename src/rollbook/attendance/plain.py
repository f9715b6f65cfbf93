"""A line of plain marks in COPY's binary form; a file has many lines and few different ones."""

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from rollbook.attendance.models import AttendanceStatus
from rollbook.intake.records import Block

STUDENT: Final = "student_number"
NEEDED: Final = (STUDENT, "date", "status")
KNOWN: Final = (*NEEDED, "period", "minutes_late", "reason")
COLUMNS: Final = ("student_id", "date", "period", "status", "minutes_late", "reason")
HEAD: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TAIL: Final = struct.pack("!h", -1)

_EPOCH: Final = date(2000, 1, 1).toordinal()
_DATE: Final = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WHOLE: Final = re.compile(rb"0|[1-9][0-9]{0,2}")
_MOST: Final = {"period": 20, "minutes_late": 600}
_MOST_REASON: Final = 200
_REMEMBERED: Final = 200_000
_NULL: Final = struct.pack("!i", -1)
_UUID: Final = struct.Struct("!hi")  # fields in the row, bytes in the first


class NotPlainError(Exception):
    """The file needs the long way."""


def plain_statuses(words: Mapping[str, Mapping[str, str]]) -> Mapping[bytes, bytes] | None:
    """Return our statuses by the file's words; None if words are given for something else as well."""
    ours = {status.value: status.value for status in AttendanceStatus}
    said = {**ours, **words.get("status", {})}
    if set(words) - {"status"} or set(said.values()) - set(ours):
        return None
    return {word.encode(): status.encode() for word, status in said.items()}


def begin_row(student_id: bytes) -> bytes:
    """Return how each row of this student begins."""
    return _UUID.pack(len(COLUMNS), len(student_id)) + student_id


class Rest(dict[bytes, bytes]):
    """What a line says beside the student, in binary; there are few different ones, so each is read once."""

    def __init__(
        self, names: Sequence[str], statuses: Mapping[bytes, bytes], since: date, until: date
    ) -> None:
        """Read cells called ``names``, with dates in [since, until]; ``statuses`` are ours by the file's."""
        super().__init__()
        self.names, self.statuses, self.since, self.until = names, statuses, since, until

    def __missing__(self, rest: bytes) -> bytes:
        """Read it.

        Raises: ``NotPlainError``.
        """
        if len(self) >= _REMEMBERED:
            self.clear()
        cells = rest.split(b",")
        if len(cells) != len(self.names):
            raise NotPlainError
        found = self[rest] = self._encoded(dict(zip(self.names, cells, strict=True)))
        return found

    def _encoded(self, cells: Mapping[str, bytes]) -> bytes:
        status, minutes = self.statuses.get(cells["status"]), _whole(cells, "minutes_late")
        if status is None or (minutes and status != b"tardy"):
            raise NotPlainError
        days = struct.pack("!ii", 4, self._day(cells["date"]) - _EPOCH)
        period = struct.pack("!ih", 2, _whole(cells, "period"))
        late = struct.pack("!ih", 2, minutes)
        return days + period + _text(status) + late + _reason(cells.get("reason", b""))

    def _day(self, cell: bytes) -> int:
        if not _DATE.fullmatch(cell):
            raise NotPlainError
        try:
            day = date.fromisoformat(cell.decode())
        except ValueError as error:
            raise NotPlainError from error
        if not self.since <= day <= self.until:
            raise NotPlainError
        return day.toordinal()


def _whole(cells: Mapping[str, bytes], name: str) -> int:
    """Return a whole number in its range; nothing means 0, as it does in the table."""
    cell = cells.get(name, b"") or b"0"
    if not _WHOLE.fullmatch(cell) or int(cell) > _MOST[name]:
        raise NotPlainError
    return int(cell)


def _reason(cell: bytes) -> bytes:
    try:
        words = cell.decode()
    except UnicodeDecodeError as error:
        raise NotPlainError from error
    if len(words) > _MOST_REASON or not words.isprintable():
        raise NotPlainError
    return _text(cell) if cell else _NULL


def _text(value: bytes) -> bytes:
    return struct.pack("!i", len(value)) + value


def rows_of(block: Block, place: int, students: Mapping[bytes, bytes], rest: Rest) -> bytes:
    """Return the block's rows in binary; the student stands at ``place`` of each line.

    Raises: ``NotPlainError``.
    """
    if b'"' in block.text:
        raise NotPlainError
    lines = block.text[:-1].split(b"\n")
    try:
        return b"".join(_first(lines, students, rest) if place == 0 else _at(place, lines, students, rest))
    except (KeyError, IndexError) as error:
        raise NotPlainError from error


def _first(lines: Sequence[bytes], students: Mapping[bytes, bytes], rest: Rest) -> Iterator[bytes]:
    for line in lines:
        number, _, others = line.partition(b",")
        yield students[number]
        yield rest[others]


def _at(place: int, lines: Sequence[bytes], students: Mapping[bytes, bytes], rest: Rest) -> Iterator[bytes]:
    for line in lines:
        cells = line.split(b",", place + 1)
        yield students[cells.pop(place)]
        yield rest[b",".join(cells)]
