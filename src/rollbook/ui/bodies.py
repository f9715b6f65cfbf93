"""What a request may say: in letters that text has, and in one way only, so that no two readers differ."""

import json
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.datastructures import Headers

from rollbook.core.paging import is_storable

DEEPEST: Final = 32
Fault = tuple[int, str]
_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_KIND: Final = 415, "This kind of content is not taken here. Nothing was changed."
_UNREADABLE: Final = 400, "What was sent could not be read. Nothing was changed."
_LETTERS: Final = 400, "What was sent holds a character that no text has. Nothing was changed."
_TWICE: Final = 400, "What was sent says the same thing twice. Nothing was changed."
_DEEP: Final = 400, "What was sent has too many layers. Nothing was changed."


class _SaidTwice(ValueError):
    """An object of JSON has the same name twice."""


def fault_of_query(query: bytes) -> Fault | None:
    """Say what is wrong with an address's query."""
    names = [_bytes(part.partition(b"=")[0]) for part in query.split(b"&") if part]
    return _TWICE if len(names) != len(set(names)) else None


def fault_of_body(headers: Headers, body: bytes, *, is_api: bool) -> Fault | None:
    """Say what is wrong with a body: the API takes JSON, pages take forms, nobody takes anything packed."""
    if not body:
        return None
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if headers.get("content-encoding", "identity").lower() != "identity":
        return _KIND
    if kind == _JSON:
        return _fault_of_json(body)
    if kind == _FORM and not is_api:
        return _fault_of_form(body)
    return _KIND


def _fault_of_form(body: bytes) -> Fault | None:
    """Say what is wrong with a form's fields, which are written like a query."""
    try:
        _bytes(body).decode("utf-8")
    except UnicodeDecodeError:
        return _LETTERS
    return fault_of_query(body)


def _bytes(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))


def _fault_of_json(body: bytes) -> Fault | None:
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_named_once, parse_constant=_refuse)
    except _SaidTwice:
        return _TWICE
    except RecursionError:
        return _DEEP
    except ValueError:
        return _UNREADABLE
    for depth, text in _texts(document):
        if depth > DEEPEST:
            return _DEEP
        if not is_storable(text):
            return _LETTERS
    return None


def _named_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise _SaidTwice
    return named


def _refuse(constant: str) -> float:
    """JSON has no NaN and no infinity, though Python reads them."""
    raise ValueError(constant)


def _texts(document: object) -> Iterator[tuple[int, str]]:
    """Yield each text of a document with its depth; a layer is one too: its names, or an empty one."""
    waiting = [(1, document)]
    while waiting:
        depth, part = waiting.pop()
        if isinstance(part, dict):
            waiting += [(depth + 1, inner) for inner in part.values()]
            yield depth, "".join(part)
        elif isinstance(part, list):
            waiting += [(depth + 1, inner) for inner in part]
            yield depth, ""
        elif isinstance(part, str):
            yield depth, part
