"""The suppressed cells as unknowns, in groups that no sum connects with each other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.sparse import csr_array

from rollbook.research.published import Key, Percentage, Tables
from rollbook.research.sums import Sum


@dataclass(slots=True)
class Component:
    """Unknown counts and what is known of them.

    ``equations`` are rows of (sum, {unknown: coefficient}, right side); ``limits`` are rows of
    (percentage, {unknown: coefficient}, most). Lower and upper bounds are what the marks tell.
    """

    unknowns: list[Key]
    lows: list[int]
    highs: list[float]
    equations: list[tuple[Sum, dict[int, int], int]] = field(default_factory=list)
    limits: list[tuple[Percentage, dict[int, float], float]] = field(default_factory=list)

    @property
    def width(self) -> int:
        """How many unknowns there are."""
        return len(self.unknowns)

    def equation_matrix(self) -> Any:  # noqa: ANN401 -- SciPy has no types
        """Return the left sides of the equations."""
        return _matrix([row for _, row, _ in self.equations], self.width)

    def limit_matrix(self) -> Any:  # noqa: ANN401 -- SciPy has no types
        """Return the left sides of the limits."""
        return _matrix([row for _, row, _ in self.limits], self.width)


def _matrix(rows: Sequence[Mapping[int, float]], width: int) -> csr_array:
    at = [(number, column, value) for number, row in enumerate(rows) for column, value in row.items()]
    numbers, columns, values = zip(*at, strict=True) if at else ((), (), ())
    return csr_array((np.array(values, dtype=float), (numbers, columns)), shape=(len(rows), width))


_FREE: Final = float("inf")


def components(tables: Tables, sums: Sequence[Sum], lowest: int) -> list[Component]:
    """Return the groups of suppressed cells, each with its sums and percentages.

    ``lowest`` is the least that a suppressed count can be: 1 where zeros are printed as zeros.
    """
    hidden = [key for key, cell in tables.cells.items() if cell.count is None]
    sums = [one for one in sums if any(tables.cells[key].count is None for key in (one.total, *one.parts))]
    shares = [p for p in tables.percentages if {p.part, p.whole} & set(hidden)]
    ties = [[one.total, *one.parts] for one in sums] + [[p.part, p.whole] for p in shares]
    groups = _connected(hidden, ties)
    return [_component(tables, keys, sums, shares, lowest) for keys in groups]


def _connected(hidden: Sequence[Key], ties: Sequence[Sequence[Key]]) -> list[list[Key]]:
    """Join unknowns that a tie names together (union-find)."""
    parent = {key: key for key in hidden}

    def root(key: Key) -> Key:
        while parent[key] != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for tie in ties:
        tied = [key for key in tie if key in parent]
        for other in tied[1:]:
            parent[root(other)] = root(tied[0])
    groups: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in hidden:
        groups[root(key)].append(key)
    return list(groups.values())


def _component(
    tables: Tables, keys: list[Key], sums: Sequence[Sum], shares: Sequence[Percentage], lowest: int
) -> Component:
    number = {key: index for index, key in enumerate(keys)}
    mosts = [tables.cells[key].most for key in keys]
    made = Component(
        keys,
        [min(lowest, most) if most is not None else lowest for most in mosts],
        [_FREE if most is None else most for most in mosts],
    )
    for one in sums:
        if not number.keys().isdisjoint((one.total, *one.parts)):
            made.equations.append((one, *_equation(tables, one, number)))
    for share in shares:
        if not number.keys().isdisjoint((share.part, share.whole)):
            made.limits += _limits(tables, share, number)
    return made


def _equation(tables: Tables, one: Sum, number: dict[Key, int]) -> tuple[dict[int, int], int]:
    """Return parts - total = what is shown of the total - what is shown of the parts."""
    row: dict[int, int] = {}
    right = 0
    for key, sign in [*((key, 1) for key in one.parts), (one.total, -1)]:
        count = tables.cells[key].count
        if count is None:
            row[number[key]] = row.get(number[key], 0) + sign
        else:
            right -= sign * count
    return row, right


def _limits(
    tables: Tables, one: Percentage, number: dict[Key, int]
) -> list[tuple[Percentage, dict[int, float], float]]:
    """Return low * whole - part <= 0 and part - high * whole <= 0."""
    limits = []
    for share, sign in ((one.share.low, -1.0), (one.share.high, 1.0)):
        row: dict[int, float] = {}
        most = 0.0
        for key, factor in ((one.part, sign), (one.whole, -sign * share)):
            count = tables.cells[key].count if key in tables.cells else 0
            if count is None:
                row[number[key]] = factor
            else:
                most -= factor * count
        limits.append((one, row, most))
    return limits
