"""Keyset paging: a cursor names the row that a page stands after, not a number of rows to skip."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import RowMapping

from rollbook.core.errors import Invalid

Row = TypeVar("Row")


class CursorInvalid(Invalid):
    """This page's cursor is not one that Rollbook made. Start again from the first page."""


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list. ``first`` is the 1-based place of its first row among ``total``."""

    rows: Sequence[Row]
    first: int
    total: int
    next_cursor: str | None
    previous_cursor: str | None

    @property
    def last(self) -> int:
        """The 1-based place of the page's last row; 0 if it has none."""
        return self.first + len(self.rows) - 1 if self.rows else 0


def write_cursor(*key: str | int) -> str:
    """Return a cursor for the row with this key; safe in a URL."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> tuple[str | int, ...]:
    """Return the key that ``write_cursor`` wrote, which must be of these ``kinds``.

    Raises: ``CursorInvalid``.
    """
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise CursorInvalid from error
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise CursorInvalid
    if any(isinstance(part, str) and not is_storable(part) for part in key):
        raise CursorInvalid
    return tuple(key)


def is_storable(value: str) -> bool:
    """Say whether PostgreSQL can take ``value`` as text: no NUL, no half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def numbered_page(found: Sequence[RowMapping], read: Callable[[RowMapping], Row]) -> Page[Row]:
    """Return the page that ``found`` makes.

    Shape:  a row says its ``place`` of ``total`` by ``sort_key`` and ``row_id``, and after which row the page
            before stands: ``before_key`` and ``before_id``.
    """
    if not found:
        return Page([], 1, 0, None, None)
    first, last = found[0], found[-1]
    following = write_cursor(last["sort_key"], last["row_id"].hex) if last["place"] < last["total"] else None
    before = write_cursor(first["before_key"], first["before_id"].hex) if first["before_id"] else None
    return Page([read(row) for row in found], first["place"], first["total"], following, before)


def read_place(cursor: str | None) -> dict[str, object]:
    """Return the ``after_key`` and ``after_id`` that a ``numbered_page`` cursor names; none without one.

    Raises: ``CursorInvalid``.
    """
    if not cursor:
        return {"after_key": None, "after_id": None}
    key, hex_id = read_cursor(cursor, str, str)
    try:
        return {"after_key": key, "after_id": UUID(hex=str(hex_id))}
    except ValueError as error:
        raise CursorInvalid from error
