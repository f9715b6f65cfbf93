"""A file in any encoding and with any delimiter, read as UTF-8 with commas."""

import codecs
import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Final

from rollbook.exchange.csv_files.errors import DelimiterUnknown, EncodingLies, EncodingUnheardOf
from rollbook.intake.members import Member, Told
from rollbook.intake.records import BLOCK_BYTES, Block, Source, blocks

ENCODINGS: Final = ("utf-8", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be")
_TABS: Final = ("tab", "\\t", "\t")
_COMMA: Final = ","


def parse_encoding(name: str) -> str:
    """Return what Python calls the encoding.

    Raises: ``EncodingUnheardOf``.
    """
    try:
        known = codecs.lookup(name).name
    except LookupError:
        known = name
    usual = {codecs.lookup(one).name: one for one in ENCODINGS}
    if known not in usual:
        raise EncodingUnheardOf(encoding=name, encodings=", ".join(ENCODINGS))
    return usual[known]


def parse_delimiter(text: str) -> str:
    """Return the one character that separates columns.

    Raises: ``DelimiterUnknown``.
    """
    delimiter = "\t" if text in _TABS else text
    if len(delimiter) != 1 or delimiter.isalnum() or delimiter in '"\r\n\0' or not delimiter.isascii():
        raise DelimiterUnknown(delimiter=text)
    return delimiter


def as_usual(member: Member, encoding: str, delimiter: str) -> Member:
    """Return ``member`` so that it is read as UTF-8 with commas.

    Raises: ``EncodingLies`` while reading.
    """
    if encoding == "utf-8" and delimiter == _COMMA:
        return member
    return replace(member, open=_opener(member, encoding, delimiter))


def _opener(
    member: Member, encoding: str, delimiter: str
) -> Callable[[Told], AbstractContextManager[Source]]:
    @contextmanager
    def reading(told: Told) -> Iterator[Source]:
        with member.open(told) as source:
            text: Source = source
            if encoding != "utf-8":
                text = Recoded(source, member.name, encoding)
            yield text if delimiter == _COMMA else Recut(text, member.name, delimiter)

    return reading


@dataclass(slots=True)
class Recoded:
    """``source``, which is in ``encoding``, as UTF-8. It is refused where it is not what it is said to be."""

    source: Source
    file: str
    encoding: str
    line: int = 1
    column: int = 1
    is_begun: bool = False
    could_be_utf8: bool = True
    has_special: bool = False
    decoder: codecs.IncrementalDecoder = field(init=False)
    utf8: codecs.IncrementalDecoder = field(default_factory=codecs.getincrementaldecoder("utf-8"))

    def __post_init__(self) -> None:
        """Make the decoder."""
        self.decoder = codecs.getincrementaldecoder(self.encoding)()

    def read(self, size: int, /) -> bytes:
        """Return some text as UTF-8, none at the end.

        Raises: ``EncodingLies``.
        """
        while chunk := self.source.read(size):
            self._look(chunk)
            text = self._decode(chunk, is_last=False)
            if text:
                return text.encode()
        rest = self._decode(b"", is_last=True)
        self._judge()
        return rest.encode()

    def _decode(self, chunk: bytes, *, is_last: bool) -> str:
        try:
            text = self.decoder.decode(chunk, is_last)
        except UnicodeError as error:
            good = error.object[: error.start] if isinstance(error, UnicodeDecodeError) else b""
            self._count(good.decode(self.encoding, errors="ignore"))
            raise self._lie("") from error
        if "\0" not in text or self.encoding == "latin-1":
            self._count(text)
            return text
        self._count(text[: text.index("\0")])
        raise self._lie(": it holds NUL bytes, as UTF-16 does")

    def _count(self, text: str) -> None:
        """Keep the place: lines, and characters in the line."""
        lines = text.count("\n")
        self.column = len(text) - text.rfind("\n") if lines else self.column + len(text)
        self.line += lines

    def _look(self, chunk: bytes) -> None:
        """See whether this might be UTF-8 after all."""
        if not self.is_begun and self.encoding.startswith("utf-16") and chunk.startswith(codecs.BOM_UTF8):
            raise self._lie(": it begins with the mark of UTF-8")
        self.is_begun = True
        self.has_special = self.has_special or not chunk.isascii()
        if self.could_be_utf8:
            try:
                self.utf8.decode(chunk)
            except UnicodeDecodeError:
                self.could_be_utf8 = False

    def _judge(self) -> None:
        """Text with special characters, all of which are UTF-8, is not of an encoding of single bytes."""
        is_of_bytes = not self.encoding.startswith("utf-16")
        if is_of_bytes and self.has_special and self.could_be_utf8:
            raise self._lie(", but UTF-8: leave --encoding out")

    def _lie(self, hint: str) -> EncodingLies:
        return EncodingLies(
            file=self.file, line=self.line, column=self.column, encoding=self.encoding, hint=hint
        )


@dataclass(slots=True)
class Recut:
    """``source``, whose columns ``delimiter`` separates, with commas; lines stay where they are."""

    source: Source
    file: str
    delimiter: str
    parts: Iterator[Block] = field(init=False)
    rest: bytes = b""

    def __post_init__(self) -> None:
        """Cut into whole records."""
        self.parts = blocks(self.source, self.file)

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end.

        Raises: ``LineTooLong``; ``QuoteNotClosed``.
        """
        if not self.rest:
            self.rest = b"".join(self._cut(part) for part in [next(self.parts, None)] if part)
        chunk, self.rest = self.rest[: max(size, BLOCK_BYTES)], self.rest[max(size, BLOCK_BYTES) :]
        return chunk

    def _cut(self, part: Block) -> bytes:
        """Exchange delimiters outside of quotation marks; value by value only where a comma stands bare."""
        pieces = part.text.split(b'"')
        if not any(b"," in piece for piece in pieces[::2]):
            pieces[::2] = [piece.replace(self.delimiter.encode(), b",") for piece in pieces[::2]]
            return b'"'.join(pieces)
        return b"".join(self._quoted(record) for record in _records(part.text))

    def _quoted(self, record: bytes) -> bytes:
        """Quote what holds a comma. Bytes that are not UTF-8 pass as they are, to be found later."""
        text = StringIO(record.decode(errors="surrogateescape"), newline="")
        written = StringIO(newline="")
        csv.writer(written, lineterminator="\n").writerow(
            next(csv.reader(text, delimiter=self.delimiter), [])
        )
        return written.getvalue().encode(errors="surrogateescape")


def _records(text: bytes) -> Iterator[bytes]:
    """Yield each record; it goes on while a quotation mark is open."""
    parts: list[bytes] = []
    for line in text[:-1].split(b"\n"):
        parts.append(line)
        if sum(part.count(b'"') for part in parts) % 2 == 0:
            yield b"\n".join(parts)
            parts = []
