"""Bytes into numbered records: COPY's grammar of CSV, whatever the size of the pieces that are read."""

import csv
import io
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.intake import records
from rollbook.intake.errors import LineTooLong, QuoteNotClosed
from rollbook.intake.records import Numbered, blocks

COLUMNS = ("a", "b", "c")


def number(text: bytes) -> tuple[list[bytes], Numbered]:
    """Number all records of ``text``; return them without the last newline, and who did it."""
    numbered = Numbered("x.csv", COLUMNS)
    rows = b"".join(numbered.rows_of(block) for block in blocks(io.BytesIO(text), "x.csv"))
    return rows.split(b"\n")[:-1], numbered


def rejects(text: bytes) -> list[tuple[int, str | None, str]]:
    return [(reject.line, reject.column, reject.reason) for reject in number(text)[1].rejects]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"1,2,3\n4,5,6\n", [b"1,1,2,3", b"2,4,5,6"]),
        (b"1,2,3\n4,5,6", [b"1,1,2,3", b"2,4,5,6"]),
        (b"1,2,3\r\n4,5,6\r\n", [b"1,1,2,3", b"2,4,5,6"]),
        (b"1,2,3\r\n4,5,6\r", [b"1,1,2,3", b"2,4,5,6"]),
        (b'"1","2","3"\n"","5",""\n', [b"1,1,2,3", b"2,,5,"]),
        (b'1,"2,2",3\n', [b'1,1,"2,2",3']),
        (b'"1,1","2","3"\n', [b'1,"1,1","2","3"']),
        (b'1,"say ""hi""",3\n', [b'1,1,"say ""hi""",3']),
        (b'1,"2\n\n2",3\n4,5,6\n', [b'1,1,"2', b"", b'2",3', b"4,4,5,6"]),
        (b"1,2,3\n\n\n4,5,6\n", [b"1,1,2,3", b"4,4,5,6"]),
        (b"", []),
        ("1,Zoë,3\n".encode(), ["1,1,Zoë,3".encode()]),
    ],
)
def test_records_are_numbered_by_their_first_line(text: bytes, rows: list[bytes]) -> None:
    assert number(text)[0] == rows


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        (b"1,2,3\n4,5\n", 2, None, "has 2 values instead of 3"),
        (b"1,2,3\n4,5,6,7\n", 2, None, "has 4 values instead of 3"),
        (b'1,2,3\n4,"5,6"\n', 2, None, "has 2 values instead of 3"),
        (b'"1","2"\n"3","4","5","6"\n', 1, None, "has 2 values instead of 3"),
        (b"1,2,3\n4,\0,6\n", 2, "b", "holds a NUL byte"),
        (b'1,2,3\n"4,4",5,\0\n', 2, "c", "holds a NUL byte"),
        (b"1,2,3\n4,5,\xff\n", 2, "c", "is not UTF-8"),
        (b"1,2,3\n4,5\r,6\n", 2, None, "holds a carriage return"),
    ],
)
def test_a_record_that_does_not_fit_is_rejected(
    text: bytes, line: int, column: str | None, reason: str
) -> None:
    assert rejects(text)[0] == (line, column, reason)


def test_the_records_around_a_reject_are_kept() -> None:
    rows, numbered = number(b"1,2,3\n4,5\n6,7,8\n")

    assert (rows, numbered.rows, numbered.rejected) == ([b"1,1,2,3", b"3,6,7,8"], 2, 1)


def test_only_the_first_rejects_are_kept_all_are_counted() -> None:
    _, numbered = number(b"x\n" * 1000)

    assert (numbered.rejected, len(numbered.rejects)) == (1000, 20)


def test_an_open_quotation_mark_is_found_where_it_opens() -> None:
    with pytest.raises(QuoteNotClosed, match=r"x.csv, line 2:"):
        number(b'1,2,3\n4,"5,6\n' + b"7,8,9\n" * 10)


def test_an_open_quotation_mark_does_not_fill_the_memory() -> None:
    with pytest.raises(QuoteNotClosed, match=r"x.csv, line 2:"):
        number(b'1,2,3\n4,"5,6\n' + b"7,8,9\n" * 1_000_000)


def test_a_long_line_does_not_fill_the_memory() -> None:
    class Endless:
        taken = 0

        def read(self, size: int, /) -> bytes:
            self.taken += size
            return b"1,2,3\n" + b"x" * (size - 6) if self.taken == size else b"x" * size

    source = Endless()
    with pytest.raises(LineTooLong, match=r"x.csv, line 2:"):
        list(blocks(source, "x.csv"))

    assert source.taken < 2 * records.RECORD_BYTES


value = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=6)


@given(
    table=st.lists(st.tuples(value, value, value).filter(any), max_size=12),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    size=st.integers(1, 40),
)
def test_what_a_csv_writer_wrote_is_read_as_written(
    table: list[tuple[str, str, str]], quoting: Literal[0, 1], line_end: str, size: int
) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, quoting=quoting, lineterminator=line_end).writerows(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "BLOCK_BYTES", size)
        numbered = Numbered("x.csv", COLUMNS)
        parts = blocks(io.BytesIO(written.getvalue().encode()), "x.csv")
        rows = b"".join(map(numbered.rows_of, parts)).decode()

    read = list(csv.reader(io.StringIO(rows, newline="")))

    assert [tuple(row[1:]) for row in read] == table
    lines = written.getvalue().encode().split(b"\n")
    assert numbered.rejected == 0
    assert all(0 < int(row[0]) <= len(lines) for row in read)
