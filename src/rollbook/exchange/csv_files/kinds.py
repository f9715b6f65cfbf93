"""Every kind of record that a CSV file may hold, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rollbook.attendance import load as attendance
from rollbook.exchange.csv_files.errors import KindUnknown, near
from rollbook.intake.kinds import Kind
from rollbook.roster import load as roster

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            roster.SCHOOLS,
            roster.STAFF_KIND,
            roster.STAFF_ASSIGNMENTS,
            roster.STUDENTS,
            roster.ENROLLMENTS,
            *attendance.KINDS,
        )
    }
)


def kind_of(name: str) -> Kind:
    """Return the kind that ``name`` names.

    Raises: ``KindUnknown``.
    """
    if name not in KINDS:
        raise KindUnknown(kind=name, near=near(name, KINDS))
    return KINDS[name]
