"""How good a list of scores is: ranking, probability, and who is on the first pages of the list.

Every figure takes weights (how often a subject counts), so that a bootstrap resamples without copying;
equal scores share their places, so that the order of rows never matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.risk.arrays import Floats, Ints

TOP_SHARES: Final = (0.05, 0.10, 0.20)
_BINS: Final = 10
_REPLICATES: Final = 200
_SEED: Final = 20261120
_INTERVAL: Final = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and the middle 95 % of its bootstrap replicates; None where it is not defined."""

    value: float | None
    low: float | None
    high: float | None


def figure_names() -> list[str]:
    """Return the names of the figures, in their order."""
    tops = [f"{what}_at_{share * 100:.0f}" for share in TOP_SHARES for what in ("precision", "recall")]
    return ["auc", "average_precision", "brier", "ece", *tops]


def evaluate(at_risk: Floats, scores: Floats, students: Sequence[str]) -> dict[str, Figure]:
    """Return every figure with its interval, students resampled (a student's rows stay together).

    Units:  ``scores`` are probabilities; ``ece`` is over ten bins of equal size.
    """
    ranked = _Ranked.of(at_risk, scores)
    values = ranked.figures(np.ones(len(scores)))
    replicates = np.array([ranked.figures(weights) for weights in _resampled(students)])
    return {
        name: Figure(_number(value), *_interval(replicates[:, place]))
        for place, (name, value) in enumerate(zip(figure_names(), values, strict=True))
    }


def brier(at_risk: Floats, scores: Floats) -> float:
    """Return the mean squared distance between score and outcome."""
    return float(np.mean((scores - at_risk) ** 2))


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Scores from high to low, with where each run of equal ones ends."""

    order: Ints
    at_risk: Floats
    scores: Floats
    ends: Ints

    @classmethod
    def of(cls, at_risk: Floats, scores: Floats) -> "_Ranked":
        order = np.argsort(-scores, kind="stable")
        ranked = scores[order]
        ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        return cls(order, at_risk[order], ranked, ends)

    def figures(self, weights: Floats) -> list[float]:
        """Return the figures in the order of ``figure_names``; nan where one is not defined."""
        weight = weights[self.order]
        hits = np.cumsum(weight * self.at_risk)[self.ends]
        seen = np.cumsum(weight)[self.ends]
        positives, total = hits[-1], seen[-1]
        if positives in (0, total):
            return [np.nan] * len(figure_names())
        error = float(np.sum(weight * (self.scores - self.at_risk) ** 2) / total)
        tops = [_at_top(hits, seen, share) for share in TOP_SHARES]
        return [
            _auc(hits, seen),
            _precision(hits, seen),
            error,
            self._ece(weight),
            *(x for top in tops for x in top),
        ]

    def _ece(self, weight: Floats) -> float:
        """Return how far, on average, a bin's mean score is from its share at risk."""
        seen = np.cumsum(weight)
        bins = np.minimum((_BINS * (seen - weight / 2) / seen[-1]).astype(int), _BINS - 1)
        gaps = np.bincount(bins, weight * (self.scores - self.at_risk), _BINS)
        return float(np.abs(gaps).sum() / seen[-1])


def _auc(hits: Floats, seen: Floats) -> float:
    """Return the share of pairs in which the one at risk has the higher score; ties count half."""
    misses = seen - hits
    gained = np.diff(hits, prepend=0.0)
    passed = np.diff(misses, prepend=0.0)
    pairs = np.sum(gained * (misses[-1] - misses + passed / 2))
    return float(pairs / (hits[-1] * misses[-1]))


def _precision(hits: Floats, seen: Floats) -> float:
    """Return the average precision: the mean of the precision where each one at risk is found."""
    precision = hits / np.maximum(seen, 1e-12)
    return float(np.sum(np.diff(hits, prepend=0.0) * precision) / hits[-1])


def _at_top(hits: Floats, seen: Floats, share: float) -> tuple[float, float]:
    """Return precision and recall of the first ``share`` of the list, ties cut proportionally."""
    places = share * seen[-1]
    found = float(np.interp(places, np.append(0.0, seen), np.append(0.0, hits)))
    return found / places, found / hits[-1]


def _resampled(students: Sequence[str]) -> Floats:
    """Return the weights of each replicate. Shape: (replicates, rows)."""
    _, groups = np.unique(np.array(students), return_inverse=True)
    count = int(groups.max()) + 1
    drawn = np.random.default_rng(_SEED).integers(0, count, size=(_REPLICATES, count))
    return np.array([np.bincount(draw, minlength=count)[groups] for draw in drawn], dtype=np.float64)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _interval(replicates: Floats) -> tuple[float | None, float | None]:
    defined = replicates[~np.isnan(replicates)]
    if len(defined) == 0:
        return None, None
    low, high = np.percentile(defined, _INTERVAL)
    return float(low), float(high)
