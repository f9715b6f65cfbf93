"""The conduct page: what happened, how often, and what was done; the same as CSV and JSON."""

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from rollbook.access.viewing import Viewer, Viewing
from rollbook.access.writing import Work, may
from rollbook.conduct.listing import (
    Counts,
    Filter,
    IncidentLine,
    count_incidents,
    list_incidents,
    may_read_descriptions,
)
from rollbook.conduct.service import SEVERITIES
from rollbook.core.words import many
from rollbook.reporting.days import AsOf, day_of
from rollbook.roster.schools import list_schools
from rollbook.ui import tables, words
from rollbook.ui.addresses import addresses
from rollbook.ui.page import render
from rollbook.ui.params import CodeText, CursorText

router = APIRouter(include_in_schema=False)

PAGE_SIZE: Final = 50
_JULY: Final = 7
_CSV: Final = (
    "incident_number",
    "incident_on",
    "incident_time",
    "incident_type",
    "severity_level",
    "severity",
    "school",
    "location",
    "description",
    "reported_by",
    "student_number",
    "name",
    "participant_role",
    "actions",
    "days_lost",
)


def wanted_incidents(  # noqa: PLR0913, PLR0917 -- each is a part of the address
    viewer: Viewing,
    since: AsOf = "",
    until: AsOf = "",
    school: CodeText = None,
    type: CodeText = None,  # noqa: A002 -- what the address says
    severity: Annotated[Annotated[int, Query(ge=1, le=5)] | Literal[""], Query()] = "",
) -> Filter:
    """Return what is asked for; without days the school year up to now, or to the end of what is kept."""
    last = until or day_of(viewer.db, viewer.tenant).on_day
    first = since or date(max(last.year - (last.month < _JULY), date.min.year), _JULY, 1)
    return Filter(first, last, school, type, severity or None)


Wanted = Annotated[Filter, Depends(wanted_incidents)]


@router.get("/conduct")
def conduct_page(request: Request, viewer: Viewing, wanted: Wanted, after: CursorText = None) -> Response:
    """What happened, newest first, and how often by school, type, severity and month."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    counts = count_incidents(db, tenant_id, wanted)
    page = list_incidents(
        db,
        tenant_id,
        wanted,
        describes=may_read_descriptions(viewer.user.role),
        cursor=after or None,
        limit=PAGE_SIZE,
    )
    kept = {
        "since": wanted.since,
        "until": wanted.until,
        "school": wanted.school,
        "type": wanted.incident_type,
        "severity": wanted.severity_level,
    }
    everything = Filter(wanted.since, wanted.until)
    context = {
        "sentence": _sentence(viewer, wanted, counts),
        "wanted": wanted,
        "page": page,
        "counts": counts,
        "schools": list_schools(db, tenant_id, wanted.until)[0],
        "types": [count.value for count in count_incidents(db, tenant_id, everything).by_type],
        "severities": SEVERITIES,
        "is_filtered": wanted != everything,
        "may_record": may(viewer.user, Work.INCIDENT),
        "sees_nobody": viewer.sees_nobody,
        "address": addresses("/conduct", kept),
    }
    response = render(request, "reporting/conduct.html", context, frame=viewer.frame)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


@router.get("/conduct.csv")
def conduct_csv(viewer: Viewing, wanted: Wanted) -> Response:
    """The incidents, a line for each who took part, for a spreadsheet."""
    rows = [
        [{**_flat(line), **asdict(part)}[name] for name in _CSV]
        for line in _all(viewer, wanted)
        for part in line.participants
    ]
    return tables.csv_response(f"incidents-{wanted.since}-{wanted.until}", _CSV, rows)


@router.get("/conduct.json")
def conduct_json(viewer: Viewing, wanted: Wanted) -> Response:
    """The incidents, for a program."""
    document: dict[str, Any] = {
        "is_synthetic": viewer.tenant.is_synthetic,
        "since": wanted.since,
        "until": wanted.until,
        "incidents": [_flat(line) for line in _all(viewer, wanted)],
    }
    return tables.json_response(document)


def _all(viewer: Viewer, wanted: Filter) -> list[IncidentLine]:
    describes = may_read_descriptions(viewer.user.role)
    return list(list_incidents(viewer.db, viewer.tenant.tenant_id, wanted, describes=describes).rows)


def _flat(line: IncidentLine) -> dict[str, Any]:
    told = asdict(line) | {"severity": line.severity}
    return told | {"incident_time": line.incident_time and line.incident_time.isoformat("minutes")}


def _sentence(viewer: Viewer, wanted: Filter, counts: Counts) -> str:
    """Answer the page's question: what happened, and how often is that?"""
    if viewer.sees_nobody:
        return "No student is tied to you yet."
    span = f"from {words.plain_day(wanted.since)} to {words.plain_day(wanted.until)}"
    total = counts.total
    if not total.incidents:
        return f"No incident is on record {span}."
    rate = "" if total.per_100 is None else f", {total.per_100:.1f} for every 100 students"
    return f"{many(total.incidents, 'incident')} {span}{rate}."
