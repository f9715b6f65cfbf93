"""How sure a score is: the confidence of an inductive conformal predictor, one calibration set per class.

For each of the two answers, its p-value is the share of held-out subjects who did end that way and looked
no more typical of it than this one. Confidence = 1 - the smaller p-value: how strongly the less likely
answer can be ruled out. 0.95 means: of students who end that way, 5 % or fewer look like this one. It says
nothing about which answer it is (risk_score does), nor about times unlike those the model learned from.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rollbook.risk.arrays import Floats

_POINTS: Final = 401


@dataclass(frozen=True, slots=True)
class Confidence:
    """Held-out scores by how it ended, thinned to quantiles."""

    at_risk: tuple[float, ...]
    not_at_risk: tuple[float, ...]

    def of(self, scores: Floats) -> Floats:
        """Return the confidence of each score."""
        lower = _share_at_most(self.at_risk, scores)
        higher = 1 - _share_at_most(self.not_at_risk, scores, strictly=True)
        return 1 - np.minimum(lower, higher)

    def to_json(self) -> dict[str, Any]:
        """Return the quantiles."""
        return {"at_risk": list(self.at_risk), "not_at_risk": list(self.not_at_risk)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Confidence":
        """Read what ``to_json`` wrote."""
        return cls(tuple(document["at_risk"]), tuple(document["not_at_risk"]))


def fit_confidence(scores: Floats, at_risk: Floats) -> Confidence:
    """Keep the quantiles of held-out scores, by how it ended."""
    return Confidence(_quantiles(scores[at_risk == 1]), _quantiles(scores[at_risk == 0]))


def _quantiles(scores: Floats) -> tuple[float, ...]:
    if len(scores) <= _POINTS:
        return tuple(np.sort(scores).tolist())
    return tuple(np.quantile(scores, np.linspace(0, 1, _POINTS)).tolist())


def _share_at_most(known: tuple[float, ...], scores: Floats, *, strictly: bool = False) -> Floats:
    """Return the share of ``known`` (and the score itself) at or below each score, or strictly below it."""
    below = np.searchsorted(np.array(known), scores, side="left" if strictly else "right")
    return np.asarray((below + (0 if strictly else 1)) / (len(known) + 1))
