"""Quotation marks where a CSV file may have none: COPY would read it, and mean something else by it."""

import re
from collections.abc import Iterator
from typing import Final

from rollbook.intake.members import Member
from rollbook.intake.rejects import Reject

_FIELD: Final = rb'(?:"(?:[^"]|"")*+"|[^",]*+)'
_RECORD: Final = re.compile(rb"%b(?:,%b)*+\r?\Z" % (_FIELD, _FIELD))
_UNESCAPED: Final = "has a quotation mark inside a value that is not quoted [csv.unescaped_quote]"
_CHUNK_BYTES: Final = 1 << 20
MOST: Final = 100


def stray_quotes(member: Member) -> list[Reject]:
    """Return where a quotation mark neither encloses a value nor is doubled; the first 100 places."""
    faults: list[Reject] = []
    columns: list[str] = []
    opened = b""  # a value that goes on
    for line, text in _lines_with_quotes(member, columns):
        record = opened + text
        column = _stray_column(record)
        opened = record if column is None and record.count(b'"') % 2 else b""
        if column is not None:
            name = columns[column] if column < len(columns) else None
            faults.append(Reject(member.name, line, name, _UNESCAPED))
        if len(faults) == MOST or len(opened) > _CHUNK_BYTES:
            break
    return faults


def _lines_with_quotes(member: Member, columns: list[str]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that hold a quotation mark, and their numbers; fill ``columns`` from the header."""
    line, rest = 1, b""
    with member.open(lambda _: None) as source:
        while chunk := source.read(_CHUNK_BYTES):
            whole, newline, rest = (rest + chunk).rpartition(b"\n")
            if newline:
                _take_columns(columns, whole)
                if b'"' in whole:
                    yield from _with_quotes(whole.split(b"\n"), line)
                line += whole.count(b"\n") + 1
    if b'"' in rest:
        yield line, rest


def _take_columns(columns: list[str], text: bytes) -> None:
    if not columns:
        header = text.partition(b"\n")[0].decode("utf-8-sig", errors="replace")
        columns.extend(name.strip().strip('"') for name in header.split(","))


def _with_quotes(lines: list[bytes], first: int) -> Iterator[tuple[int, bytes]]:
    return ((number, text) for number, text in enumerate(lines, first) if b'"' in text)


def _stray_column(text: bytes) -> int | None:
    """Return the number of the first column with a stray quotation mark; None if the line may be right.

    A line that ends within quotation marks may be right: its value goes on. That is looked at elsewhere.
    """
    if _RECORD.match(text):
        return None
    column, at = 0, 0
    field = re.compile(rb"%b(?=,|\r?\Z)" % _FIELD)
    while match := field.match(text, at):
        at, column = match.end() + 1, column + 1
        if at > len(text):
            return None
    is_open = text[at : at + 1] == b'"' and not re.search(rb'[^"]"[^",\r]', text[at + 1 :])
    return None if is_open else column
