"""Every kind of record that a CSV file may hold, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rollbook.activity import load as activity
from rollbook.activity import load_fitness as fitness
from rollbook.attendance import load as attendance
from rollbook.conduct import load as conduct
from rollbook.curriculum import load as curriculum
from rollbook.curriculum import load_lessons as lessons
from rollbook.exchange.csv_files.errors import KindUnknown, near
from rollbook.grades import load as grades
from rollbook.intake.kinds import Kind
from rollbook.roster import load as roster
from rollbook.roster import load_calendar as calendar
from rollbook.roster import load_families as families

# In the order in which a new district's files can be imported.
_ROSTER: Final = (*roster.KINDS, *calendar.KINDS, *families.KINDS, *curriculum.KINDS, *lessons.KINDS)
_FACTS: Final = (*attendance.KINDS, *grades.KINDS, *conduct.KINDS, *activity.KINDS, *fitness.KINDS)
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.name: kind for kind in (*_ROSTER, *_FACTS)})


def kind_of(name: str) -> Kind:
    """Return the kind that ``name`` names.

    Raises: ``KindUnknown``.
    """
    if name not in KINDS:
        raise KindUnknown(kind=name, near=near(name, KINDS))
    return KINDS[name]
