"""Places in the write-ahead log: LSNs as whole numbers, and the segment files that hold them."""

import re
import struct
from dataclasses import dataclass
from typing import Final

from rollbook.ops.recovery.errors import SegmentForeign

NAME: Final = re.compile(r"[0-9A-F]{24}")
HISTORY_NAME: Final = re.compile(r"[0-9A-F]{8}\.history")
PARTIAL: Final = ".partial"
DEFAULT_SEGMENT_BYTES: Final = 16 * 1024 * 1024
_PER_ID_BYTES: Final = 1 << 32
# XLogLongPageHeaderData: magic, info, timeline, page's LSN, rest of a record, system, sizes
_HEADER: Final = struct.Struct("<HHIQI4xQII")
HEADER_BYTES: Final = _HEADER.size
_LONG: Final = 0x0002


def parse_lsn(text: str) -> int:
    """Return the number of an LSN such as "0/1A2B3C8".

    Raises: ``ValueError``.
    """
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) | int(low, 16)


def show_lsn(lsn: int) -> str:
    """Return an LSN as PostgreSQL writes it."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file of the log: its timeline, and its number from the log's beginning."""

    timeline: int
    number: int
    size: int = DEFAULT_SEGMENT_BYTES

    @property
    def name(self) -> str:
        """The file's name: 24 hexadecimal digits."""
        high, low = divmod(self.number, _PER_ID_BYTES // self.size)
        return f"{self.timeline:08X}{high:08X}{low:08X}"

    @property
    def begin(self) -> int:
        """The first LSN in it."""
        return self.number * self.size

    @property
    def end(self) -> int:
        """The first LSN after it."""
        return self.begin + self.size

    def check(self, head: bytes, system_id: int) -> None:
        """Refuse a file whose first page is not this segment's, of this database system.

        Raises: ``SegmentForeign``.
        """
        if len(head) < HEADER_BYTES:
            raise SegmentForeign(name=self.name)
        _, info, _, page, _, system, size, _ = _HEADER.unpack_from(head)
        # the first page of a segment that a new timeline begins in names the old one
        if not info & _LONG or (page, system, size) != (self.begin, system_id, self.size):
            raise SegmentForeign(name=self.name)


def parse_segment(name: str, segment_bytes: int = DEFAULT_SEGMENT_BYTES) -> Segment:
    """Return the segment that a file is called after, ``.partial`` or not."""
    high, low = int(name[8:16], 16), int(name[16:24], 16)
    return Segment(int(name[:8], 16), high * (_PER_ID_BYTES // segment_bytes) + low, segment_bytes)
