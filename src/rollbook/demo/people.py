"""The students of an area: who they are, for good, and what moves them that nobody sees."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array, SchoolYear
from rollbook.demo.ids import Ids
from rollbook.demo.words import BOYS, FAMILIES, GIRLS

_NUMBERS_PER_AREA: Final = 50_000
HAS_SIBLING: Final = 0.2
_LANGUAGES: Final = np.array(["es", "vi", "ar", "so", "hmn", "zh"])
_LANGUAGE_SHARES: Final = [0.68, 0.1, 0.08, 0.06, 0.05, 0.03]


@dataclass(frozen=True, slots=True)
class People:
    """Shape: arrays by student of the area, in the order in which they came.

    ``family`` is the place of the family's first. ``strain`` and the three of one field each last for life:
    mean about 0, high is bad.
    """

    ids: Array
    numbers: Array
    first_names: Array
    last_names: Array
    gender: Array
    birth_date: Array
    race_ethnicity: Array
    languages: Array
    is_english_learner: Array
    is_special_education: Array
    economic_status: Array
    is_opted_out: Array
    family: Array
    strain: Array
    attendance: Array
    learning: Array
    conduct: Array

    def __len__(self) -> int:
        """Count them."""
        return len(self.ids)

    def __add__(self, others: "People") -> "People":
        """Return these and then ``others``."""
        return People(
            *(np.concatenate([getattr(self, f.name), getattr(others, f.name)]) for f in fields(self))
        )


def draw_people(  # noqa: PLR0913 - each says one thing about them
    rng: np.random.Generator, ids: Ids, year: SchoolYear, *, area: int, known: int, grade: Array
) -> People:
    """Draw the students who come to ``area`` in ``year``, in ``grade``; ``known`` came before them."""
    count = len(grade)
    is_girl = rng.random(count) < 0.49
    learns_english = rng.random(count) < np.where(grade < 6, 0.16, 0.09)
    first = 100_001 + area * _NUMBERS_PER_AREA + known
    family = _families(rng, count)
    return People(
        ids=ids.draw(count),
        numbers=np.array([f"S{first + n}" for n in range(count)], dtype=object),
        first_names=np.where(is_girl, rng.choice(GIRLS, count), rng.choice(BOYS, count)).astype(object),
        last_names=rng.choice(FAMILIES, count).astype(object)[family],
        gender=_gender(rng, is_girl),
        birth_date=_birthdays(rng, year, grade),
        race_ethnicity=_race_ethnicity(rng, count),
        languages=_languages(rng, learns_english),
        is_english_learner=learns_english,
        is_special_education=rng.random(count) < 0.14,
        economic_status=rng.choice(
            np.array(["disadvantaged", "not_disadvantaged"], dtype=object), count, p=[0.46, 0.54]
        ),
        is_opted_out=rng.random(count) < 0.03,
        family=known + family,
        strain=0.75 * rng.standard_normal(count),
        attendance=0.5 * rng.standard_normal(count),
        learning=0.5 * rng.standard_normal(count),
        conduct=0.8 * rng.standard_normal(count),
    )


def _families(rng: np.random.Generator, count: int) -> Array:
    """Return each one's family, named for its first: one in five is a sibling of somebody before."""
    own = np.arange(count)
    family = np.where(rng.random(count) < HAS_SIBLING, (rng.random(count) * own).astype(int), own)
    while (family[family] != family).any():
        family = family[family]
    return family


def _gender(rng: np.random.Generator, is_girl: Array) -> Array:
    gender = np.where(is_girl, "F", "M").astype(object)
    gender[rng.random(len(gender)) < 0.01] = "X"
    return gender


def _birthdays(rng: np.random.Generator, year: SchoolYear, grade: Array) -> Array:
    """Return a birthday that makes the student five on 1 September of kindergarten; some are a year older."""
    held_back = rng.random(len(grade)) < 0.04
    youngest = (year.number - 1 - 5 - grade - held_back).astype("int64") - 1970
    september = youngest.astype("datetime64[Y]").astype("datetime64[M]") + np.timedelta64(8, "M")
    birthdays: Array = september.astype("datetime64[D]") - rng.integers(1, 366, len(grade))
    return birthdays


def _race_ethnicity(rng: np.random.Generator, count: int) -> Array:
    groups = ["hispanic_latino", "white", "black", "asian", "american_indian", "pacific_islander"]
    shares = [0.31, 0.38, 0.17, 0.09, 0.03, 0.02]
    first, second = rng.choice(groups, (2, count), p=shares)
    several = rng.random(count) < 0.07
    chosen = np.empty(count, dtype=object)
    chosen[:] = [
        sorted({a, b}) if two else [a]
        for a, b, two in zip(first.tolist(), second.tolist(), several.tolist(), strict=True)
    ]
    return chosen


def _languages(rng: np.random.Generator, learns_english: Array) -> Array:
    """Return the languages of each home, the first first; who learns English has another one before it."""
    other = rng.choice(_LANGUAGES, len(learns_english), p=_LANGUAGE_SHARES)
    speaks_other = learns_english | (rng.random(len(other)) < 0.08)
    spoken = np.empty(len(other), dtype=object)
    spoken[:] = [
        [word, "en"] if has else ["en"]
        for word, has in zip(other.tolist(), speaks_other.tolist(), strict=True)
    ]
    return spoken
