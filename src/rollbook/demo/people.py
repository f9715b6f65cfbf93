"""Schools, staff and students of the demo, and what moves each student's year."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import SCHOOL_YEAR, TERMS, WEEKS, Array, school_days
from rollbook.demo.ids import Ids
from rollbook.demo.words import BOYS, FAMILIES, GIRLS
from rollbook.roster.models import SchoolType

GRADES: Final = 13  # kindergarten, which is 0, to grade 12
STUDENTS_PER_COUNSELOR: Final = 150


@dataclass(frozen=True, slots=True)
class SchoolPlan:
    """A school as the demo sets it up; ``strain`` is what its students bear more than others."""

    code: str
    name: str
    school_type: SchoolType
    low_grade: int
    high_grade: int
    strain: float


SCHOOLS: Final = (
    SchoolPlan("MCE", "Maple Creek Elementary School", SchoolType.ELEMENTARY, 0, 5, -0.25),
    SchoolPlan("RBM", "Riverbend Middle School", SchoolType.MIDDLE, 6, 8, 0.0),
    SchoolPlan("NHH", "North Harbor High School", SchoolType.HIGH, 9, 12, 0.25),
)


@dataclass(frozen=True, slots=True)
class Students:
    """Shape: arrays by student. ``school`` is a place in SCHOOLS; ``exit_on`` is NaT for who stayed."""

    ids: Array
    numbers: Array
    first_names: Array
    last_names: Array
    gender: Array
    birth_date: Array
    race_ethnicity: list[list[str]]
    grade: Array
    school: Array
    is_english_learner: Array
    is_special_education: Array
    economic_status: Array
    entry_on: Array
    exit_on: Array

    def __len__(self) -> int:
        """Count them."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Lives:
    """What the district cannot see. Shape: (student, week), mean about 0, spread about 1; high is bad."""

    attendance: Array
    learning: Array
    conduct: Array


def draw_students(rng: np.random.Generator, ids: Ids, count: int) -> Students:
    """Draw ``count`` students, as many in each grade."""
    grade = np.sort(np.arange(count) % GRADES)
    is_girl = rng.random(count) < 0.49
    first_names = np.where(is_girl, rng.choice(GIRLS, count), rng.choice(BOYS, count))
    gender = np.where(is_girl, "F", "M").astype(object)
    gender[rng.random(count) < 0.01] = "X"
    return Students(
        ids=ids.draw(count),
        numbers=np.array([f"S{100_001 + n}" for n in range(count)], dtype=object),
        first_names=first_names,
        last_names=rng.choice(FAMILIES, count),
        gender=gender,
        birth_date=_birthdays(rng, grade),
        race_ethnicity=_race_ethnicity(rng, count),
        grade=grade,
        school=np.searchsorted([plan.low_grade for plan in SCHOOLS], grade, side="right") - 1,
        is_english_learner=rng.random(count) < np.where(grade < 6, 0.16, 0.09),
        is_special_education=rng.random(count) < 0.14,
        economic_status=rng.choice(
            np.array(["disadvantaged", "not_disadvantaged"], dtype=object), count, p=[0.46, 0.54]
        ),
        **_stay(rng, count),
    )


def _birthdays(rng: np.random.Generator, grade: Array) -> Array:
    """Return a birthday that makes the student five on 1 September of kindergarten; some are a year older."""
    held_back = rng.random(len(grade)) < 0.04
    youngest = (SCHOOL_YEAR - 1 - 5 - grade - held_back).astype("int64") - 1970
    september = youngest.astype("datetime64[Y]").astype("datetime64[M]") + np.timedelta64(8, "M")
    birthdays: Array = september.astype("datetime64[D]") - rng.integers(1, 366, len(grade))
    return birthdays


def _race_ethnicity(rng: np.random.Generator, count: int) -> list[list[str]]:
    groups = ["hispanic_latino", "white", "black", "asian", "american_indian", "pacific_islander"]
    shares = [0.31, 0.38, 0.17, 0.09, 0.03, 0.02]
    first, second = rng.choice(groups, (2, count), p=shares)
    several = rng.random(count) < 0.07
    return [
        sorted({a, b}) if two else [a]
        for a, b, two in zip(first.tolist(), second.tolist(), several.tolist(), strict=True)
    ]


def _stay(rng: np.random.Generator, count: int) -> dict[str, Array]:
    """Return who came late (one in 25) and who left (one in 30), each on a school day."""
    days = school_days()
    entry = np.full(count, np.datetime64(TERMS[0].starts_on))
    late = rng.random(count) < 0.04
    entry[late] = days[rng.integers(10, 130, int(late.sum()))]
    exit_on = np.full(count, np.datetime64("NaT"), dtype="datetime64[D]")
    gone = ~late & (rng.random(count) < 0.033)
    exit_on[gone] = days[rng.integers(20, len(days), int(gone.sum()))]
    return {"entry_on": entry, "exit_on": exit_on}


def draw_lives(rng: np.random.Generator, students: Students) -> Lives:
    """Draw one latent risk per student, let it wander and turn week by week, and split it by field."""
    count = len(students)
    school = np.array([plan.strain for plan in SCHOOLS])[students.school]
    poor = np.where(students.economic_status == "disadvantaged", 0.2, -0.17)
    base = 0.75 * rng.standard_normal(count) + school + poor
    strain = base[:, None] + _wander(rng, count) + _crises(rng, count) + _turns(rng, count)
    return Lives(
        attendance=_field(rng, strain, own=0.6),
        learning=_field(rng, strain, own=0.6),
        conduct=_field(rng, strain, own=0.8),
    )


def _wander(rng: np.random.Generator, count: int) -> Array:
    """Return a slow random walk that is drawn back to 0: most of it is forgotten in two months."""
    keep, spread = 0.9, 0.55
    steps = rng.standard_normal((count, WEEKS)) * spread
    walk = np.empty_like(steps)
    walk[:, 0] = steps[:, 0]
    for week in range(1, WEEKS):
        walk[:, week] = keep * walk[:, week - 1] + np.sqrt(1 - keep**2) * steps[:, week]
    return walk


def _crises(rng: np.random.Generator, count: int) -> Array:
    """Return hard weeks that nothing announces: a third of the students have 4 to 11 of them."""
    week = np.arange(WEEKS)[None, :]
    begins = rng.integers(0, WEEKS, count)[:, None]
    lasts = rng.integers(4, 12, count)[:, None]
    hit = (rng.random(count) < 0.33)[:, None]
    crises: Array = 1.3 * (hit & (week >= begins) & (week < begins + lasts))
    return crises


def _turns(rng: np.random.Generator, count: int) -> Array:
    """Return what nobody foresees in each term: from some week on, things go better or worse."""
    week = np.arange(WEEKS)[None, :]
    turns = np.zeros((count, WEEKS))
    for term in TERMS:
        first = (term.starts_on - TERMS[0].starts_on).days // 7
        last = (term.ends_on - TERMS[0].starts_on).days // 7
        since = rng.integers(first + 5, last - 1, count)[:, None]
        turns += rng.normal(0, 1.2, count)[:, None] * ((week >= since) & (week <= last))
    return turns


def _field(rng: np.random.Generator, strain: Array, *, own: float) -> Array:
    """Return one field's strain: the common one, and what is the field's ``own``, about 0 and 1."""
    mixed = strain + own * rng.standard_normal((len(strain), 1))
    field: Array = (mixed - mixed.mean()) / mixed.std()
    return field
