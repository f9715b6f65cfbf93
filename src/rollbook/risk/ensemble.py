"""What is shipped: boosted trees and the linear model, half each, on the log-odds scale.

Measured on the Open University data: between presentations the mean of the two beats either early in a
course, where little is known and the line generalises, and is as good as the trees later
(docs/benchmarks.md).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rollbook.risk.arrays import Floats
from rollbook.risk.boosted import Boosted, fit_boosted
from rollbook.risk.catalogue import COURSE
from rollbook.risk.features import Features
from rollbook.risk.logistic import Logistic, fit_logistic


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The mean of two models' log-odds."""

    names: tuple[str, ...]
    boosted: Boosted
    logistic: Logistic

    @property
    def owners(self) -> tuple[str, ...]:
        """What contributions are split by."""
        return (*self.names, COURSE)

    def log_odds(self, features: Features) -> Floats:
        """Return each subject's log-odds of being at risk."""
        return (self.boosted.log_odds(features) + self.logistic.log_odds(features)) / 2

    def contributions(self, features: Features) -> Floats:
        """Return what each of ``owners`` adds to an average training row's log-odds.

        Shape: (subjects, owners).
        """
        trees = self.boosted.contributions(features, self.owners)
        return (trees + self.logistic.contributions(features, self.owners)) / 2

    def to_json(self) -> dict[str, Any]:
        """Return all that the model is."""
        parts = {"boosted": self.boosted.to_json(), "logistic": self.logistic.to_json()}
        return {"names": list(self.names), **parts}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Ensemble":
        """Read what ``to_json`` wrote."""
        boosted, logistic = Boosted.from_json(document["boosted"]), Logistic.from_json(document["logistic"])
        return cls(tuple(document["names"]), boosted, logistic)


def fit_ensemble(features: Features, at_risk: Floats) -> Ensemble:
    """Fit both models to training rows, on the features that are known of at least one of them."""
    names = features.known()
    return Ensemble(names, fit_boosted(features, at_risk, names), fit_logistic(features, at_risk, names))


def probability(log_odds: Floats) -> Floats:
    """Turn log-odds into a probability."""
    return np.asarray(1 / (1 + np.exp(-log_odds)))
