"""Scoring a day: the cohort's features through the model in use, ranked, cut and explained."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from rollbook.core.progress import Report, Silent
from rollbook.core.tenancy import Tenant
from rollbook.risk import store
from rollbook.risk.arrays import Floats, Ints
from rollbook.risk.cohort import Cohort, gather_day
from rollbook.risk.features import Features, compute, feature_set_version
from rollbook.risk.model import TrainedModel
from rollbook.risk.models import RiskCategory
from rollbook.risk.reasons import risk_factors

_SILENT: Final = Silent()


@dataclass(frozen=True, slots=True)
class BuildSummary:
    """A day's features: how many subjects, how many rows changed, which features are known of nobody."""

    as_of: date
    subjects: int
    written: int
    feature_set_version: str
    empty_features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreSummary:
    """A day's predictions: how many subjects, how many rows changed, how many of each category."""

    as_of: date
    model_version: str
    subjects: int
    written: int
    categories: dict[str, int]


def build(db: Session, tenant: Tenant, as_of: date, report: Report = _SILENT) -> BuildSummary:
    """Make the features of everyone enrolled and undecided on a day; the same again changes nothing.

    Raises: ``NoSections``; ``BeforeData``; ``CohortEmpty``.
    """
    return _build(db, tenant, as_of, report)[0]


def score(db: Session, tenant: Tenant, as_of: date, report: Report = _SILENT) -> ScoreSummary:
    """Score everyone enrolled and undecided on a day with the model in use, from features made now.

    Raises: ``ModelNotTrained``; ``ModelOutdated``; ``ModelDamaged``; what ``build`` raises.
    """
    version, model = store.active_model(db, tenant, as_of)
    _, cohort, features = _build(db, tenant, as_of, report)
    report.step("Scores and reasons", 1)
    rows = list(predictions(model, cohort, features))
    written = store.save_predictions(db, tenant, as_of, version, rows)
    report.advance()
    found = [row[3] for row in rows]
    categories = {str(category): found.count(category) for category in RiskCategory}
    return ScoreSummary(as_of, version, len(rows), written, categories)


def predictions(model: TrainedModel, cohort: Cohort, features: Features) -> Iterator[Sequence[Any]]:
    """Yield each subject's row for ``store.save_predictions``."""
    scores = model.scores(features)
    ranks = rank(scores)
    confidences = model.confidence.of(scores)
    reasons = explain(model, features)
    for place, subject in enumerate(cohort):
        category = model.cuts.category(scores[place], int(ranks[place]), len(cohort))
        facts = (float(scores[place]), category, float(confidences[place]), int(ranks[place]))
        yield (subject.student_id, subject.section_id, *facts, json.dumps(reasons[place]))


def rank(scores: Floats) -> Ints:
    """Return each subject's place in the list, 1 = highest risk; equal scores keep the cohort's order."""
    places = np.empty(len(scores), dtype=np.int64)
    places[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return places


def explain(model: TrainedModel, features: Features) -> list[list[dict[str, Any]]]:
    """Return each subject's reasons."""
    added = model.ensemble.contributions(features)
    known = ~np.isnan(features.values)
    return [
        risk_factors(model.ensemble.owners, added[place], _values(features, known[place], place))
        for place in range(len(features))
    ]


def _values(features: Features, known: Any, place: int) -> dict[str, float]:  # noqa: ANN401 - a row of booleans
    return {
        name: value
        for name, value, some in zip(features.names, features.values[place].tolist(), known, strict=True)
        if some
    }


def _build(db: Session, tenant: Tenant, as_of: date, report: Report) -> tuple[BuildSummary, Cohort, Features]:
    cohort = gather_day(db, tenant, as_of)
    features = compute(db, cohort, report)
    written = store.save_features(db, tenant, as_of, cohort, features)
    summary = BuildSummary(as_of, len(cohort), written, feature_set_version(), features.empty())
    return summary, cohort, features
