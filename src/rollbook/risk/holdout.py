"""Scores for rows that the model did not see: a student's are by a model fitted without them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.core.progress import Report
from rollbook.risk.arrays import Floats, Ints
from rollbook.risk.ensemble import Ensemble, fit_ensemble, probability
from rollbook.risk.features import Features
from rollbook.risk.rule import Rule, fit_rule

FOLDS: Final = 5
_SEED: Final = 20261120


@dataclass(frozen=True, slots=True)
class Candidates:
    """The models that are always reported side by side, fitted to the same rows."""

    ensemble: Ensemble
    rule: Rule

    def scores(self, features: Features) -> dict[str, Floats]:
        """Return each model's probabilities; the ensemble is what is shipped."""
        boosted = self.ensemble.boosted.log_odds(features)
        logistic = self.ensemble.logistic.log_odds(features)
        return {
            "ensemble": probability((boosted + logistic) / 2),
            "lightgbm": probability(boosted),
            "logistic": probability(logistic),
            "rule": self.rule.probability(features),
        }


def fit_candidates(features: Features, at_risk: Floats) -> Candidates:
    """Fit every model to training rows that hold both kinds."""
    return Candidates(fit_ensemble(features, at_risk), fit_rule(features, at_risk))


def grouped_folds(at_risk: Floats, students: Sequence[str]) -> Iterator[tuple[Ints, Ints]]:
    """Yield (fit, test) places of folds with like shares at risk; a student is in one fold's test only."""
    from sklearn.model_selection import StratifiedGroupKFold  # noqa: PLC0415 -- a second to load

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=_SEED)
    yield from folds.split(np.zeros(len(at_risk)), at_risk, np.array(students))


def held_out_scores(
    features: Features, at_risk: Floats, students: Sequence[str], report: Report
) -> dict[str, Floats]:
    """Return each model's probabilities for every row, by the fold that did not train on its student."""
    scores: dict[str, Floats] = {}
    for fit, test in grouped_folds(at_risk, students):
        fitted = fit_candidates(features.rows(fit), at_risk[fit])
        for name, values in fitted.scores(features.rows(test)).items():
            scores.setdefault(name, np.full(len(at_risk), np.nan))[test] = values
        report.advance()
    return scores
