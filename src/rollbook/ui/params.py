"""Parameters of an address, checked so that none of them can make the database fail."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator

from rollbook.core.paging import is_storable


def _storable(value: str) -> str:
    if not is_storable(value):
        raise ValueError("no text has this character")
    return value.strip()


def _none_if_empty(value: object) -> object:
    """A form sends an empty field where nothing was chosen."""
    return None if value == "" else value


SearchText = Annotated[str, Query(max_length=200), AfterValidator(_storable)]
CodeText = Annotated[
    str | None, Query(max_length=200), AfterValidator(lambda v: _storable(v) or None if v else None)
]
CursorText = Annotated[str | None, Query(max_length=1000)]
