"""Bytes into numbered records. Memory is bounded by the block and the longest record allowed.

The grammar is that of COPY's CSV: a quotation mark opens or closes quoting wherever it stands. A record's
number is that of its first line. Blank lines are skipped.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import methodcaller
from typing import Final, Protocol

from rollbook.intake.errors import LineTooLong, QuoteNotClosed
from rollbook.intake.rejects import SHOWN, Reject, Spool

BLOCK_BYTES: Final = 1 << 18
RECORD_BYTES: Final = 1 << 20

_count_commas = methodcaller("count", b",")
_number_line = b"%d,%b\n".__mod__


class Source(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records; the first begins on line ``first_line``. Line ends are newlines, the last included."""

    first_line: int
    text: bytes


def blocks(source: Source, file: str) -> Iterator[Block]:
    """Cut ``source`` into blocks of whole records.

    Raises: ``LineTooLong``; ``QuoteNotClosed``.
    """
    line, rest = 1, b""
    while chunk := source.read(BLOCK_BYTES):
        text = rest + chunk
        cut = _records_end(text)
        if cut:
            yield Block(line, text[:cut].replace(b"\r\n", b"\n"))
            line += text.count(b"\n", 0, cut)
        rest = text[cut:]
        if len(rest) > RECORD_BYTES:
            raise _endless(rest, file, line)
    if rest.count(b'"') % 2:
        raise QuoteNotClosed(file=file, line=line)
    if rest:
        yield Block(line, rest.removesuffix(b"\r") + b"\n")


def _records_end(text: bytes) -> int:
    """Return where the last record that is whole ends: after a newline outside quotation marks."""
    end = text.rfind(b"\n") + 1
    if text.count(b'"', 0, end) % 2 == 0:
        return end
    whole = position = quotes = 0
    for line in text[:end].split(b"\n")[:-1]:
        position += len(line) + 1
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            whole = position
    return whole


def _endless(rest: bytes, file: str, line: int) -> Exception:
    """Say why a record did not end. With a newline in it, it was a quotation mark that held it open."""
    if b"\n" in rest:
        return QuoteNotClosed(file=file, line=line)
    return LineTooLong(file=file, line=line, limit_bytes=RECORD_BYTES)


@dataclass(slots=True)
class Numbered:
    """Numbers the records of ``file`` that have a value for each of ``columns``; rejects the others.

    A record that is not UTF-8 is read as Windows' code page 1252 if ``reads_cp1252``, and counted; so is one
    with commas too many at its end if ``trims_tails``, without them.
    """

    file: str
    columns: Sequence[str]
    spool: Spool | None = None
    reads_cp1252: bool = False
    trims_tails: bool = False
    recoded: int = 0
    trimmed: int = 0
    rows: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)

    def rows_of(self, block: Block) -> bytes:
        """Return the block's good records as CSV with the line number in front."""
        numbered = self._alike(block)
        if numbered is None:
            numbered = list(self._one_by_one(block))
        self.rows += len(numbered)
        return b"".join(numbered)

    def _alike(self, block: Block) -> list[bytes] | None:
        """Number the lines if they are all of the usual form: all bare, or every value quoted."""
        text = self._bare(block.text)
        if text is None:
            return None
        lines = text[:-1].split(b"\n")
        if set(map(_count_commas, lines)) != {len(self.columns) - 1}:
            return None
        return list(map(_number_line, enumerate(lines, block.first_line)))

    def _bare(self, text: bytes) -> bytes | None:
        """Return ``text`` without quotation marks if that changes nothing, else None.

        Every value is quoted, and none holds a comma, if all commas and newlines stand between quotation
        marks that close and open, and no other quotation marks are there.
        """
        if b"\0" in text or b"\r" in text or not text.isascii():
            return None
        quotes = text.count(b'"')
        if quotes == 0:
            return text
        lines, commas = text.count(b"\n"), text.count(b",")
        is_quoted_throughout = (
            text.startswith(b'"')
            and text.endswith(b'"\n')
            and text.count(b'","') == commas
            and text.count(b'"\n"') == lines - 1
            and quotes == 2 * (commas + lines)
        )
        return text.replace(b'"', b"") if is_quoted_throughout else None

    def _one_by_one(self, block: Block) -> Iterator[bytes]:
        for line, original in _records(block):
            whole = self._as_utf8(original)
            record = self._without_tail(whole)
            fault = self._fault(record)
            if fault is None:
                self.recoded += whole is not original
                self.trimmed += record is not whole
                yield _number_line((line, record))
            else:
                self._reject(line, *fault, record)

    def _as_utf8(self, record: bytes) -> bytes:
        """Return ``record``, or what it is if it was written on Windows and not told so."""
        if not self.reads_cp1252 or _not_utf8(record) < 0:
            return record
        try:
            return record.decode("cp1252").encode()
        except UnicodeDecodeError:
            return record

    def _without_tail(self, record: bytes) -> bytes:
        """Return ``record`` without the empty values that it has at its end beyond the last column."""
        if not (self.trims_tails and record.endswith(b",")):
            return record
        surplus = 1 + sum(map(_count_commas, _outside_quotes(record))) - len(self.columns)
        is_empty = surplus > 0 and record.endswith(b"," * surplus)
        return record[:-surplus] if is_empty else record

    def _fault(self, record: bytes) -> tuple[str | None, str] | None:
        """Return the column and what is wrong with it, or None."""
        for at, what in ((record.find(b"\0"), "holds a NUL byte"), (_not_utf8(record), "is not UTF-8")):
            if at >= 0:
                return self._column_at(record, at), what
        width = 1 + sum(map(_count_commas, _outside_quotes(record)))
        if width != len(self.columns):
            return None, f"has {width} values instead of {len(self.columns)}"
        if any(b"\r" in part for part in _outside_quotes(record)):
            return None, "holds a carriage return"
        return None

    def _column_at(self, record: bytes, position: int) -> str | None:
        index = sum(map(_count_commas, _outside_quotes(record[:position])))
        return self.columns[index] if index < len(self.columns) else None

    def _reject(self, line: int, column: str | None, reason: str, record: bytes) -> None:
        self.rejected += 1
        reject = Reject(self.file, line, column, reason)
        if len(self.rejects) < SHOWN:
            self.rejects.append(reject)
        if self.spool:
            self.spool.keep(reject, record)


def _records(block: Block) -> Iterator[tuple[int, bytes]]:
    """Yield each record with its line number; a record goes on while a quotation mark is open."""
    parts: list[bytes] = []
    quotes = 0
    for number, line in enumerate(block.text[:-1].split(b"\n"), block.first_line):
        parts.append(line)
        quotes += line.count(b'"')
        if quotes % 2 == 0:
            record = b"\n".join(parts)
            if record:
                yield number - len(parts) + 1, record
            parts = []


def _outside_quotes(record: bytes) -> Iterable[bytes]:
    return record.split(b'"')[::2]


def _not_utf8(record: bytes) -> int:
    """Return where ``record`` stops being UTF-8, or -1."""
    try:
        record.decode()
    except UnicodeDecodeError as error:
        return error.start
    return -1
