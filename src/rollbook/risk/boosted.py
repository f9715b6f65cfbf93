"""The boosted trees: LightGBM, a few seeds averaged, the same numbers on every run."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np

from rollbook.risk.arrays import Floats
from rollbook.risk.catalogue import COURSE, FEATURES
from rollbook.risk.features import Features

TREES: Final = (120, 300)  # at least, at most: one for every 50 rows
SEEDS: Final = (11, 12)
PARAMETERS: Final[dict[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 8,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "cat_smooth": 30.0,
    "cat_l2": 20.0,
    "max_bin": 127,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # more would wait for each other at every split; the seeds run side by side instead
    "verbose": -1,
}
_DIRECTIONS: Final = {feature.name: feature.direction for feature in FEATURES}
_ROWS_PER_TREE: Final = 50
_SMALLEST_LEAF: Final = 5
_LEAVES_PER_DATA: Final = 50  # at least so many leaves' worth of rows


@dataclass(frozen=True, slots=True)
class Boosted:
    """Boosted trees by LightGBM's own text, one per seed."""

    names: tuple[str, ...]
    courses: tuple[str, ...]
    texts: tuple[str, ...]
    _boosters: list[Any] = field(default_factory=list, compare=False, repr=False)

    def log_odds(self, features: Features) -> Floats:
        """Return each subject's log-odds of being at risk."""
        columns = self._columns(features)
        return _mean([booster.predict(columns, raw_score=True, num_threads=1) for booster in self._loaded()])

    def contributions(self, features: Features, names: Sequence[str]) -> Floats:
        """Return what each of ``names`` adds to an average training row's log-odds.

        Shape: (subjects, names).
        """
        columns = self._columns(features)
        with ThreadPoolExecutor(len(SEEDS)) as pool:
            explain = partial(_contributions, columns)
            parts = _mean(list(pool.map(explain, self._loaded())))
        added = np.zeros((len(features), len(names)))
        owners = (*self.names, COURSE) if self.courses else self.names
        for column, owner in enumerate(owners):
            added[:, names.index(owner)] = parts[:, column]
        return added

    def to_json(self) -> dict[str, Any]:
        """Return all that the model is."""
        return {"names": list(self.names), "courses": list(self.courses), "texts": list(self.texts)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Boosted":
        """Read what ``to_json`` wrote."""
        return cls(tuple(document["names"]), tuple(document["courses"]), tuple(document["texts"]))

    def _loaded(self) -> list[Any]:
        if not self._boosters:
            from lightgbm import Booster  # noqa: PLC0415 -- a second to load; most commands need none

            self._boosters.extend(Booster(model_str=text) for text in self.texts)
        return self._boosters

    def _columns(self, features: Features) -> Floats:
        return _columns(features, self.names, self.courses)


def fit_boosted(features: Features, at_risk: Floats, names: Sequence[str]) -> Boosted:
    """Fit to training rows, in their order."""
    courses = tuple(sorted({course for course in features.courses if course is not None}))
    columns = _columns(features, names, courses)
    categories = [len(names)] if courses else []
    parameters = parameters_for(names, rows=len(features), by_course=bool(courses))
    with ThreadPoolExecutor(len(SEEDS)) as pool:
        texts = pool.map(
            lambda seed: _grown(columns, at_risk, parameters | {"seed": seed}, categories), SEEDS
        )
        return Boosted(tuple(names), courses, tuple(texts))


def _grown(columns: Floats, at_risk: Floats, parameters: dict[str, Any], categories: list[int]) -> str:
    """Grow one seed's trees and return LightGBM's text of them."""
    import lightgbm  # noqa: PLC0415 -- a second to load; most commands need none

    data = lightgbm.Dataset(columns, at_risk, categorical_feature=categories)
    return str(lightgbm.train(parameters, data, trees_for(len(columns))).model_to_string())


def trees_for(rows: int) -> int:
    """Return how many trees so many training rows bear."""
    least, most = TREES
    return min(most, max(least, rows // _ROWS_PER_TREE))


def parameters_for(names: Sequence[str], *, rows: int, by_course: bool) -> dict[str, Any]:
    """Return LightGBM's parameters for training on so many rows."""
    leaf = min(PARAMETERS["min_data_in_leaf"], max(_SMALLEST_LEAF, rows // _LEAVES_PER_DATA))
    directions = [_DIRECTIONS[name] for name in names] + ([0] if by_course else [])
    return PARAMETERS | {"min_data_in_leaf": leaf, "monotone_constraints": directions}


def _contributions(columns: Floats, booster: Any) -> Any:  # noqa: ANN401 - LightGBM has no types
    return booster.predict(columns, pred_contrib=True, num_threads=1)


def _mean(parts: list[Any]) -> Floats:
    return np.asarray(np.mean(parts, axis=0), dtype=np.float64)


def _columns(features: Features, names: Sequence[str], courses: Sequence[str]) -> Floats:
    """Return the values and, last, the place of the course among ``courses`` (nan = a new one)."""
    columns = [features.column(name) for name in names]
    if courses:
        places = {course: float(place) for place, course in enumerate(courses)}
        columns.append(np.array([places.get(course or "", np.nan) for course in features.courses]))
    return np.column_stack(columns)
