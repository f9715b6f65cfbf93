"""The caseload page, and the same table as CSV and JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from rollbook.access.viewing import Viewer, Viewing
from rollbook.core.words import many
from rollbook.risk import caseload
from rollbook.risk.caseload import Filter, Row, Sort
from rollbook.risk.levels import LEVELS
from rollbook.risk.lists import Chosen, choose_list, levels_of, students_to_look_at
from rollbook.risk.models import RiskCategory
from rollbook.ui import tables, words
from rollbook.ui.addresses import Address, addresses
from rollbook.ui.page import render
from rollbook.ui.params import CodeText, CursorText, IsoDay, SearchText

router = APIRouter(include_in_schema=False)

_WEEK = 7

_CSV = (
    "student_number",
    "name",
    "grade_level",
    "school",
    "course_code",
    "section_code",
    "as_of",
    "level",
    "risk_category",
    "risk_score",
    "change",
    "confidence",
    "rank",
    "reason_1",
    "helps_1",
    "reason_2",
    "helps_2",
    "reason_3",
    "helps_3",
)


def _filter(
    category: Annotated[RiskCategory | Literal[""], Query()] = "",
    course: CodeText = None,
    school: CodeText = None,
    q: SearchText = "",
    sort: Sort = "risk",
) -> Filter:
    return Filter(category or None, course, school, q, sort)


Wanted = Annotated[Filter, Depends(_filter)]
AsOf = Annotated[IsoDay | Literal[""], Query()]


@router.get("/caseload")
def caseload_page(
    request: Request, viewer: Viewing, wanted: Wanted, as_of: AsOf = "", after: CursorText = None
) -> Response:
    """The caseload: who needs a look, and why."""
    chosen = choose_list(viewer.db, viewer.tenant, as_of or None)
    page = caseload.read_page(viewer.db, viewer.tenant, chosen, wanted, after=after or None)
    courses, schools = caseload.read_options(viewer.db, viewer.tenant, chosen)
    counts = levels_of(viewer.db, viewer.tenant, chosen.current) if chosen.current else {}
    context = {
        "sentence": _sentence(viewer, chosen, has_rows=bool(counts)),
        "chosen": chosen,
        "wanted": wanted,
        "after": after,
        "sees_nobody": viewer.sees_nobody,
        "page": page,
        "courses": courses,
        "schools": schools,
        "by_course": viewer.tenant.risk_target == "course",
        "shows_grade": any(row.grade_level is not None for row in page.rows),
        "shows_school": len(schools) > 1,
        "spark_sentence": _spark_sentence,
        "is_newest": chosen.current is not None and chosen.current.as_of == chosen.dates[0],
        "address": _address(wanted, as_of or None),
        "levels": LEVELS,
        "counts": counts,
        "histories": caseload.read_histories(viewer.db, viewer.tenant, page.rows, chosen.current.as_of)
        if chosen.current
        else {},
    }
    response = render(request, "risk/caseload.html", context, frame=viewer.frame)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


@router.get("/caseload.csv")
def caseload_csv(viewer: Viewing, wanted: Wanted, as_of: AsOf = "") -> Response:
    """The whole table, as filtered, for a spreadsheet."""
    chosen, rows = _everything(viewer, wanted, as_of or None)
    day = chosen.current.as_of if chosen.current else None
    return tables.csv_response(f"caseload-{day or 'empty'}", _CSV, (_cells(row, day) for row in rows))


@router.get("/caseload.json")
def caseload_json(viewer: Viewing, wanted: Wanted, as_of: AsOf = "") -> Response:
    """The whole table, as filtered, for a program."""
    chosen, rows = _everything(viewer, wanted, as_of or None)
    document: dict[str, Any] = {
        "as_of": chosen.current.as_of if chosen.current else None,
        "model_version": chosen.current.model_version if chosen.current else None,
        "is_synthetic": viewer.tenant.is_synthetic,
        "total": len(rows),
        "rows": [asdict(row) | {"change": row.change, "level": row.level.word} for row in rows],
    }
    return tables.json_response(document)


def _everything(viewer: Viewer, wanted: Filter, as_of: date | None) -> tuple[Chosen, list[Row]]:
    chosen = choose_list(viewer.db, viewer.tenant, as_of)
    page = caseload.read_page(viewer.db, viewer.tenant, chosen, wanted, page_size=caseload.EVERYTHING)
    return chosen, list(page.rows)


def _cells(row: Row, as_of: date | None) -> list[object]:
    reasons = [text for factor in row.factors[:3] for text in (factor.description, factor.recommendation)]
    return [
        row.student_number,
        row.name,
        row.grade_level,
        row.school,
        row.course_code,
        row.section_code,
        as_of,
        row.level.word,
        row.risk_category.value,
        round(row.risk_score, 4),
        None if row.change is None else round(row.change, 4),
        round(row.confidence, 4),
        row.rank,
        *(reasons + [""] * (6 - len(reasons))),
    ]


def _sentence(viewer: Viewer, chosen: Chosen, *, has_rows: bool) -> str:
    """Answer the page's question: who needs a look?"""
    if viewer.sees_nobody:
        return "No student is tied to you yet."
    now = students_to_look_at(viewer.db, viewer.tenant, chosen.current)
    if now is None or chosen.current is None:
        return "No list has been scored yet." if not chosen.dates else "There is no list of that date."
    if not has_rows:
        return f"None of your students is in the list of {words.plain_day(chosen.current.as_of)}."
    need = "student needs a look" if now == 1 else "students need a look"
    sentence = f"{now:,} {need} as of {words.plain_day(chosen.current.as_of)}"
    before = students_to_look_at(viewer.db, viewer.tenant, chosen.previous)
    if before is None or chosen.previous is None:
        return sentence + "."
    return f"{sentence}, {_compared(now - before)} {_when(chosen.current.as_of, chosen.previous.as_of)}."


def _compared(difference: int) -> str:
    if difference == 0:
        return "as many as"
    return f"{abs(difference):,} {'more' if difference > 0 else 'fewer'} than"


def _when(day: date, earlier: date) -> str:
    return "the week before" if (day - earlier).days == _WEEK else f"on {words.plain_day(earlier)}"


def _spark_sentence(scores: Sequence[float]) -> str:
    return f"From {words.percent(scores[0])} to {words.percent(scores[-1])} in {many(len(scores), 'list')}"


def _address(wanted: Filter, as_of: date | None) -> Address:
    """Return what makes this page's addresses: its filter kept or not, in another order, elsewhere in it."""
    kept = {
        "q": wanted.q,
        "course": wanted.course,
        "school": wanted.school,
        "category": wanted.category.value if wanted.category else None,
    }
    return addresses(
        "/caseload", kept, always={"as_of": as_of, "sort": wanted.sort if wanted.sort != "risk" else None}
    )
