"""The student's page."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from rollbook.access.viewing import Viewer, Viewing
from rollbook.access.writing import Work, may
from rollbook.accounts.models import Role
from rollbook.reporting.audience import sees_all, sees_meals
from rollbook.reporting.days import AsOf, known_by
from rollbook.reporting.figures import figures_of
from rollbook.reporting.log import Showing, Wanted, showings
from rollbook.reporting.student import student_record
from rollbook.roster.profiles import profile_of
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)
_SHOWINGS: Final = 10
# Those who may ask for the whole record, by the link to it; privacy checks it again.
_ASKERS: Final = frozenset({Role.GUARDIAN, Role.STUDENT, Role.DISTRICT_ADMIN})


@router.get("/students/{student_id}")
def student_page(request: Request, viewer: Viewing, student_id: UUID, as_of: AsOf = "") -> Response:
    """One student: what changed, why, what helps, and the record."""
    record = student_record(viewer.db, viewer.tenant, student_id, as_of or None)
    context = {
        "record": record,
        "figures": figures_of(record),
        "student_id": student_id,
        "as_of": as_of or None,
        "may_record": may(viewer.user, Work.INCIDENT),
        "may_enroll": may(viewer.user, Work.ENROLLMENT),
        "may_ask": viewer.user.role in _ASKERS,
        "profile": profile_of(
            viewer.db,
            viewer.tenant.tenant_id,
            student_id,
            with_meals=sees_meals(viewer),
            known_until=known_by(viewer.tenant, as_of),
        ),
        "showings": _showings(viewer, student_id),
    }
    return render(request, "reporting/student.html", context, frame=viewer.frame)


def _showings(viewer: Viewer, student_id: UUID) -> Sequence[Showing]:
    """Return who has looked at the record, for those who answer for it."""
    if not sees_all(viewer):
        return []
    wanted = Wanted(student_id=student_id)
    return showings(viewer.db, viewer.tenant.tenant_id, wanted, page_size=_SHOWINGS)
