"""The page of operations: how the database is, what needs doing, and what was done; the same as JSON."""

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from rollbook.access.guarding import check_administrator
from rollbook.access.viewing import Viewing
from rollbook.ops.watch.quantities import span
from rollbook.reporting.health import told
from rollbook.reporting.operations import operations
from rollbook.ui import tables
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)


@router.get("/admin/operations")
def operations_page(request: Request, viewer: Viewing) -> Response:
    """How the database is, in sentences; what needs doing first."""
    check_administrator(viewer.user, viewer.second_factor_at)
    context = {"now": operations(viewer.db), "span": span}
    return render(request, "reporting/operations.html", context, frame=viewer.frame)


@router.get("/admin/operations.json")
def operations_json(viewer: Viewing) -> Response:
    """The same, for a program."""
    check_administrator(viewer.user, viewer.second_factor_at)
    now = operations(viewer.db)
    return tables.json_response(
        {
            "sentence": now.sentence,
            "sentences": now.sentences,
            "looked_at": now.looked_at,
            "checks": [told(finding) for finding in now.findings],
            "runs": [asdict(run) for run in now.runs],
        }
    )
