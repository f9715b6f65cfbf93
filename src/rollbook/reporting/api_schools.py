"""The API of schools and their calendar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query

from rollbook.access.viewing import Viewing
from rollbook.core.errors import Invalid
from rollbook.reporting.days import AsOf, On, day_of, day_on
from rollbook.roster import calendar
from rollbook.roster.calendar import AcademicPeriod, CalendarDay
from rollbook.roster.schools import (
    GradeCount,
    SchoolLine,
    StaffMember,
    find_school,
    grades_of_school,
    list_schools,
    staff_of_school,
)
from rollbook.ui.params import CursorText, IsoDay
from rollbook.ui.problems import PROBLEMS

LONGEST: Final = timedelta(days=800)
router = APIRouter(prefix="/api/v1", tags=["schools"], responses=PROBLEMS)


class CalendarTooLong(Invalid):
    """Ask for {days} days of a calendar at most."""


@dataclass(frozen=True, slots=True)
class SchoolsOut:
    """One page of schools by code."""

    data: Sequence[SchoolLine]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class SchoolOut:
    """A school, who works there, its students in your sight by grade, and the school year's parts."""

    school: SchoolLine
    staff: Sequence[StaffMember]
    grades: Sequence[GradeCount]
    sessions: Sequence[AcademicPeriod]


@dataclass(frozen=True, slots=True)
class CalendarOut:
    """A school's days in [since, until], and the sessions of the school year that ``since`` is in."""

    since: date
    until: date
    data: Sequence[CalendarDay]
    sessions: Sequence[AcademicPeriod]


@router.get("/schools")
def get_schools(
    viewer: Viewing,
    on: On = "",
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> SchoolsOut:
    """The schools of the tenant, by code; students are those whom you may see, ``on`` a day."""
    day = day_on(viewer.db, viewer.tenant, on)
    rows, following = list_schools(
        viewer.db, viewer.tenant.tenant_id, day.on_day, cursor=cursor or None, limit=limit
    )
    return SchoolsOut(rows, following)


@router.get("/schools/{school_id}")
def get_school(viewer: Viewing, school_id: UUID, on: On = "") -> SchoolOut:
    """One school ``on`` a day."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    day = day_on(db, viewer.tenant, on).on_day
    return SchoolOut(
        find_school(db, tenant_id, school_id, day),
        staff_of_school(db, tenant_id, school_id, day),
        grades_of_school(db, tenant_id, school_id, day),
        calendar.sessions_of_year(db, tenant_id, calendar.school_year_on(db, tenant_id, day)),
    )


@router.get("/calendar")
def get_calendar(  # noqa: PLR0913 -- each is a part of the address
    viewer: Viewing,
    school_id: UUID,
    since: IsoDay | None = None,
    until: IsoDay | None = None,
    as_of: AsOf = "",
    *,
    only_instructional: bool = False,
) -> CalendarOut:
    """The days of a school's calendar, of this school year unless said otherwise."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    day = day_of(db, viewer.tenant, as_of)
    find_school(db, tenant_id, school_id, day.on_day)
    year = calendar.school_year_on(db, tenant_id, since or day.on_day)
    first, last = calendar.bounds_of_year(year)
    window = since or first, until or last
    if window[1] - window[0] > LONGEST:
        raise CalendarTooLong(days=LONGEST.days)
    days = calendar.calendar_days(
        db,
        tenant_id,
        school_id,
        *window,
        only_instructional=only_instructional,
        known_until=day.known_until,
    )
    return CalendarOut(*window, days, calendar.sessions_of_year(db, tenant_id, year))
