"""Files in other encodings and with other delimiters are read as what they are, or refused at the place."""

import codecs
import csv
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO, StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.exchange.csv_files.errors import DelimiterUnknown, EncodingLies, EncodingUnheardOf
from rollbook.exchange.csv_files.reading import Recut, as_usual, parse_delimiter, parse_encoding
from rollbook.intake.members import Member, Told
from rollbook.intake.records import Source


def read(content: bytes, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    @contextmanager
    def opened(_: Told) -> Iterator[Source]:
        yield BytesIO(content)

    member = as_usual(Member("marks.csv", len(content), opened), encoding, delimiter)
    parts = []
    with member.open(lambda _: None) as source:
        while chunk := source.read(7):
            parts.append(chunk)
    return b"".join(parts)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be"])
def test_each_encoding_becomes_utf_8(encoding: str) -> None:
    text = "Schüler;Ünal\n1;é\n" * 1000

    assert read(text.encode(encoding), encoding) == text.encode()


def test_utf_16_may_begin_with_its_mark() -> None:
    assert read(codecs.BOM_UTF16_BE + "Ä\n".encode("utf-16-be"), "utf-16") == "Ä\n".encode()


@pytest.mark.parametrize(
    ("content", "encoding", "place"),
    [
        (b"a,b\n1,\x81\n", "cp1252", "line 2, column 3: this is not cp1252"),
        ("a\nSchüler\n".encode(), "cp1252", "this is not cp1252, but UTF-8: leave --encoding out"),
        ("a\nSchüler\n".encode(), "latin-1", "this is not latin-1, but UTF-8"),
        (codecs.BOM_UTF8 + b"a\n1\n", "utf-16", "it begins with the mark of UTF-8"),
        ("a\n1\n".encode("utf-16-le"), "cp1252", "line 1, column 2: .* it holds NUL bytes, as UTF-16 does"),
        ("a\n1\n".encode("utf-16-le")[:-1], "utf-16-le", "line 2, column 2: this is not utf-16-le"),
        (b"a\n\x00\xd8\x00\xd8", "utf-16-le", "line 1, column 2: this is not utf-16-le"),
    ],
)
def test_a_file_that_is_not_what_it_is_said_to_be_is_refused(
    content: bytes, encoding: str, place: str
) -> None:
    with pytest.raises(EncodingLies, match=rf"marks.csv, .*{place}"):
        read(content, encoding)


def test_an_encoding_nobody_reads_is_refused() -> None:
    with pytest.raises(EncodingUnheardOf, match=r"'klingon' is no encoding that is read: use utf-8, cp1252"):
        parse_encoding("klingon")
    assert parse_encoding("windows-1252") == "cp1252"
    assert parse_encoding("UTF8") == "utf-8"


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "a", "\n", "é", "7"])
def test_what_cannot_separate_columns_is_refused(delimiter: str) -> None:
    with pytest.raises(DelimiterUnknown, match=r"use one character, or tab"):
        parse_delimiter(delimiter)


def test_a_tab_may_be_said_as_a_word() -> None:
    assert parse_delimiter("tab") == parse_delimiter("\\t") == "\t"


def test_commas_that_separate_nothing_are_quoted() -> None:
    assert read(b'a;b\n1,5;"2;3"\n\n"x\n,";y\n', delimiter=";") == b'a,b\n"1,5",2;3\n\n"x\n,",y\n'


VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=6)
TABLE = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(VALUE, min_size=width, max_size=width).filter(any), min_size=1, max_size=5
    )
)


@given(table=TABLE, delimiter=st.sampled_from([";", "\t", "|"]))
def test_a_table_says_the_same_with_another_delimiter(table: list[list[str]], delimiter: str) -> None:
    written = StringIO(newline="")
    csv.writer(written, delimiter=delimiter, lineterminator="\n").writerows(table)

    recut = Recut(BytesIO(written.getvalue().encode()), "a.csv", delimiter)
    content = b"".join(iter(lambda: recut.read(11), b"")).decode()

    assert list(csv.reader(StringIO(content, newline=""))) == table
    assert content.count("\n") == written.getvalue().count("\n"), "lines stay where they are"
