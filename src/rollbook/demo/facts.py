"""The shape in which the demo hands its facts to the database: columns, each version with its instant."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rollbook.demo.calendar import Array

Columns = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class Correction:
    """Later versions of rows of ``table``: ``key`` says which, ``columns`` what is new and when known."""

    table: str
    key: Columns
    columns: Columns


@dataclass(slots=True)
class District:
    """Everything that is written. Shape: ``tables`` in the order in which references allow it."""

    tables: dict[str, Columns] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)

    def known_before(self, instant: np.datetime64) -> "District":
        """Return what was known before ``instant`` (UTC); tables without known_at stay whole."""
        return District(
            {name: _until(columns, columns, instant) for name, columns in self.tables.items()},
            [
                Correction(c.table, _until(c.key, c.columns, instant), _until(c.columns, c.columns, instant))
                for c in self.corrections
            ],
        )


def _until(columns: Columns, dated: Columns, instant: np.datetime64) -> Columns:
    if "known_at" not in dated:
        return columns
    kept = dated["known_at"] < instant
    return {name: values[kept] for name, values in columns.items()}


def pick(columns: Columns, rows: Array) -> dict[str, Array]:
    """Return the ``rows`` (places or a mask) of every column."""
    return {name: values[rows] for name, values in columns.items()}


def nullable(values: Array, present: Array) -> Array:
    """Return ``values`` with None where they are not ``present``."""
    result = values.astype(object)
    result[~present] = None
    return result


def texts(count: int, value: str) -> Array:
    """Return ``value``, ``count`` times."""
    return np.full(count, value, dtype=object)
