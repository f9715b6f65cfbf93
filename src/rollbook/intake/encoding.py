"""Bytes that should be UTF-8 with newlines, and are not: told apart by their beginning, turned while read."""

import codecs
from dataclasses import dataclass, field
from typing import Final

from rollbook.intake.errors import EncodingUnknown, LineEndsUnknown
from rollbook.intake.liberties import Liberties
from rollbook.intake.records import BLOCK_BYTES, Source

_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(slots=True)
class _Begun:
    """A source of which the beginning was looked at already."""

    source: Source
    beginning: bytes

    def read(self, size: int, /) -> bytes:
        if self.beginning:
            chunk, self.beginning = self.beginning[:size], self.beginning[size:]
            return chunk
        return self.source.read(size)


@dataclass(slots=True)
class _FromUtf16:
    """UTF-16 to UTF-8; what is neither becomes a replacement character, so that its row can be found."""

    source: Source
    decoder: codecs.IncrementalDecoder

    def read(self, size: int, /) -> bytes:
        while chunk := self.source.read(size):
            text = self.decoder.decode(chunk)
            if text:
                return text.encode(errors="replace")
        return self.decoder.decode(b"", final=True).encode(errors="replace")


@dataclass(slots=True)
class _FromCarriageReturns:
    """Line ends of old Macs to newlines."""

    source: Source

    def read(self, size: int, /) -> bytes:
        return self.source.read(size).replace(b"\r", b"\n")


@dataclass(slots=True)
class Readable:
    """Makes sources readable as UTF-8 with newlines, if ``is_lenient``; else says why they are not."""

    file: str
    liberties: Liberties = field(default_factory=Liberties)
    is_lenient: bool = False

    def of(self, source: Source) -> Source:
        """Return ``source`` as UTF-8 with newlines; a UTF-8 byte-order mark stays, and is told.

        Raises: ``EncodingUnknown``; ``LineEndsUnknown``.
        """
        beginning = source.read(BLOCK_BYTES)
        begun: Source = _Begun(source, beginning)
        if beginning.startswith(codecs.BOM_UTF8):
            self.liberties.take(self.file, "begins with a byte-order mark")
        if encoding := _UTF16.get(beginning[:2]):
            begun = self._from_utf16(begun, encoding)
            beginning = begun.read(BLOCK_BYTES)
            begun = _Begun(begun, beginning)
        if b"\r" in beginning and b"\n" not in beginning:
            begun = self._from_carriage_returns(begun, beginning)
        return begun

    def _from_utf16(self, source: Source, encoding: str) -> Source:
        if not self.is_lenient:
            raise EncodingUnknown(file=self.file, encoding=encoding.upper())
        self.liberties.take(self.file, f"is in {encoding.upper()} instead of UTF-8")
        source.read(len(codecs.BOM_UTF16_LE))
        return _FromUtf16(source, codecs.getincrementaldecoder(encoding)(errors="replace"))

    def _from_carriage_returns(self, source: Source, beginning: bytes) -> Source:
        """A lone header that ends in CR LF was cut between the two only if all of it is one line."""
        if beginning.count(b"\r") == 1 and beginning.endswith(b"\r"):
            return source
        if not self.is_lenient:
            raise LineEndsUnknown(file=self.file)
        self.liberties.take(self.file, "ends its lines with a carriage return alone")
        return _FromCarriageReturns(source)
