"""For administrators: why a user sees a student, or does not."""

from fastapi import APIRouter, Request, Response

from rollbook.access.guarding import check_administrator
from rollbook.access.service import StudentNotFound, find_student_id
from rollbook.access.viewing import Viewing
from rollbook.access.why import Reason, why
from rollbook.accounts.models import User
from rollbook.accounts.service import UserNotFound, get_user
from rollbook.ui.page import render, sentence_of
from rollbook.ui.params import SearchText

router = APIRouter(include_in_schema=False)


@router.get("/admin/why")
def why_page(
    request: Request,
    viewer: Viewing,
    email: SearchText = "",
    student: SearchText = "",
) -> Response:
    """The question as a form, and its answer."""
    check_administrator(viewer.user, viewer.second_factor_at)
    user: User | None = None
    reasons: list[Reason] = []
    fault = None
    if email and student:
        try:
            user = get_user(viewer.db, viewer.tenant.tenant_id, email)
            reasons = list(why(viewer.db, user, find_student_id(viewer.db, viewer.tenant.tenant_id, student)))
        except (UserNotFound, StudentNotFound) as error:
            fault = sentence_of(error)
    asked = {"email": email, "student": student, "user": None if fault else user}
    context = asked | {"fault": fault, "reasons": reasons}
    return render(request, "access/why.html", context, frame=viewer.frame)
