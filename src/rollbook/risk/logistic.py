"""The linear model: medians, scales and coefficients, all learned from the training rows alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rollbook.risk.arrays import Floats
from rollbook.risk.catalogue import COURSE, FEATURES
from rollbook.risk.features import Features

INVERSE_PENALTY: Final = 0.01
_FARTHEST: Final = 5.0  # standard deviations; a value beyond all experience pushes no harder
_COUNTS: Final = frozenset(feature.name for feature in FEATURES if feature.is_count)


@dataclass(frozen=True, slots=True)
class Encoder:
    """Turns features into columns: values (not known = the median), "not known" marks, and one per course."""

    names: tuple[str, ...]
    medians: tuple[float, ...]
    marked: tuple[str, ...]
    courses: tuple[str, ...]

    @classmethod
    def learn(cls, features: Features, names: Sequence[str]) -> "Encoder":
        """Learn from training rows; ``names`` are known of at least one of them."""
        values = _tamed(features, names)
        unknown = np.asarray(np.isnan(values).any(axis=0))
        return cls(
            names=tuple(names),
            medians=tuple(float(median) for median in np.nanmedian(values, axis=0)),
            marked=tuple(name for name, some in zip(names, unknown.tolist(), strict=True) if some),
            courses=tuple(sorted({course for course in features.courses if course is not None})),
        )

    @property
    def owners(self) -> list[str]:
        """The feature that each column speaks for."""
        return [*self.names, *self.marked, *(COURSE for _ in self.courses)]

    def encode(self, features: Features) -> Floats:
        """Return the columns. Shape: (subjects, len(owners)), nothing unknown."""
        values = _tamed(features, self.names)
        unknown = np.isnan(values)
        marks = unknown[:, [self.names.index(name) for name in self.marked]]
        taken = [[course == known for known in self.courses] for course in features.courses]
        courses = np.array(taken, dtype=np.float64).reshape(len(features), len(self.courses))
        return np.hstack([np.where(unknown, self.medians, values), marks, courses])


@dataclass(frozen=True, slots=True)
class Logistic:
    """A regularised logistic regression on standardised columns."""

    encoder: Encoder
    means: tuple[float, ...]
    scales: tuple[float, ...]
    weights: tuple[float, ...]
    intercept: float

    def log_odds(self, features: Features) -> Floats:
        """Return each subject's log-odds of being at risk."""
        return np.asarray((self._columns(features) * np.array(self.weights)).sum(axis=1) + self.intercept)

    def contributions(self, features: Features, names: Sequence[str]) -> Floats:
        """Return what each of ``names`` adds to an average training row's log-odds.

        Shape: (subjects, names).
        """
        parts = self._columns(features) * np.array(self.weights)
        added = np.zeros((len(features), len(names)))
        for column, owner in enumerate(self.encoder.owners):
            added[:, names.index(owner)] += parts[:, column]
        return added

    def to_json(self) -> dict[str, Any]:
        """Return all that the model is."""
        encoder = {name: list(getattr(self.encoder, name)) for name in Encoder.__slots__}
        numbers = {name: list(getattr(self, name)) for name in ("means", "scales", "weights")}
        return {"encoder": encoder, **numbers, "intercept": self.intercept}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Logistic":
        """Read what ``to_json`` wrote."""
        encoder = Encoder(**{name: tuple(value) for name, value in document["encoder"].items()})
        numbers = {name: tuple(document[name]) for name in ("means", "scales", "weights")}
        return cls(encoder=encoder, **numbers, intercept=document["intercept"])

    def _columns(self, features: Features) -> Floats:
        columns = (self.encoder.encode(features) - np.array(self.means)) / np.array(self.scales)
        return np.asarray(np.clip(columns, -_FARTHEST, _FARTHEST))


def fit_logistic(features: Features, at_risk: Floats, names: Sequence[str]) -> Logistic:
    """Fit to training rows; ``names`` are known of at least one of them."""
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 -- a second to load
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 -- comes with scikit-learn

    encoder = Encoder.learn(features, names)
    columns = encoder.encode(features)
    means, spreads = columns.mean(axis=0), columns.std(axis=0)
    scales = np.where(spreads > 0, spreads, 1.0)
    standard = np.clip((columns - means) / scales, -_FARTHEST, _FARTHEST)
    with threadpool_limits(1):  # the order of sums must not depend on how many processors are free
        fitted = LogisticRegression(C=INVERSE_PENALTY, solver="newton-cholesky").fit(standard, at_risk)
    return Logistic(
        encoder=encoder,
        means=tuple(means.tolist()),
        scales=tuple(scales.tolist()),
        weights=tuple(fitted.coef_[0].tolist()),
        intercept=float(fitted.intercept_[0]),
    )


def _tamed(features: Features, names: Sequence[str]) -> Floats:
    """Return the values of ``names``, long-tailed counts as logarithms."""
    columns = [features.column(name) for name in names]
    tamed = [np.log1p(c) if name in _COUNTS else c for name, c in zip(names, columns, strict=True)]
    return np.column_stack(tamed)
