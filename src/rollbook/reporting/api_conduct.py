"""The API of conduct."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from rollbook.access.viewing import Viewing
from rollbook.conduct.listing import (
    Count,
    IncidentLine,
    count_incidents,
    list_incidents,
    may_read_descriptions,
)
from rollbook.conduct.service import StudentIncident, incidents_of
from rollbook.reporting.days import day_of
from rollbook.reporting.pages_conduct import Wanted
from rollbook.roster.service import find_student
from rollbook.ui.params import CursorText, IsoDay
from rollbook.ui.problems import PROBLEMS

router = APIRouter(prefix="/api/v1", tags=["conduct"], responses=PROBLEMS)


@dataclass(frozen=True, slots=True)
class IncidentsOut:
    """One page of the incidents from ``since`` to ``until``, newest first, and how many there are by group.

    You get those of which you may see a participant, and only the participants whom you may see.
    """

    since: date
    until: date
    total: Count
    by_school: Sequence[Count]
    by_type: Sequence[Count]
    by_severity: Sequence[Count]
    by_month: Sequence[Count]
    data: Sequence[IncidentLine]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class StudentIncidentsOut:
    """A student's part in incidents, newest first."""

    data: Sequence[StudentIncident]


@router.get("/incidents")
def get_incidents(
    viewer: Viewing,
    wanted: Wanted,
    cursor: CursorText = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> IncidentsOut:
    """Incidents by school, type, severity and time; without days those of the school year."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    counts = count_incidents(db, tenant_id, wanted)
    describes = may_read_descriptions(viewer.user.role)
    page = list_incidents(db, tenant_id, wanted, describes=describes, cursor=cursor or None, limit=limit)
    return IncidentsOut(
        since=wanted.since,
        until=wanted.until,
        total=counts.total,
        by_school=counts.by_school,
        by_type=counts.by_type,
        by_severity=counts.by_severity,
        by_month=counts.by_month,
        data=page.rows,
        next_cursor=page.next_cursor,
    )


@router.get("/students/{student_id}/incidents")
def get_student_incidents(
    viewer: Viewing, student_id: UUID, since: IsoDay = date.min, until: IsoDay = date.max
) -> StudentIncidentsOut:
    """A student's part in the incidents of [since, until]; not what concerns the others in them."""
    find_student(viewer.db, viewer.tenant.tenant_id, student_id, day_of(viewer.db, viewer.tenant).on_day)
    return StudentIncidentsOut(incidents_of(viewer.db, viewer.tenant.tenant_id, student_id, since, until))
