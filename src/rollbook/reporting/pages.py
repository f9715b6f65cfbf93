"""The student's page."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from rollbook.access.viewing import Viewing
from rollbook.access.writing import Work, may
from rollbook.reporting.audience import sees_meals
from rollbook.reporting.days import AsOf, known_by
from rollbook.reporting.figures import figures_of
from rollbook.reporting.student import student_record
from rollbook.roster.profiles import profile_of
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)


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
        "profile": profile_of(
            viewer.db,
            viewer.tenant.tenant_id,
            student_id,
            with_meals=sees_meals(viewer),
            known_until=known_by(viewer.tenant, as_of),
        ),
    }
    return render(request, "reporting/student.html", context, frame=viewer.frame)
