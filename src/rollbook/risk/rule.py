"""The plain rule that a school could follow on paper: count warning signs.

It is the baseline that a model must beat to be worth its trouble. The share at risk among training subjects
with as many signs makes a probability of the count. Sources: Balfanz (sixth-grade indicators); ED FS195 (10
% of days).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.risk.arrays import Bools, Floats, Ints
from rollbook.risk.features import Features

# feature: (at least, at most), a sign where the value lies within
SIGNS: Final[Mapping[str, tuple[float, float]]] = {
    "missed_rate": (0.1, 1),
    "suspensions": (1, np.inf),
    "work_missing": (1, np.inf),
    "percent_of_due": (0, 60),
    "courses_failed": (1, np.inf),
    "prior_attempts": (1, np.inf),
    "days_since_active": (14, np.inf),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """The share at risk by number of signs."""

    shares: tuple[float, ...]

    def probability(self, features: Features) -> Floats:
        """Return the share that goes with each subject's signs."""
        return np.array(self.shares)[count_signs(features)]


def count_signs(features: Features) -> Ints:
    """Return how many signs each subject shows; what is not known is no sign."""
    signs: list[Bools] = []
    for name, (least, most) in SIGNS.items():
        values = features.column(name)
        signs.append((values >= least) & (values <= most))
    return np.asarray(np.sum(signs, axis=0), dtype=np.int64)


def fit_rule(features: Features, at_risk: Floats) -> Rule:
    """Learn the share at risk by number of signs, each with one imagined average subject."""
    signs, base = count_signs(features), float(at_risk.mean())
    cases = [at_risk[signs == count] for count in range(len(SIGNS) + 1)]
    shares = [(case.sum() + base) / (len(case) + 1) for case in cases]
    return Rule(tuple(float(share) for share in np.maximum.accumulate(shares)))
