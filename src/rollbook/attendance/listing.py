"""What the page and the API share: which day is asked about, and which part of the list is shown."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from rollbook.access.viewing import Viewer
from rollbook.attendance.service import ChronicStudent, last_day
from rollbook.core import clock
from rollbook.core.paging import CursorInvalid, Page, read_cursor, write_cursor


def the_day(viewer: Viewer) -> date:
    """Return the last day on which attendance is known in the viewer's tenant."""
    return last_day(viewer.db, clock.now().astimezone(ZoneInfo(viewer.tenant.time_zone)).date())


def page_of(students: Sequence[ChronicStudent], cursor: str | None, limit: int) -> Page[ChronicStudent]:
    """Return the ``limit`` students after the one that ``cursor`` names.

    Raises: ``CursorInvalid``, also if that one is in the list no more.
    """
    begin = _place(students, cursor) if cursor else 0
    rows = students[begin : begin + limit]
    following = write_cursor(rows[-1].student_id.hex) if begin + limit < len(students) else None
    before = begin - limit
    previous = write_cursor(students[before - 1].student_id.hex) if before > 0 else None
    return Page(rows, begin + 1, len(students), following, previous)


def _place(students: Sequence[ChronicStudent], cursor: str) -> int:
    (name,) = read_cursor(cursor, str)
    try:
        student_id = UUID(hex=str(name))
    except ValueError as error:
        raise CursorInvalid from error
    places = (place for place, each in enumerate(students, 1) if each.student_id == student_id)
    found = next(places, None)
    if found is None:
        raise CursorInvalid
    return found
