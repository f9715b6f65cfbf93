"""Verb audit_table: the counts of a published table that a reader can work out, and how."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Final

import numpy as np

from rollbook.core.errors import Invalid
from rollbook.research.components import Component, components
from rollbook.research.errors import TotalsContradict
from rollbook.research.extremes import Extreme, Proof, Solver
from rollbook.research.published import Cell, Place, Reading, Tables, read_tables
from rollbook.research.sums import Sum, check_shown, find_sums, in_words

MINIMUM: Final = 10
_LARGEST_DENOMINATOR: Final = 1000


class MinimumTooSmall(Invalid):
    """A minimum of {minimum} suppresses nothing: it is 2 or more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What tells too much.

    A count is given away if it follows exactly; or if it can only be under ``minimum``, the least count that
    may be told, and sums leave fewer than half of ``minimum`` values for it. ``lowest`` is the least that a
    suppressed count can be; None: 1 where the table prints zeros, else 0.
    """

    minimum: int = MINIMUM
    lowest: int | None = None
    only_derived: bool = False

    @property
    def values(self) -> int:
        """How many values must remain possible for a count that can only be small."""
        return (self.minimum + 1) // 2

    def gives_away(self, low: float, high: float) -> bool:
        """Say whether knowing that a count is in [low, high] tells too much."""
        return low == high or (high < self.minimum and high - low + 1 < self.values)


@dataclass(frozen=True, slots=True)
class Step:
    """A sum or bound, and what to multiply it with before all are added up."""

    times: str
    what: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A count that the table tells.

    ``kind``: shown (a small count is printed), repeated (another table prints it), exact (it follows from
    sums), narrow (sums leave few values).
    """

    kind: str
    place: Place
    low: int
    high: int
    at_least: Sequence[Step] = ()
    at_most: Sequence[Step] = ()
    by_whole_numbers: bool = False


@dataclass(slots=True)
class Audited:
    """What came of an audit. ``undecided`` counts cells for which the solver ran out of time."""

    cells: int
    suppressed: int
    sums: int
    findings: list[Finding] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    undecided: int = 0


def audit_table(paths: Sequence[Path], rule: Rule | None = None, reading: Reading | None = None) -> Audited:
    """Find the counts that a reader of ``paths`` can work out; the files are about the same students.

    Raises: ``MinimumTooSmall``; what ``rollbook.research.errors`` has.
    """
    return audit(read_tables(paths, reading or Reading()), rule or Rule())


def audit(tables: Tables, rule: Rule) -> Audited:
    """Do ``audit_table`` with tables that are read.

    Raises: ``MinimumTooSmall``; ``TotalsContradict``.
    """
    if rule.minimum < 2:  # noqa: PLR2004 -- as the message says
        raise MinimumTooSmall(minimum=rule.minimum)
    sums = find_sums(tables)
    check_shown(tables, sums)
    suppressed = sum(cell.count is None for cell in tables.cells.values())
    made = Audited(len(tables.cells), suppressed, len(sums), ignored=tables.ignored)
    if not rule.only_derived:
        made.findings += _shown(tables, rule)
    made.findings += _repeated(tables)
    derived, made.undecided = _derived(tables, sums, rule)
    made.findings += derived
    made.findings.sort(key=lambda one: (one.place.file, one.place.line, one.place.column))
    return made


def _derived(tables: Tables, sums: Sequence[Sum], rule: Rule) -> tuple[list[Finding], int]:
    """Return what follows from sums. It may print some zeros and hide others."""
    if rule.lowest is not None:
        return _search(tables, sums, rule, rule.lowest)
    prints_zeros = any(cell.count == 0 for cell in tables.cells.values())
    try:
        return _search(tables, sums, rule, int(prints_zeros))
    except TotalsContradict:
        if not prints_zeros:
            raise
        return _search(tables, sums, rule, 0)


def _search(tables: Tables, sums: Sequence[Sum], rule: Rule, lowest: int) -> tuple[list[Finding], int]:
    searches = [_Search(tables, component, rule) for component in components(tables, sums, lowest)]
    findings = [finding for search in searches for finding in search.run()]
    return findings, sum(search.undecided for search in searches)


def _shown(tables: Tables, rule: Rule) -> Iterator[Finding]:
    for cell in tables.cells.values():
        if cell.count is not None and 0 < cell.count < rule.minimum:
            yield Finding("shown", cell.place, cell.count, cell.count)


def _repeated(tables: Tables) -> Iterator[Finding]:
    for cell in tables.repeated:
        other = tables.cells[cell.key]
        if other.count is not None:
            step = Step("1", f"{other.place} {other.count:,} in {other.place.file}, line {other.place.line}")
            yield Finding("repeated", cell.place, other.count, other.count, (step,), (step,))


class _Search:
    """The findings among the unknowns of one component.

    Solutions in whole numbers show what remains possible: whatever they settle needs no optimum of its own.
    """

    def __init__(self, tables: Tables, component: Component, rule: Rule) -> None:
        self._tables, self._component, self._rule = tables, component, rule
        said = in_words(tables, component.equations[0][0]) if component.equations else "a percentage"
        self._solver = Solver(component, said)
        self._least = np.full(component.width, np.inf)
        self._most = np.full(component.width, -np.inf)
        self.undecided = 0

    def run(self) -> Iterator[Finding]:
        """Yield the findings."""
        if not self._component.equations and not self._component.limits:
            return
        self._look_around()
        for unknown in range(self._component.width):
            if not self._is_settled(unknown):
                yield from self._judge(unknown)

    def _look_around(self) -> None:
        unsettled = list(range(self._component.width))
        before = -1
        for witness in self._solver.witnesses(unsettled):
            self._note(witness)
            left = sum(not self._is_settled(unknown) for unknown in unsettled)
            if not left or left == before:
                return
            before = left

    def _note(self, witness: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
        self._least = np.minimum(self._least, witness)
        self._most = np.maximum(self._most, witness)

    def _is_settled(self, unknown: int) -> bool:
        low, high = self._least[unknown], self._most[unknown]
        return low <= high and not self._rule.gives_away(low, high)

    def _judge(self, unknown: int) -> Iterator[Finding]:
        least, most = self._solver.extreme(unknown, 1), self._solver.extreme(unknown, -1)
        for extreme in (least, most):
            if extreme.witness is not None:
                self._note(extreme.witness)
        self.undecided += not (least.is_proven and most.is_proven)
        if not isfinite(most.value) or not self._rule.gives_away(least.value, most.value):
            return
        marked = self._component.lows[unknown], self._component.highs[unknown]
        if least.value == most.value or (least.value, most.value) != marked:
            yield self._finding(unknown, least, most)

    def _finding(self, unknown: int, least: Extreme, most: Extreme) -> Finding:
        is_exact = least.value == most.value
        derived = self._solver.derive(unknown) if is_exact else None
        proofs = (derived, derived) if derived else (least.proof, most.proof)
        at_least, at_most = (list(self._steps(proof)) for proof in proofs)
        return Finding(
            "exact" if is_exact else "narrow",
            self._cell(unknown).place,
            int(least.value),
            int(most.value),
            at_least,
            at_most,
            derived is None and (least.by_whole_numbers or most.by_whole_numbers),
        )

    def _cell(self, unknown: int) -> Cell:
        return self._tables.cells[self._component.unknowns[unknown]]

    def _steps(self, proof: Proof) -> Iterator[Step]:
        component = self._component
        for index, times in proof.equations.items():
            one: Sum = component.equations[index][0]
            yield Step(_times(times), in_words(self._tables, one))
        for index, times in proof.limits.items():
            printed = component.limits[index][0]
            low, high = printed.share.low * 100, printed.share.high * 100
            yield Step(_times(times), f"{printed.place} is between {low:g} and {high:g} %")
        for unknown, times in proof.lows.items():
            yield Step(_times(times), f"[{self._cell(unknown).place}] is at least {component.lows[unknown]}")
        for unknown, times in proof.highs.items():
            yield Step(
                _times(times), f"[{self._cell(unknown).place}] is at most {component.highs[unknown]:g}"
            )


def _times(times: float) -> str:
    return str(Fraction(times).limit_denominator(_LARGEST_DENOMINATOR))
