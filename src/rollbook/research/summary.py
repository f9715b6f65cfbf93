"""A table of counts that goes with a research copy, with small cells suppressed so that no sum tells them."""

from collections.abc import Mapping, Sequence
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
    told = {(_said(row), _said(column)): students for row, column, students in counts}
    rows, columns = (list(dict.fromkeys(key[at] for key in told)) for at in (0, 1))
    _, hidden = suppress_counts(Tables(_cells(told, rows, columns)), minimum, Silent())

    def shown(row: str | None, column: str | None) -> str:
        return MARK if _key(row, column) in hidden else str(told.get((row, column), 0))

    header = ["school", *(column or TOTAL for column in columns)]
    lines = [[row or TOTAL, *(shown(row, column) for column in columns)] for row in rows]
    return [header, *lines], len(hidden)


def _cells(
    told: Mapping[tuple[str | None, str | None], int],
    rows: Sequence[str | None],
    columns: Sequence[str | None],
) -> dict[Key, Cell]:
    """Return the table's cells, as its audit knows them; what was not counted is none."""
    return {
        key: Cell(key, Place("summary", at, row or TOTAL, column or TOTAL), told.get((row, column), 0))
        for at, row in enumerate(rows)
        for column in columns
        for key in [_key(row, column)]
    }


def _said(value: str | None) -> str | None:
    """Return a label that no reader takes for a hidden count."""
    return "not told" if value == "*" else value


def _key(row: str | None, column: str | None) -> Key:
    labels = {("school", row), ("absence", column)}
    return "", frozenset((name, value) for name, value in labels if value is not None)
