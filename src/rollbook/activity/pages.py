"""The PE page: who is in the healthy zone, and what was done; the first also as CSV and JSON."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from rollbook.access.viewing import Viewer, Viewing
from rollbook.activity.api import span
from rollbook.activity.fitness import FEWEST, ZoneShare, zone_shares
from rollbook.activity.performances import list_activities
from rollbook.ui import tables, words
from rollbook.ui.addresses import addresses
from rollbook.ui.page import render
from rollbook.ui.params import CodeText, IsoDay

router = APIRouter(include_in_schema=False)

_CSV: Final = (*(field.name for field in fields(ZoneShare)), "healthy_rate")

Day = Annotated[IsoDay | Literal[""], Query()]


@router.get("/pe")
def pe_page(
    request: Request, viewer: Viewing, school: CodeText = None, since: Day = "", until: Day = ""
) -> Response:
    """Fitness and activities of the students in sight."""
    begin, end = span(viewer, since or None, until or None)
    everywhere = zone_shares(viewer.db, viewer.tenant, begin, end)
    shares = [share for share in everywhere if school in {None, share.school_code}]
    context = {
        "sentence": _sentence(viewer, shares, begin),
        "shares": shares,
        "schools": _schools(everywhere),
        "school": school,
        "since": begin,
        "until": end,
        "minimum": FEWEST,
        "activities": list_activities(viewer.db, viewer.tenant, begin, end),
        "address": addresses("/pe", {"school": school, "since": since, "until": until}),
        "sees_nobody": viewer.sees_nobody,
    }
    response = render(request, "activity/pe.html", context, frame=viewer.frame)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


@router.get("/pe.csv")
def pe_csv(viewer: Viewing, school: CodeText = None, since: Day = "", until: Day = "") -> Response:
    """The zones by test, school and grade, for a spreadsheet."""
    begin, end = span(viewer, since or None, until or None)
    shares = zone_shares(viewer.db, viewer.tenant, begin, end, school=school)
    return tables.csv_response(
        f"fitness-{begin}-{end}", _CSV, (tuple(_row(share).values()) for share in shares)
    )


@router.get("/pe.json")
def pe_json(viewer: Viewing, school: CodeText = None, since: Day = "", until: Day = "") -> Response:
    """The zones by test, school and grade, for a program."""
    begin, end = span(viewer, since or None, until or None)
    shares = zone_shares(viewer.db, viewer.tenant, begin, end, school=school)
    document: dict[str, Any] = {
        "is_synthetic": viewer.tenant.is_synthetic,
        "since": begin,
        "until": end,
        "minimum": FEWEST,
        "rows": [_row(share) for share in shares],
    }
    return tables.json_response(document)


def _row(share: ZoneShare) -> dict[str, Any]:
    return asdict(share) | {"healthy_rate": share.healthy_rate}


def _schools(shares: Sequence[ZoneShare]) -> list[tuple[str, str]]:
    found = {(share.school_code, share.school) for share in shares if share.school_code and share.school}
    return sorted(found, key=lambda each: each[1])


def _sentence(viewer: Viewer, shares: Sequence[ZoneShare], since: date) -> str:
    """Answer the page's question: how fit are they?"""
    if viewer.sees_nobody:
        return "No student is tied to you yet."
    results = sum(share.students or 0 for share in shares)
    if not results:
        return f"No fitness result that can be shown since {words.plain_day(since)}."
    healthy = sum(share.healthy or 0 for share in shares)
    return (
        f"{words.percent(healthy / results)} of {results:,} last fitness results since"
        f" {words.plain_day(since)} are in the healthy zone."
    )
