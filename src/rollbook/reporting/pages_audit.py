"""The audit's page: the latest disclosures and writes, for those who answer for all records."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from rollbook.access.guarding import check_audit_reader, whole_log
from rollbook.access.service import find_student_id
from rollbook.access.viewing import Viewer, Viewing
from rollbook.accounts.service import get_user
from rollbook.audit.sealing import sealed_until
from rollbook.core import clock
from rollbook.core.errors import NotFound
from rollbook.core.tenancy import sees_whole_tenant
from rollbook.reporting.log import Wanted, audited_tables, showings, writings
from rollbook.ui.page import render
from rollbook.ui.params import CodeText, IsoDay

router = APIRouter(include_in_schema=False)

Day = Annotated[IsoDay | Literal[""], Query()]


@router.get("/audit")
def audit_page(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    request: Request,
    viewer: Viewing,
    user: CodeText = None,
    student: CodeText = None,
    table: CodeText = None,
    day: Day = "",
) -> Response:
    """Who was shown whose record, and what was written: the newest, filtered."""
    check_audit_reader(viewer.user, viewer.second_factor_at)
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    sees_records = sees_whole_tenant(db)
    with whole_log(db, viewer.user):
        wanted, unknown = _wanted(viewer, user, student, table, day)
        context = {
            "user": user,
            "student": student,
            "table": table,
            "day": day,
            "unknown": unknown,
            "sees_records": sees_records,
            "showings": showings(db, tenant_id, wanted) if wanted and not table else [],
            "writings": writings(db, tenant_id, wanted) if wanted else [],
            "tables": audited_tables(db),
            "sealed": sealed_until(db, tenant_id),
        }
    response = render(request, "reporting/audit.html", context, frame=viewer.frame)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _wanted(
    viewer: Viewer, user: str | None, student: str | None, table: str | None, day: date | Literal[""]
) -> tuple[Wanted | None, str | None]:
    """Return the filter, or none and what of it nobody knows."""
    db, tenant_id, zone = viewer.db, viewer.tenant.tenant_id, viewer.tenant.time_zone
    try:
        return Wanted(
            user_id=get_user(db, tenant_id, user).user_id if user else None,
            student_id=find_student_id(db, tenant_id, student) if student else None,
            table_name=table,
            since=clock.start_of_day(day, zone) if day else None,
            until=clock.close_of_day(day, zone) if day else None,
        ), None
    except NotFound as error:
        return None, str(error)
