"""Parameters of an address, checked so that none of them can make the database fail."""

import re
from datetime import date
from typing import Annotated, Final

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator

from rollbook.core.paging import is_storable

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _storable(value: str) -> str:
    if not is_storable(value):
        raise ValueError("no text has this character")
    return value.strip()


def written_day(value: object) -> object:
    """Return a day as it was sent, if it is written in full: a bare number is no count of seconds to us."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("a day is written like 2026-03-09")


def _none_if_empty(value: object) -> object:
    """A form sends an empty field where nothing was chosen."""
    return None if value == "" else value


IsoDay = Annotated[date, BeforeValidator(written_day)]
SearchText = Annotated[str, Query(max_length=200), AfterValidator(_storable)]
CodeText = Annotated[
    str | None, Query(max_length=200), AfterValidator(lambda v: _storable(v) or None if v else None)
]
CursorText = Annotated[str | None, Query(max_length=1000)]
