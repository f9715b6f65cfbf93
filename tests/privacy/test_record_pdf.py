"""The record as a PDF: tagged, readable, in whatever letters people are called."""

import re
import zlib

import pytest

from rollbook.privacy import pdf
from rollbook.privacy.document import Chapter, Document, Grid
from rollbook.privacy.pdf import PdfToolMissing, record_pdf

NAMES = ["Ada Łukasiewicz", "Мария Иванова", "علي حسن", "Ιωάννα", "Nguyễn Thị"]


def document(*names: str, title: str = "Education record of Ada Byron") -> Document:
    rows = [(name, "1 May 2026") for name in names]
    grid = Grid("", ("Name", "Known since"), rows, is_cards=False)
    cards = Grid("Earlier versions", ("Name", "Until"), rows, is_cards=True)
    chapters = [Chapter("Who the student is", "Name and number.", (grid, cards))]
    return Document(
        title, (("Student", title),), ("All there is.",), (("Mail", "Others' own."),), chapters, ()
    )


def streams(pdf: bytes) -> bytes:
    """Return the PDF with its compressed streams opened."""
    parts = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    opened = []
    for part in parts:
        try:
            opened.append(zlib.decompress(part))
        except zlib.error:
            opened.append(part)
    return pdf + b"\n".join(opened)


def test_it_is_a_tagged_document_with_headings_and_table_headings() -> None:
    content = streams(record_pdf(document(*NAMES)))

    assert content.startswith(b"%PDF-1.")
    assert b"/MarkInfo" in content
    assert b"pdfuaid:part" in content
    for tag in (b"/H1", b"/H2", b"/Table", b"/TH", b"/TD", b"/TOC"):
        assert tag in content, tag


def test_a_part_begins_its_table_again_on_each_page() -> None:
    content = streams(record_pdf(document(*(f"Name {n}" for n in range(200)))))
    (pages,) = {int(count) for count in re.findall(rb"/Type ?/Pages\s*/Count (\d+)", content)}

    assert pages > 3


@pytest.mark.parametrize(
    "name",
    [
        "\U0010ffff",
        "a\x01b",
        "\ud7ff\uffff",
        "張偉 \U00012345 \u0e01\u0e31",
        '#panic("x") $x$ @ref <a> \\ */ // `',
    ],
)
def test_no_name_breaks_it(name: str) -> None:
    assert record_pdf(document(name, title=f"Education record of {name}")).startswith(b"%PDF-")


def test_letters_without_a_font_are_written_by_number_and_the_document_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_with: list[str] = []
    compiled = pdf._compiled

    def listening(typst: object, source: bytes, **inputs: str) -> bytes:
        set_with.append(inputs["data"])
        return compiled(typst, source, **inputs)

    monkeypatch.setattr(pdf, "_compiled", listening)
    record_pdf(document("\U0010fffd Byron"))
    *_, data = set_with

    assert "[U+10FFFD] Byron" in data
    assert "could not be drawn" in data


def test_without_typst_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "typst", None)

    with pytest.raises(PdfToolMissing, match=r"rollbook\[pdf\]"):
        record_pdf(document("Ada"))
