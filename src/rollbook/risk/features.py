"""The features of a cohort: one query per room, put side by side."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np
from sqlalchemy import Result
from sqlalchemy.orm import Session

from rollbook.core.progress import Report, Silent
from rollbook.core.sql import named_sql
from rollbook.risk.arrays import Bools, Floats, Ints
from rollbook.risk.catalogue import COURSE, FEATURES, NAMES, QUERIES, Room
from rollbook.risk.cohort import Cohort, planned_for_sets

_SILENT: Final = Silent()


@dataclass(frozen=True, slots=True)
class Features:
    """Subjects by features: ``values`` is (subjects, names), nan = not known."""

    names: tuple[str, ...]
    values: Floats
    courses: tuple[str | None, ...]

    def __len__(self) -> int:
        """Return the number of subjects."""
        return len(self.values)

    def column(self, name: str) -> Floats:
        """Return one feature of every subject."""
        return self.values[:, self.names.index(name)]

    def rows(self, chosen: Bools | Ints) -> "Features":
        """Return some of the subjects: a mask, or their places."""
        places = np.arange(len(self))[chosen]
        return replace(self, values=self.values[places], courses=tuple(self.courses[i] for i in places))

    def without(self, room: Room) -> "Features":
        """Return the features with one room's not known."""
        hidden = [feature.room == room for feature in FEATURES]
        return replace(self, values=np.where(hidden, np.nan, self.values))

    def known(self) -> tuple[str, ...]:
        """Return the features that are known of anybody."""
        return tuple(name for name, some in zip(self.names, self._is_known(), strict=True) if some)

    def empty(self) -> tuple[str, ...]:
        """Return the features that are known of nobody."""
        return tuple(name for name, some in zip(self.names, self._is_known(), strict=True) if not some)

    def vector(self, place: int) -> dict[str, Any]:
        """Return one subject's features by name, as JSON takes them."""
        numbers = (None if np.isnan(value) else float(value) for value in self.values[place])
        return {COURSE: self.courses[place], **dict(zip(self.names, numbers, strict=True))}

    def _is_known(self) -> Bools:
        return np.asarray(~np.isnan(self.values).all(axis=0))


def compute(db: Session, cohort: Cohort, report: Report = _SILENT) -> Features:
    """Ask every room for its features of the cohort that lies in the temporary tables."""
    report.step("Features", len(QUERIES))
    values = np.full((len(cohort), len(NAMES)), np.nan)
    for room, query in QUERIES.items():
        with planned_for_sets(db):
            result = db.execute(named_sql(f"rollbook.{room}", "features.sql")[query])
        _place(values, _names_of(room), result)
        report.advance()
    return Features(NAMES, values, tuple(subject.course_code for subject in cohort))


@cache
def feature_set_version() -> str:
    """Return the name of what the features mean: it changes with their list and with any query's text."""
    texts = [named_sql(f"rollbook.{room}", "features.sql")[query].text for room, query in QUERIES.items()]
    texts += [named_sql("rollbook.risk")[name].text for name in ("fill_cohort_sections", "fill_cohort")]
    return "f" + hashlib.sha256("\n".join([*NAMES, *texts]).encode()).hexdigest()[:12]


def _names_of(room: Room) -> list[str]:
    return [feature.name for feature in FEATURES if feature.room == room]


def _place(values: Floats, names: Sequence[str], result: Result[Any]) -> None:
    """Write the columns ``names`` of ``result`` in the rows of their subjects."""
    keys = list(result.keys())
    rows = result.all()
    if not rows:
        return
    columns = dict(zip(keys, zip(*rows, strict=True), strict=True))
    places = np.array(columns["subject"]) - 1
    for name in names:
        values[places, NAMES.index(name)] = np.array(columns[name], dtype=np.float64)
