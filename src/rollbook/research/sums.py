"""Which cells add up to which: every total with its parts, found from the labels."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from rollbook.research.errors import TotalsContradict
from rollbook.research.published import Cell, Key, Tables

# Cells listed one by one in a sum's sentence; more of the shown ones are added up.
_MOST_LISTED: Final = 12
_LEVELS: Final = 2


@dataclass(frozen=True, slots=True)
class Sum:
    """``total`` = the sum of ``parts``."""

    total: Key
    parts: tuple[Key, ...]


def find_sums(tables: Tables) -> list[Sum]:
    """Return the sums of ``tables``: over one label, or over two where no line stands between them."""
    groups: defaultdict[tuple[Key, frozenset[str]], list[Key]] = defaultdict(list)
    between: set[tuple[Key, frozenset[str]]] = set()
    for key in tables.cells:
        for total, names, has_between in _totals_of(key, tables):
            groups[total, names].append(key)
            if has_between:
                between.add((total, names))
    kept = (found for found in groups.items() if found[0] not in between)
    return [Sum(total, tuple(parts)) for (total, _), parts in kept]


def _totals_of(key: Key, tables: Tables) -> Iterator[tuple[Key, frozenset[str], bool]]:
    measure, labels = key
    for size in range(1, _LEVELS + 1):
        for left_out in combinations(sorted(labels), size):
            total = measure, labels - frozenset(left_out)
            if total in tables.cells:
                steps = ((measure, labels - {one}) for one in left_out)
                has_between = size > 1 and any(step in tables.cells for step in steps)
                yield total, frozenset(name for name, _ in left_out), has_between


def check_shown(tables: Tables, sums: Sequence[Sum]) -> None:
    """See that sums of which nothing is suppressed are right.

    Raises: ``TotalsContradict``.
    """
    for one in sums:
        total = tables.cells[one.total].count
        parts = [tables.cells[key].count for key in one.parts]
        if total is None or None in parts:
            continue
        if total != sum(part for part in parts if part is not None):
            raise TotalsContradict(sum=in_words(tables, one))


def in_words(tables: Tables, one: Sum) -> str:
    """Return a sum as a person checks it: suppressed cells by name in brackets, shown ones by their count."""
    parts = [tables.cells[key] for key in one.parts]
    hidden = [f"[{cell.place}]" for cell in parts if cell.count is None]
    shown = [cell.count for cell in parts if cell.count is not None]
    if len(shown) > _MOST_LISTED:
        counts = [f"{sum(shown):,} (of {len(shown)} cells)"]
    else:
        counts = [f"{count:,}" for count in shown]
    return f"{_named(tables.cells[one.total])} = {' + '.join([*hidden, *counts])}"


def _named(cell: Cell) -> str:
    return f"[{cell.place}]" if cell.count is None else f"{cell.place} {cell.count:,}"
