"""The attendance page: who is chronically absent, and how the weeks went; the same as CSV and JSON."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from itertools import groupby
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup

from rollbook.access.viewing import Viewer, Viewing
from rollbook.attendance.chronic import ChronicAbsence, ChronicStudent, chronic_absence
from rollbook.attendance.service import WeekRate, weekly_rates, weeks_before
from rollbook.core.words import many
from rollbook.curriculum.present import present_of
from rollbook.ui import charts, tables, words
from rollbook.ui.addresses import addresses
from rollbook.ui.charts import Point, Span
from rollbook.ui.page import render
from rollbook.ui.params import CodeText, CursorText, IsoDay

router = APIRouter(include_in_schema=False)

PAGE_SIZE: Final = 50
_STEP: Final = 5  # the scale of the charts ends at a multiple of this many percent
_CSV: Final = tuple(field.name for field in fields(ChronicStudent))

AsOf = Annotated[IsoDay | Literal[""], Query()]


@dataclass(frozen=True, slots=True)
class GradeChart:
    """A grade's weeks: a sentence, a chart and the numbers behind it."""

    title: str
    sentence: str
    chart: Markup
    weeks: Sequence[WeekRate]


@router.get("/attendance")
def attendance_page(
    request: Request, viewer: Viewing, school: CodeText = None, as_of: AsOf = "", after: CursorText = None
) -> Response:
    """Who is chronically absent, and the weekly attendance of each grade."""
    found = _find(viewer, school, as_of, after=after or None, page_size=PAGE_SIZE)
    weeks = weekly_rates(viewer.db, *weeks_before(viewer.db, found.as_of), school=school)
    context = {
        "sentence": _sentence(viewer, found),
        "found": found,
        "school": school,
        "schools": found.schools,
        "page": found.page,
        "charts_of_grades": _charts(weeks),
        "address": addresses("/attendance", {"school": school, "as_of": as_of}),
        "sees_nobody": viewer.sees_nobody,
    }
    response = render(request, "attendance/attendance.html", context, frame=viewer.frame)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


@router.get("/attendance.csv")
def attendance_csv(viewer: Viewing, school: CodeText = None, as_of: AsOf = "") -> Response:
    """The chronically absent, for a spreadsheet."""
    found = _find(viewer, school, as_of)
    return tables.csv_response(f"chronic-absence-{found.as_of}", _CSV, map(astuple, found.students))


@router.get("/attendance.json")
def attendance_json(viewer: Viewing, school: CodeText = None, as_of: AsOf = "") -> Response:
    """The chronically absent, for a program."""
    found = _find(viewer, school, as_of)
    document: dict[str, Any] = {"is_synthetic": viewer.tenant.is_synthetic} | found.document()
    return tables.json_response(document)


def _find(
    viewer: Viewer,
    school: str | None,
    as_of: date | Literal[""],
    *,
    after: str | None = None,
    page_size: int | None = None,
) -> ChronicAbsence:
    day = as_of or present_of(viewer.db, viewer.tenant)
    return chronic_absence(viewer.db, viewer.tenant, day, school=school, after=after, page_size=page_size)


def _sentence(viewer: Viewer, found: ChronicAbsence) -> str:
    """Answer the page's question: who misses much school?"""
    if viewer.sees_nobody:
        return "No student is tied to you yet."
    if not found.enrolled:
        return f"No attendance is known from {words.plain_day(found.since)} on."
    who = many(found.chronic, "student")
    be = "is" if found.chronic == 1 else "are"
    share = words.percent(found.rate)
    return (
        f"{who} of {found.enrolled:,} ({share}) {be} chronically absent as of {words.plain_day(found.as_of)}."
    )


def _charts(weeks: Sequence[WeekRate]) -> list[GradeChart]:
    """Draw each grade's weeks, all on one scale."""
    span = charts.span_of([week.week for week in weeks])
    if span is None:
        return []
    worst = max(1 - week.attendance_rate for week in weeks)
    top = max(-(-worst * 100 // _STEP) * _STEP, _STEP)
    by_grade = sorted(weeks, key=_grade)
    return [_chart(list(group), span, top) for _, group in groupby(by_grade, key=_grade)]


def _chart(weeks: Sequence[WeekRate], span: Span, top: float) -> GradeChart:
    grade = weeks[0].grade_level
    title = "No grade" if grade is None else "Kindergarten" if grade == 0 else f"Grade {grade}"
    last, lowest = weeks[-1], min(weeks, key=lambda week: week.attendance_rate)
    sentence = (
        f"{last.attendance_rate:.1%} of days attended in the week of {words.plain_day(last.week)};"
        f" lowest {lowest.attendance_rate:.1%}, {words.plain_day(lowest.week)}."
    )
    points = [Point(week.week, 100 * (1 - week.attendance_rate)) for week in weeks if week.missed]
    described = f"{title}: share of days missed by week. {sentence}"
    return GradeChart(
        title, sentence, charts.bar_chart(points, span, described, top=top, unit="% of days missed"), weeks
    )


def _grade(week: WeekRate) -> int:
    return -1 if week.grade_level is None else week.grade_level
