"""A document as a tagged PDF (PDF/UA-1), set by typst; letters that no font here has are told by number."""

import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, replace
from importlib.resources import files
from typing import Any, Final

from rollbook.core.errors import Unavailable
from rollbook.core.output import as_json
from rollbook.privacy.document import Document

PAPER: Final = "us-letter"
_STANDARD: Final = "ua-1"
_UNDRAWN: Final = (
    "Some letters of this record could not be drawn, because the machine that made it has no font for"
    " them; they are written by their number in Unicode, such as [U+5F35]. The JSON of this record has"
    " them as they are."
)
_PROBE: Final = (
    b'#set document(title: "probe")\n'
    b'#set text(font: ("Noto Sans", "DejaVu Sans", "Liberation Sans"), lang: "en")\n'
    b"#sys.inputs.data"
)


class PdfToolMissing(Unavailable):
    """PDFs need the package typst: `pip install 'rollbook[pdf]'`. Without it the record is there as JSON."""


class PdfFailed(Unavailable):
    """The record could not be set as a PDF. Nothing was handed out; as JSON it can be."""


def check_pdf() -> None:
    """Say, before anything is noted, that no PDF can be made here.

    Raises: ``PdfToolMissing``.
    """
    _typst()


def record_pdf(document: Document, *, paper: str = PAPER) -> bytes:
    """Return ``document`` as a PDF.

    Raises: ``PdfToolMissing``; ``PdfFailed``.
    """
    typst = _typst()
    undrawn = _undrawn(typst, set("".join(_texts(asdict(document)))))
    shown = replace(document, notes=[*document.notes, _UNDRAWN]) if undrawn else document
    data = _drawable(asdict(shown), {ord(letter): f"[U+{ord(letter):04X}]" for letter in undrawn})
    source = files("rollbook.privacy").joinpath("record.typ").read_bytes()
    try:
        return _compiled(typst, source, data=as_json(data), paper=paper)
    except typst.TypstError:
        raise PdfFailed from None  # what typst says may quote the record


def _typst() -> Any:  # noqa: ANN401 -- a module that may not be there
    try:
        import typst  # noqa: PLC0415 -- an extra
    except ImportError as error:
        raise PdfToolMissing from error
    return typst


def _compiled(typst: Any, source: bytes, **inputs: str) -> bytes:  # noqa: ANN401 -- as above
    made: bytes = typst.compile(source, format="pdf", sys_inputs=inputs, pdf_standards=_STANDARD)
    return made


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from _texts(one)
        case list() | tuple():
            for one in value:
                yield from _texts(one)


def _drawable(value: Any, letters: Mapping[int, str]) -> Any:  # noqa: ANN401 -- of whatever a document is made
    match value:
        case str():
            return value.translate(letters)
        case Mapping():
            return {name: _drawable(one, letters) for name, one in value.items()}
        case list() | tuple():
            return [_drawable(one, letters) for one in value]
    return value


def _undrawn(typst: Any, letters: Collection[str]) -> frozenset[str]:  # noqa: ANN401 -- as above
    """Return which letters cannot be set: controls, and what no font has, found by halving."""
    found = {letter for letter in letters if unicodedata.category(letter) in ("Cc", "Cs") and letter != "\n"}
    rest = sorted(letter for letter in letters if not letter.isascii() and letter not in found)
    waiting = [rest] if rest else []
    while waiting:
        some = waiting.pop()
        if _is_drawn(typst, some):
            continue
        if len(some) == 1:
            found.update(some)
            continue
        middle = len(some) // 2
        waiting += [some[:middle], some[middle:]]
    return frozenset(found)


def _is_drawn(typst: Any, letters: Collection[str]) -> bool:  # noqa: ANN401 -- as above
    try:
        _compiled(typst, _PROBE, data=" ".join(letters))
    except typst.TypstError:
        return False
    return True
