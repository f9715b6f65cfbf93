"""The shape in which the demo hands its facts to the database: columns, each version with its instant."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array


@dataclass(frozen=True, slots=True)
class Words:
    """A column of few different texts. Shape: ``codes`` are places in ``words``; None may be one of them."""

    codes: Array
    words: tuple[str | None, ...]

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.codes)

    def __getitem__(self, rows: Array) -> "Words":
        """Return the ``rows`` (places or a mask)."""
        return Words(self.codes[rows], self.words)

    def texts(self) -> Array:
        """Return the texts themselves."""
        texts: Array = np.array(self.words, dtype=object)[self.codes]
        return texts


Column = Array | Words
Columns = Mapping[str, Column]
KNOWN_AT: Final = "known_at"
LOGGED_AT: Final = "logged_at"  # of a log, whose entries have no versions


@dataclass(frozen=True, slots=True)
class Correction:
    """Later versions of rows: ``key`` says which, ``columns`` what is new and when known."""

    key: Columns
    columns: Columns

    def __len__(self) -> int:
        """Count the versions."""
        return len(_known(self.columns))


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a table as first known, and their later versions, in the order in which they became known."""

    table: str
    rows: Columns
    corrections: Sequence[Correction] = field(default=())

    def __len__(self) -> int:
        """Count the rows."""
        return len(next(iter(self.rows.values())))

    def known_before(self, instant: np.datetime64) -> "Batch":
        """Return what was known before ``instant`` (UTC)."""
        return Batch(
            self.table, _until(self.rows, instant), tuple(_correction_until(self.corrections, instant))
        )


def _correction_until(corrections: Sequence[Correction], instant: np.datetime64) -> Iterator[Correction]:
    for correction in corrections:
        known = _known(correction.columns) < instant
        yield Correction(pick(correction.key, known), pick(correction.columns, known))


def _until(columns: Columns, instant: np.datetime64) -> Columns:
    return pick(columns, _known(columns) < instant)


def _known(columns: Columns) -> Array:
    known = columns[KNOWN_AT if KNOWN_AT in columns else LOGGED_AT]
    assert isinstance(known, np.ndarray)
    return known


def pick(columns: Columns, rows: Array) -> dict[str, Column]:
    """Return the ``rows`` (places or a mask) of every column."""
    return {name: values[rows] for name, values in columns.items()}


def nullable(values: Array, present: Array) -> Array:
    """Return ``values`` with None where they are not ``present``."""
    result = values.astype(object)
    result[~present] = None
    return result


def words_of(values: Sequence[str | None]) -> Words:
    """Return ``values`` as a column of few different texts."""
    vocabulary = {word: place for place, word in enumerate(dict.fromkeys(values))}
    return Words(np.array([vocabulary[word] for word in values], dtype=int), tuple(vocabulary))


def same(count: int, word: str) -> Words:
    """Return ``word``, ``count`` times."""
    return Words(np.zeros(count, dtype=int), (word,))


def lists(values: Sequence[object]) -> Array:
    """Return a column of Python's own values, such as lists; numpy would take them apart."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
