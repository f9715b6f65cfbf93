"""Verb suppress_table: hide small counts, and of the others as few as keep sums from telling them.

For each count that is given away, the cheapest change of the printed table is found (linear programming) that
makes it large without any sum noticing: the cells that change are hidden too. Then each of them is printed
again if it can be.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack

from rollbook.core.output import write_csv
from rollbook.core.progress import Report, Silent
from rollbook.research.auditing import MINIMUM, Audited, Finding, Rule, audit
from rollbook.research.errors import NothingSuppressible
from rollbook.research.published import (
    Cell,
    Grid,
    Key,
    Reading,
    Tables,
    count_labels,
    read_columns,
    read_grid,
    read_tables,
)
from rollbook.research.sums import check_shown, find_sums

MARK: Final = "*"
# Beyond so many hidden cells, printing them again one by one would take longer than it is worth.
_MOST_TRIED: Final = 60
_HIDDEN_COST: Final = 0.001
_TOTAL_COST: Final = 1.01
_ZERO_COST: Final = 1000.0
_NEAR: Final = 1e-6


@dataclass(frozen=True, slots=True)
class SuppressedTable:
    """A table to publish: its lines as text, and how many counts were hidden, and why."""

    path: Path
    header: Sequence[str]
    lines: Sequence[Sequence[str]]
    cells: int
    primary: int
    complementary: int

    def write(self, file: TextIO) -> None:
        """Write it as CSV, safe to open in a spreadsheet."""
        write_csv(file, self.header, self.lines)


def suppress_table(
    path: Path, minimum: int = MINIMUM, reading: Reading | None = None, report: Report | None = None
) -> SuppressedTable:
    """Return the table of counts at ``path`` so that ``audit_table`` finds nothing in it.

    Zeros stay. Shares are hidden wherever either count is.
    Raises: what ``rollbook.research.errors`` has; ``MinimumTooSmall``.
    """
    reading = reading or Reading()
    tables = read_tables([path], reading)
    primary, hidden = suppress_counts(tables, minimum, report or Silent())
    grid = read_grid(path)
    lines = _printed(grid, tables, hidden, reading)
    return SuppressedTable(
        path, grid.header, lines, len(tables.cells), len(primary), len(hidden) - len(primary)
    )


def suppress_counts(tables: Tables, minimum: int, report: Report) -> tuple[set[Key], set[Key]]:
    """Return the cells to hide because they are small, and all cells to hide.

    Raises: ``NothingSuppressible``; ``TotalsContradict``; ``MinimumTooSmall``.
    """
    for cell in tables.cells.values():
        if cell.count is None:
            raise NothingSuppressible(path=cell.place.file, line=cell.place.line, column=cell.place.column)
    work = _Suppression(tables, minimum)
    report.step("Hiding what sums would tell")
    work.complement(report)
    report.step("Printing again what may be")
    work.relent(report)
    return work.primary, work.hidden


class _Suppression:
    def __init__(self, tables: Tables, minimum: int) -> None:
        self._tables, self._minimum = tables, minimum
        self._sums = find_sums(tables)
        check_shown(tables, self._sums)
        self._keys = list(tables.cells)
        self._counts = np.array([tables.cells[key].count or 0 for key in self._keys], dtype=float)
        self._number = {key: at for at, key in enumerate(self._keys)}
        self._at_place = {cell.place: self._number[key] for key, cell in tables.cells.items()}
        self._matrix = self._unnoticed()
        self._totals = [self._number[one.total] for one in self._sums]
        small = np.flatnonzero((self._counts > 0) & (self._counts < minimum))
        self._small = {int(at) for at in small}
        self._hidden = set(self._small)

    @property
    def primary(self) -> set[Key]:
        """The cells that are small."""
        return {self._keys[at] for at in self._small}

    @property
    def hidden(self) -> set[Key]:
        """The cells that are not to be printed."""
        return {self._keys[at] for at in self._hidden}

    def complement(self, report: Report) -> None:
        """Hide more cells until nothing is given away."""
        while findings := self._audited().findings:
            before = len(self._hidden)
            for finding in findings:
                self._hidden |= self._cheapest_change(self._at_place[finding.place])
                report.advance()
            if len(self._hidden) == before:
                # sums of whole numbers are tighter than these changes: the cells beside go too
                self._hidden |= {at for finding in findings for at in self._beside(finding)}
            if len(self._hidden) == before:
                self._hidden = set(self._number.values())

    def relent(self, report: Report) -> None:
        """Print again, the largest first, each complementary cell that nothing needs."""
        extra = sorted(self._hidden - self._small, key=lambda at: -self._counts[at])
        for at in extra[:_MOST_TRIED]:
            self._hidden.remove(at)
            if self._audited().findings:
                self._hidden.add(at)
            report.advance()

    def _unnoticed(self) -> csr_array:
        """Return the matrix of changes that no sum notices: parts - total = 0."""
        at = [
            (number, self._number[key], sign)
            for number, one in enumerate(self._sums)
            for key, sign in [*((key, 1.0) for key in one.parts), (one.total, -1.0)]
        ]
        numbers, columns, values = zip(*at, strict=True) if at else ((), (), ())
        return csr_array((values, (numbers, columns)), shape=(len(self._sums), len(self._keys)))

    def _lowest(self) -> int:
        """Return what a reader takes a suppressed count to be at least: 1 where zeros are printed."""
        zeros = {int(at) for at in np.flatnonzero(self._counts == 0)}
        return int(bool(zeros) and not zeros & self._hidden)

    def _audited(self) -> Audited:
        cells = {
            key: Cell(
                key, self._tables.cells[key].place, None if at in self._hidden else int(self._counts[at])
            )
            for key, at in self._number.items()
        }
        return audit(Tables(cells), Rule(self._minimum, self._lowest(), only_derived=True))

    def _cheapest_change(self, at: int) -> set[int]:
        """Return the cells of the cheapest change that makes the count at ``at`` large, or larger."""
        width = len(self._keys)
        raised = max(self._minimum - self._counts[at], 1.0)
        ups, downs = np.full(width, np.inf), np.maximum(self._counts - self._lowest(), 0.0)
        lows = np.zeros(2 * width)
        lows[at], ups[at], downs[at] = raised, raised, 0.0
        changed = linprog(
            np.tile(self._costs(), 2),
            A_eq=hstack((self._matrix, -self._matrix)),
            b_eq=np.zeros(len(self._sums)),
            bounds=np.column_stack((lows, np.concatenate((ups, downs)))),
            method="highs-ds",
        )
        if changed.x is None:
            return set()
        by_cell = np.maximum(changed.x[:width], changed.x[width:])
        return {int(cell) for cell in np.flatnonzero(by_cell > _NEAR)}

    def _costs(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        costs = np.ones(len(self._keys))
        costs[self._totals] = _TOTAL_COST
        costs[self._counts == 0] = _ZERO_COST
        costs[list(self._hidden)] = _HIDDEN_COST
        return costs

    def _beside(self, finding: Finding) -> set[int]:
        key = self._keys[self._at_place[finding.place]]
        sums = (one for one in self._sums if key in (one.total, *one.parts))
        return {self._number[other] for one in sums for other in (one.total, *one.parts)}


def _printed(grid: Grid, tables: Tables, hidden: Iterable[Key], reading: Reading) -> list[list[str]]:
    """Return the lines, with the mark in place of what is hidden, and of shares that would tell it."""
    places = {(tables.cells[key].place.line, tables.cells[key].place.column) for key in hidden}
    shares = {
        (one.place.line, one.place.column)
        for one in tables.percentages
        if {one.part, one.whole} & set(hidden)
    }
    names = {c.index: c.header for c in read_columns(grid, count_labels(grid, reading), reading)}
    return [
        [MARK if (number, names.get(at)) in places | shares else cell for at, cell in enumerate(line)]
        for number, line in grid.lines
    ]
