"""Who works in an area's schools: hired when a class has no teacher, and kept from year to year."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from rollbook.demo.calendar import Array
from rollbook.demo.ids import Ids
from rollbook.demo.words import BOYS, FAMILIES, GIRLS
from rollbook.roster.models import StaffRole

SECTIONS_PER_TEACHER: Final = 5
STUDENTS_PER_COUNSELOR: Final = 300
_NUMBERS_PER_AREA: Final = 1_000


@dataclass(slots=True)
class Faculty:
    """Shape: lists by member of staff; ``subject`` is empty for who does not teach one; ``ids`` by year."""

    area: int
    school: list[int] = field(default_factory=list)
    role: list[StaffRole] = field(default_factory=list)
    subject: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    first_names: list[str] = field(default_factory=list)
    last_names: list[str] = field(default_factory=list)
    ids: Array = field(default_factory=lambda: np.zeros(0, dtype="V16"))
    _hired: dict[StaffRole, int] = field(default_factory=dict)

    def __len__(self) -> int:
        """Count those who have a contract."""
        return len(self.school)

    def hire(self, role: StaffRole, school: int, subject: str = "") -> int:
        """Return the place of somebody new."""
        self._hired[role] = number = self._hired.get(role, 0) + 1
        self.numbers.append(f"{role[0].upper()}{self.area * _NUMBERS_PER_AREA + number:04}")
        self.school.append(school)
        self.role.append(role)
        self.subject.append(subject)
        return len(self.school) - 1

    def of(self, role: StaffRole, school: int) -> list[int]:
        """Return the places of those in ``role`` at ``school``."""
        pairs = zip(self.role, self.school, strict=True)
        return [place for place, pair in enumerate(pairs) if pair == (role, school)]

    def staff_offices(self, school: int, students: int) -> None:
        """See that ``school`` has a principal, and counselors enough for ``students``."""
        if not self.of(StaffRole.PRINCIPAL, school):
            self.hire(StaffRole.PRINCIPAL, school)
        wanted = max(1, -(-students // STUDENTS_PER_COUNSELOR))
        for _ in range(wanted - len(self.of(StaffRole.COUNSELOR, school))):
            self.hire(StaffRole.COUNSELOR, school)

    def name_the_new(self, rng: np.random.Generator, ids: Ids) -> Array:
        """Give names and ids to those hired since the last time; return their places."""
        since = len(self.ids)
        count = len(self) - since
        self.ids = np.concatenate([self.ids, ids.draw(count)])
        self.first_names += rng.choice(GIRLS + BOYS, count).tolist()
        self.last_names += rng.choice(FAMILIES, count).tolist()
        return np.arange(since, len(self))


class Timesheet:
    """Who teaches when in one term: nobody two classes at once, and not more than five."""

    def __init__(self, faculty: Faculty) -> None:
        self._faculty = faculty
        self._teams: dict[tuple[int, str], list[int]] = {}
        for place, (role, school, subject) in enumerate(
            zip(faculty.role, faculty.school, faculty.subject, strict=True)
        ):
            if role is StaffRole.TEACHER:
                self._teams.setdefault((school, subject), []).append(place)
        self._periods: dict[int, list[int]] = {}

    def teacher(self, school: int, subject: str, period: int) -> int:
        """Return a teacher of ``subject`` who is free in ``period`` (0: all day, with one class only)."""
        team = self._teams.setdefault((school, subject), [])
        for place in team:
            taught = self._periods.setdefault(place, [])
            if period not in taught and len(taught) < SECTIONS_PER_TEACHER:
                taught.append(period)
                return place
        team.append(self._faculty.hire(StaffRole.TEACHER, school, subject))
        self._periods[team[-1]] = [period]
        return team[-1]
