"""From log-odds to a probability that means what it says, if that can be shown on rows held out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rollbook.risk.arrays import Bools, Floats, Ints
from rollbook.risk.ensemble import probability
from rollbook.risk.metrics import brier

METHODS: Final = ("none", "sigmoid", "isotonic")
_GAIN: Final = 0.0005  # of Brier score, below which plain log-odds stay


@dataclass(frozen=True, slots=True)
class Calibration:
    """A rising curve through points of log-odds and probability; no points: the plain logistic curve."""

    method: str
    log_odds: tuple[float, ...] = ()
    chances: tuple[float, ...] = ()

    def apply(self, log_odds: Floats) -> Floats:
        """Return probabilities."""
        if self.method == "none":
            return probability(log_odds)
        if self.method == "sigmoid":
            slope, intercept = self.log_odds[0], self.chances[0]
            return probability(slope * log_odds + intercept)
        return np.interp(log_odds, self.log_odds, self.chances)

    def to_json(self) -> dict[str, Any]:
        """Return all that the curve is."""
        return {"method": self.method, "log_odds": list(self.log_odds), "chances": list(self.chances)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Calibration":
        """Read what ``to_json`` wrote."""
        return cls(document["method"], tuple(document["log_odds"]), tuple(document["chances"]))


def fit_calibration(method: str, log_odds: Floats, at_risk: Floats) -> Calibration:
    """Fit one curve to log-odds of rows that the model did not see."""
    if method == "sigmoid":
        return _fit_sigmoid(log_odds, at_risk)
    if method == "isotonic":
        return _fit_isotonic(log_odds, at_risk)
    return Calibration("none")


def choose_calibration(
    log_odds: Floats, at_risk: Floats, splits: Sequence[tuple[Ints, Ints]]
) -> tuple[Calibration, dict[str, float]]:
    """Fit the method with the best Brier score on the splits' second parts; return it and every score."""
    scores = {method: _held_out(method, log_odds, at_risk, splits) for method in METHODS}
    best = min(METHODS, key=lambda method: scores[method])
    chosen = best if scores["none"] - scores[best] >= _GAIN else "none"
    return fit_calibration(chosen, log_odds, at_risk), scores


def _held_out(method: str, log_odds: Floats, at_risk: Floats, splits: Sequence[tuple[Ints, Ints]]) -> float:
    errors = [
        brier(at_risk[test], fit_calibration(method, log_odds[fit], at_risk[fit]).apply(log_odds[test]))
        for fit, test in splits
    ]
    return float(np.average(errors, weights=[len(test) for _, test in splits]))


def _fit_sigmoid(log_odds: Floats, at_risk: Floats) -> Calibration:
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- a second to load

    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(log_odds.reshape(-1, 1), at_risk)
    return Calibration("sigmoid", (float(fitted.coef_[0, 0]),), (float(fitted.intercept_[0]),))


def _fit_isotonic(log_odds: Floats, at_risk: Floats) -> Calibration:
    from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 -- a second to load

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(log_odds, at_risk)
    return Calibration("isotonic", tuple(fitted.X_thresholds_.tolist()), tuple(fitted.y_thresholds_.tolist()))


def both_kinds(at_risk: Floats, chosen: Bools | Ints) -> bool:
    """Say whether the chosen rows hold some at risk and some not."""
    return len(np.unique(at_risk[chosen])) == 2  # noqa: PLR2004 - 0 and 1
