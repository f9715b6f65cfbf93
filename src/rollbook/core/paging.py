"""Keyset paging: a cursor names the row that a page stands after, not a number of rows to skip."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Generic, TypeVar
from uuid import UUID

from sqlalchemy import RowMapping, TextClause, text
from sqlalchemy.orm import Session

from rollbook.core.errors import Invalid

Row = TypeVar("Row")

# Words fit in any case: first upper, as sigma and i have two small forms.
_FITS: Final = """(
    SELECT bool_and(strpos(lower(upper(matching.searched)), lower(upper(word))) > 0)
    FROM unnest(cast(:words AS text[])) AS word
)"""
# The row before the page is looked for once, not again for each row of it: a file holds a whole list.
_NUMBERED: Final = """
numbered AS (
    SELECT
        {columns},
        row_number() OVER (ORDER BY matching.sort_key, matching.row_id) AS place,
        count(*) OVER () AS total
    FROM matching
    WHERE {fits}
),

page AS (
    SELECT numbered.*
    FROM numbered
    WHERE
        cast(:after_key AS text) IS NULL
        OR (numbered.sort_key, numbered.row_id) > (cast(:after_key AS text), cast(:after_id AS uuid))
    ORDER BY numbered.place
    LIMIT :page_size
),

before AS MATERIALIZED (
    SELECT
        numbered.sort_key,
        numbered.row_id
    FROM numbered
    WHERE numbered.place = (SELECT min(page.place) FROM page) - cast(:page_size AS int) - 1
)

SELECT
    page.*,
    before.sort_key AS before_key,
    before.row_id AS before_id
FROM page
LEFT JOIN before ON TRUE
ORDER BY page.place
"""


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


def find_page(  # noqa: PLR0913 -- what is listed, and which part of it
    db: Session,
    matching: TextClause,
    wanted: Mapping[str, object],
    read: Callable[[RowMapping], Row],
    *,
    described: TextClause | None = None,
    words: Sequence[str] = (),
    after: str | None = None,
    page_size: int,
) -> Page[Row]:
    """Return one page of the rows of ``matching`` that hold all ``words``, each row as ``read`` makes it.

    Shape:  ``matching`` returns ``row_id``, ``sort_key`` and, where there may be words, ``searched``; what
            fits is found and numbered by these alone. ``described`` takes ``row_ids``, the page's in its
            order, and returns what is shown of each; none = ``matching`` returns that too.
    Raises: ``CursorInvalid``.
    """
    part = {"words": list(words), "page_size": page_size, **_read_place(after)}
    query = _page_of(matching.text, has_words=bool(words), keys_only=described is not None)
    found = db.execute(query, {**wanted, **part}).mappings().all()
    if not found:
        return Page([], 1, 0, None, None)
    shown: Sequence[RowMapping] = found
    if described is not None:
        row_ids = [row["row_id"] for row in found]
        shown = db.execute(described, {**wanted, "row_ids": row_ids}).mappings().all()
    rows, (before, following) = [read(row) for row in shown], _cursors(found[0], found[-1])
    return Page(rows, found[0]["place"], found[0]["total"], following, before)


@cache
def _page_of(matching: str, *, has_words: bool, keys_only: bool) -> TextClause:
    columns = "matching.row_id, matching.sort_key" if keys_only else "matching.*"
    numbered = _NUMBERED.format(columns=columns, fits=_FITS if has_words else "true")
    return text(f"WITH matching AS ({matching}), {numbered}")


def _cursors(first: RowMapping, last: RowMapping) -> tuple[str | None, str | None]:
    """Return the cursors of the page before and of the one after, none where there is none."""
    before = write_cursor(first["before_key"], first["before_id"].hex) if first["before_id"] else None
    following = write_cursor(last["sort_key"], last["row_id"].hex) if last["place"] < last["total"] else None
    return before, following


def _read_place(cursor: str | None) -> dict[str, object]:
    """Return the ``after_key`` and ``after_id`` that a cursor of ``find_page`` names; none without one."""
    if not cursor:
        return {"after_key": None, "after_id": None}
    key, hex_id = read_cursor(cursor, str, str)
    try:
        return {"after_key": key, "after_id": UUID(hex=str(hex_id))}
    except ValueError as error:
        raise CursorInvalid from error
