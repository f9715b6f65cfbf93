"""A table of counts that goes with a research copy, with small cells suppressed so that no sum tells them."""

from collections.abc import Sequence
from typing import Final

from rollbook.core.progress import Silent
from rollbook.research.published import Cell, Key, Place, Tables
from rollbook.research.suppressing import MARK, suppress_counts

TOTAL: Final = "Total"
Counted = tuple[str | None, str | None, int]


def summarise(counts: Sequence[Counted], minimum: int) -> tuple[list[list[str]], int]:
    """Return the lines of a table (school, then a column for each value), and how many cells are hidden.

    ``counts`` are (row, column, students), None for all of them.
    """
    counts = [(_said(row), _said(column), students) for row, column, students in counts]
    rows = list(dict.fromkeys(row for row, _, _ in counts))
    columns = list(dict.fromkeys(column for _, column, _ in counts))
    told = {(row, column): students for row, column, students in counts}
    cells = {
        _key(row, column): Cell(_key(row, column), Place("summary", at, row or TOTAL, column or TOTAL), count)
        for at, row in enumerate(rows)
        for column in columns
        for count in [told.get((row, column), 0)]
    }
    _, hidden = suppress_counts(Tables(cells), minimum, Silent())
    header = ["school", *(column or TOTAL for column in columns)]
    lines = [
        [
            row or TOTAL,
            *(MARK if _key(row, column) in hidden else str(told.get((row, column), 0)) for column in columns),
        ]
        for row in rows
    ]
    return [header, *lines], len(hidden)


def _said(value: str | None) -> str | None:
    """Return a label that no reader takes for a hidden count."""
    return "not told" if value == "*" else value


def _key(row: str | None, column: str | None) -> Key:
    labels = {("school", row), ("absence", column)}
    return "", frozenset((name, value) for name, value in labels if value is not None)
