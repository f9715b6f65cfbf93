"""The student's page."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from rollbook.access.viewing import Viewing
from rollbook.reporting.figures import figures_of
from rollbook.reporting.student import student_record
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)


@router.get("/students/{student_id}")
def student_page(
    request: Request, viewer: Viewing, student_id: UUID, as_of: Annotated[date | Literal[""], Query()] = ""
) -> Response:
    """One student: what changed, why, what helps, and the record."""
    record = student_record(viewer.db, viewer.tenant, student_id, as_of or None)
    context = {"record": record, "figures": figures_of(record), "as_of": as_of or None}
    return render(request, "reporting/student.html", context, frame=viewer.frame)
