"""How large a district is: areas of six schools each, and how many students start the year in each grade."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array
from rollbook.roster.models import SchoolType

STUDENTS: Final = 3_714  # of one area, as the district is by default
MOVERS: Final = 56  # of those, who change schools within the year
ELEMENTARY_SCHOOLS: Final = 4
MIDDLE, HIGH = 4, 5  # places in an area's schools; before them the elementary ones
GRADES: Final = 13  # kindergarten, which is 0, to grade 12
_STARTERS: Final = (373, 373, 373, 373, 800, 1_422)  # by school; with those who move in, 387 four times


@dataclass(frozen=True, slots=True)
class SchoolPlan:
    """A school as the demo sets it up; ``strain`` is what its students bear more than others."""

    code: str
    name: str
    school_type: SchoolType
    low_grade: int
    high_grade: int
    strain: float

    @property
    def grades(self) -> range:
        """Return its grades."""
        return range(self.low_grade, self.high_grade + 1)


@dataclass(frozen=True, slots=True)
class Area:
    """Four elementary schools, a middle and a high school, with ``students`` of their own."""

    number: int
    students: int

    @property
    def schools(self) -> tuple[SchoolPlan, ...]:
        """Return its six schools; those of the first area have the plainest names."""
        return tuple(self._named(plan) for plan in _SCHOOLS)

    def _named(self, plan: SchoolPlan) -> SchoolPlan:
        if not self.number:
            return plan
        code, name = f"{plan.code}{self.number + 1:02}", f"{plan.name}, area {self.number + 1}"
        return SchoolPlan(code, name, plan.school_type, plan.low_grade, plan.high_grade, plan.strain)

    @property
    def movers(self) -> int:
        """Count those who change schools within a year."""
        return share(MOVERS, self.students)

    def starters(self) -> list[list[int]]:
        """Count who starts the year, by school and by its grades."""
        by_school = _split(self.students, _STARTERS)
        return [
            _split(count, [1] * len(plan.grades)) for count, plan in zip(by_school, _SCHOOLS, strict=True)
        ]


_SCHOOLS: Final = (
    SchoolPlan("MCE", "Maple Creek Elementary School", SchoolType.ELEMENTARY, 0, 5, -0.3),
    SchoolPlan("BHE", "Birch Hollow Elementary School", SchoolType.ELEMENTARY, 0, 5, -0.15),
    SchoolPlan("WGE", "Willow Grove Elementary School", SchoolType.ELEMENTARY, 0, 5, -0.05),
    SchoolPlan("SRE", "Stone Ridge Elementary School", SchoolType.ELEMENTARY, 0, 5, 0.1),
    SchoolPlan("RBM", "Riverbend Middle School", SchoolType.MIDDLE, 6, 8, 0.0),
    SchoolPlan("NHH", "North Harbor High School", SchoolType.HIGH, 9, 12, 0.25),
)
SCHOOLS: Final = len(_SCHOOLS)
SCHOOL_STRAIN: Final = np.array([plan.strain for plan in _SCHOOLS])
LOW_GRADES: Final = np.array([plan.low_grade for plan in _SCHOOLS])


def areas_of(students: int) -> list[Area]:
    """Split ``students`` into areas of at most the usual size, as even as can be."""
    count = -(-students // STUDENTS)
    return [Area(number, size) for number, size in enumerate(_split(students, [1] * count))]


def share(count: int, students: int) -> int:
    """Return what ``count`` in a usual area is in one of ``students``."""
    return round(count * students / STUDENTS)


def _split(total: int, weights: "list[int] | tuple[int, ...]") -> list[int]:
    """Split ``total`` by ``weights`` into whole numbers: the largest remainders are rounded up."""
    exact = total * np.array(weights) / sum(weights)
    parts: Array = exact.astype(int)
    parts[np.argsort(parts - exact, kind="stable")[: total - int(parts.sum())]] += 1
    return [int(part) for part in parts]
