"""The gradebook of a section: who has what on which piece of work; the same as CSV and JSON."""

from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response

from rollbook.access.viewing import Viewer, Viewing
from rollbook.core import clock
from rollbook.curriculum.sections import SectionCard, find_section
from rollbook.grades.gradebook import Gradebook, GradebookMark, gradebook_of
from rollbook.reporting.audience import sees_all
from rollbook.reporting.days import AsOf, Day, day_of
from rollbook.ui import tables
from rollbook.ui.addresses import addresses
from rollbook.ui.page import render

router = APIRouter(include_in_schema=False)

_WHO: Final = ("student_number", "name", "grade_percent", "grade_letter")


@router.get("/sections/{section_id}/gradebook")
def gradebook_page(request: Request, viewer: Viewing, section_id: UUID, as_of: AsOf = "") -> Response:
    """Students down, work across, and the mark that the work makes so far."""
    card, day, book = _find(viewer, section_id, as_of)
    context = {
        "section": card.section,
        "day": day,
        "book": book,
        "missing": sum(mark.is_missing for row in book.rows for mark in row.marks.values()),
        "sees_all": sees_all(viewer),
        "address": addresses(f"/sections/{section_id}/gradebook", {}, always={"as_of": as_of}),
    }
    return render(request, "reporting/gradebook.html", context, frame=viewer.frame)


@router.get("/sections/{section_id}/gradebook.{kind}")
def gradebook_file(
    viewer: Viewing, section_id: UUID, kind: Literal["csv", "json"], as_of: AsOf = ""
) -> Response:
    """The gradebook as a file, a column for each piece of work."""
    _, day, book = _find(viewer, section_id, as_of)
    rows = [_flat(book, place) for place in range(len(book.rows))]
    if kind == "json":
        document = {"is_synthetic": viewer.tenant.is_synthetic, "as_of": day.on_day, "students": rows}
        return tables.json_response(document)
    columns = (*_WHO, *(work.assignment_code for work in book.work))
    lines = ([row[column] for column in columns] for row in rows)
    return tables.csv_response(f"gradebook-{section_id}-{day.on_day}", columns, lines)


def _find(viewer: Viewer, section_id: UUID, as_of: AsOf) -> tuple[SectionCard, Day, Gradebook]:
    card = find_section(viewer.db, viewer.tenant.tenant_id, section_id)
    day = day_of(viewer.db, viewer.tenant, as_of).within(card.section.starts_on, card.section.ends_on)
    known = day.known_until or clock.now()
    return card, day, gradebook_of(viewer.db, viewer.tenant, section_id, day.on_day, known_until=known)


def _flat(book: Gradebook, place: int) -> dict[str, Any]:
    row = book.rows[place]
    who = {name: getattr(row, name) for name in _WHO}
    return who | {work.assignment_code: _cell(row.marks.get(work.assignment_id)) for work in book.work}


def _cell(mark: GradebookMark | None) -> object:
    if mark is None:
        return None
    return mark.word or mark.grade_value
