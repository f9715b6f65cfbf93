"""The whole record of a student, for the family and the district's administrators: a page, and its files."""

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from rollbook.access.viewing import Viewer, Viewing
from rollbook.accounts import cookies
from rollbook.accounts.models import Role
from rollbook.accounts.second_factor import Guarded, check_second_factor
from rollbook.core.output import as_json
from rollbook.core.tenancy import whole_tenant
from rollbook.privacy.document import document_of
from rollbook.privacy.handing import handing_to
from rollbook.privacy.pdf import check_pdf, record_pdf
from rollbook.privacy.record import CompleteRecord, complete_record
from rollbook.roster.models import Student
from rollbook.roster.names import student_name
from rollbook.roster.service import StudentNotFound
from rollbook.ui.forms import check_form
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)
_TYPES: Final = {"json": "application/json", "pdf": "application/pdf"}


@router.get("/students/{student_id}/record")
def record_page(request: Request, viewer: Viewing, student_id: UUID) -> Response:
    """What the record is, and the ways to get it."""
    student = _student(viewer, student_id)
    handing_to(viewer.db, viewer.user, student)
    name = student_name(student.student_number, student.first_name, student.last_name, student.preferred_name)
    context = {"student_id": student_id, "name": name}
    return render(request, "privacy/record.html", context, frame=viewer.frame)


@router.post("/students/{student_id}/record")
def hand_out(  # noqa: PLR0913, PLR0917 -- the form's fields
    request: Request,
    viewer: Viewing,
    student_id: UUID,
    because: Annotated[str, Form(max_length=150)] = "",
    kind: Annotated[Literal["json", "pdf"], Form()] = "pdf",
    form_token: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """The record as a file. A POST: that it is handed out is written down, with what for."""
    check_form(form_token, cookies.session_token(request))
    if kind == "pdf":
        check_pdf()
    found = record_for(viewer, student_id, because)
    content = record_pdf(document_of(found)) if kind == "pdf" else as_json(found).encode()
    name = f'attachment; filename="record.{kind}"'
    return Response(content, media_type=_TYPES[kind], headers={"Content-Disposition": name})


def record_for(viewer: Viewer, student_id: UUID, because: str) -> CompleteRecord:
    """Return the record for who asks, noted as handed to them; one family's own needs no second factor.

    Raises: ``StudentNotFound``; ``RecordNotYours``; ``StudentNotAdult``; ``SecondFactorNeeded``.
    """
    student = _student(viewer, student_id)
    handing = handing_to(viewer.db, viewer.user, student, because)
    if viewer.user.role is Role.DISTRICT_ADMIN:
        check_second_factor(Guarded.BULK_EXPORT, viewer.second_factor_at)
    # Everything asked for from here on is asked of this one student, whom the viewer sees.
    with whole_tenant(viewer.db):
        return complete_record(viewer.db, viewer.tenant, student_id, handing)


def _student(viewer: Viewer, student_id: UUID) -> Student:
    student = viewer.db.get(Student, (viewer.tenant.tenant_id, student_id))
    if student is None:
        raise StudentNotFound
    return student
