"""The least and the most that an unknown count can be, by linear (or integer) programming.

Each optimum comes with its proof: what to multiply the sums with, and which bounds it leans on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import LinearConstraint, linprog, milp
from scipy.sparse import hstack

from rollbook.research.components import Component
from rollbook.research.errors import TotalsContradict

_NEAR: Final = 1e-6
_INFEASIBLE: Final = 2
_UNBOUNDED: Final = 3
_MOST_SECONDS: Final = 20.0
_SEED: Final = 99_37
_WITNESSES: Final = 12

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Proof:
    """Multipliers of a component's equations and limits, and of the bounds of its unknowns.

    Multiplying and adding them up gives the unknown >= (or <=) a number.
    """

    equations: dict[int, float] = field(default_factory=dict)
    limits: dict[int, float] = field(default_factory=dict)
    lows: dict[int, float] = field(default_factory=dict)
    highs: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least (or most) that an unknown can be; infinite where nothing bounds it.

    ``is_proven`` False: the solver ran out of time, and the true one may be nearer.
    """

    value: float
    proof: Proof
    witness: Vector | None
    by_whole_numbers: bool = False
    is_proven: bool = True


class Solver:
    """What one component allows."""

    def __init__(self, component: Component, said: str) -> None:
        """``said`` is a sum of the component in words, for the error that nothing fits."""
        self._component = component
        self._said = said
        self._equations = component.equation_matrix()
        self._right = np.array([right for *_, right in component.equations], dtype=float)
        self._limits = component.limit_matrix()
        self._most = np.array([most for *_, most in component.limits], dtype=float)
        self._bounds = np.column_stack((component.lows, component.highs)).astype(float)

    def extreme(self, unknown: int, sign: int) -> Extreme:
        """Return the least of ``unknown`` (``sign`` 1) or the most (-1), in whole numbers.

        Raises: ``TotalsContradict``.
        """
        objective = np.zeros(self._component.width)
        objective[unknown] = sign
        solved = self._linear(objective)
        if solved.status == _UNBOUNDED:
            return Extreme(-sign * np.inf, Proof(), None)
        proof = self._proof(solved)
        if _is_whole(solved.x):
            return Extreme(sign * round(solved.fun), proof, np.round(solved.x))
        return self._whole(objective, unknown, sign, solved.fun, proof)

    def witnesses(self, unsettled: Sequence[int]) -> Iterator[Vector]:
        """Yield solutions in whole numbers that differ in the ``unsettled`` unknowns."""
        draw = np.random.default_rng(_SEED)
        for _ in range(_WITNESSES):
            objective = np.zeros(self._component.width)
            # pulled down as far as may be, some of them up: that leaves no direction unbounded but a few
            objective[list(unsettled)] = draw.choice((-1.0, 1.0), size=len(unsettled))
            solved = self._linear(objective, capped=True)
            if _is_whole(solved.x):
                yield np.round(solved.x)

    def _linear(self, objective: Vector, *, capped: bool = False) -> Any:  # noqa: ANN401 -- SciPy has no types
        bounds = self._bounds
        if capped:
            largest = float(np.abs(self._right).sum()) + float(bounds[:, 0].sum()) + 100
            bounds = np.column_stack((bounds[:, 0], np.minimum(bounds[:, 1], largest)))
        solved = linprog(objective, **self._constraints(), bounds=bounds, method="highs-ds")
        if solved.status == _INFEASIBLE or (capped and solved.x is None):
            raise TotalsContradict(sum=self._said)
        return solved

    def _constraints(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        if self._component.equations:
            made |= {"A_eq": self._equations, "b_eq": self._right}
        if self._component.limits:
            made |= {"A_ub": self._limits, "b_ub": self._most}
        return made

    def _whole(self, objective: Vector, unknown: int, sign: int, bound: float, proof: Proof) -> Extreme:
        constraints = []
        if self._component.equations:
            constraints.append(LinearConstraint(self._equations, self._right, self._right))
        if self._component.limits:
            constraints.append(LinearConstraint(self._limits, -np.inf, self._most))
        solved = milp(
            objective,
            integrality=np.ones(self._component.width),
            bounds=tuple(self._bounds.T),
            constraints=constraints,
            options={"time_limit": _MOST_SECONDS, "mip_rel_gap": 0},
        )
        if solved.status == _INFEASIBLE:
            raise TotalsContradict(sum=self._said)
        outer = np.ceil(bound - _NEAR)
        if solved.status != 0 or solved.x is None:
            return Extreme(sign * outer, proof, None, is_proven=False)
        value = round(solved.x[unknown])
        return Extreme(value, proof, np.round(solved.x), by_whole_numbers=sign * value > outer)

    def _proof(self, solved: Any) -> Proof:  # noqa: ANN401 -- SciPy has no types
        return Proof(
            _nonzero(solved.eqlin.marginals),
            _nonzero(solved.ineqlin.marginals),
            _nonzero(solved.lower.marginals),
            _nonzero(solved.upper.marginals),
        )

    def derive(self, unknown: int) -> Proof | None:
        """Return the fewest sums that give ``unknown`` by adding and subtracting alone, if any do."""
        count = len(self._component.equations)
        if not count:
            return None
        columns = self._equations.T.tocsr()
        target = np.zeros(self._component.width)
        target[unknown] = 1
        both = np.concatenate((np.ones(count), np.ones(count)))
        solved = linprog(both, A_eq=hstack((columns, -columns)), b_eq=target, method="highs-ds")
        if solved.x is None:
            return None
        return Proof(_nonzero(solved.x[:count] - solved.x[count:]))


def _is_whole(solution: Vector) -> bool:
    return bool(np.all(np.abs(solution - np.round(solution)) < _NEAR))


def _nonzero(multipliers: Vector) -> dict[int, float]:
    return {int(index): float(multipliers[index]) for index in np.flatnonzero(np.abs(multipliers) > _NEAR)}
