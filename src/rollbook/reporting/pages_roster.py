"""The register of students, and the list of schools with a page for each."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from rollbook.access.viewing import Viewer, Viewing
from rollbook.access.writing import Work, may, may_for_school
from rollbook.curriculum.sections import SectionFilter, list_sections
from rollbook.reporting.audience import sees_all
from rollbook.reporting.days import Day, On, day_on
from rollbook.roster import calendar, schools
from rollbook.roster.listing import RosterLine, Sort, StudentFilter, find_students, grades_in_sight
from rollbook.ui import tables
from rollbook.ui.addresses import addresses
from rollbook.ui.page import render
from rollbook.ui.params import CodeText, CursorText, SearchText

router = APIRouter(include_in_schema=False)
EVERYTHING: Final = 1_000_000
_MOST_SECTIONS: Final = 12
# A code may hold what a file's name, or the header that tells it, may not.
_STUDENTS: Final = ("student_number", "name", "grade_level", "school", "counselor")
_SCHOOLS: Final = ("school_code", "name", "school_type", "low_grade", "high_grade", "students")
_STAFF: Final = ("staff_number", "name", "staff_role", "email", "phone", "begins_on", "ends_on")
_CALENDAR: Final = ("date", "is_instructional", "term_code")


def _filter(
    q: SearchText = "",
    school: CodeText = None,
    grade_level: Annotated[Annotated[int, Query(ge=0, le=12)] | Literal[""], Query()] = "",
    sort: Sort = "name",
) -> StudentFilter:
    return StudentFilter(q, school, None if grade_level == "" else grade_level, sort)


Wanted = Annotated[StudentFilter, Depends(_filter)]


@router.get("/students")
def students_page(
    request: Request,
    viewer: Viewing,
    wanted: Wanted,
    after: CursorText = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The register: whom you may see, by name, school and grade."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    day = day_on(db, viewer.tenant).on_day
    kept = {"q": wanted.q, "school": wanted.school, "grade_level": _text(wanted.grade_level)}
    context = {
        "page": find_students(db, tenant_id, day, wanted, after=after or None),
        "wanted": wanted,
        "after": after,
        "schools": schools.list_schools(db, tenant_id, day)[0],
        "grades": grades_in_sight(db, tenant_id),
        "sees_nobody": viewer.sees_nobody,
        "may_admit": may(viewer.user, Work.ENROLLMENT),
        "done": done,
        "address": addresses(
            "/students", kept, always={"sort": wanted.sort if wanted.sort != "name" else None}
        ),
    }
    return _varying(render(request, "reporting/students.html", context, frame=viewer.frame))


@router.get("/students.csv")
def students_csv(viewer: Viewing, wanted: Wanted) -> Response:
    """The whole register, as filtered, for a spreadsheet."""
    return tables.csv_response("students", _STUDENTS, cells(_STUDENTS, _everybody(viewer, wanted)))


@router.get("/students.json")
def students_json(viewer: Viewing, wanted: Wanted) -> Response:
    """The whole register, as filtered, for a program."""
    return document(viewer, _everybody(viewer, wanted))


@router.get("/schools")
def schools_page(request: Request, viewer: Viewing) -> Response:
    """The schools, each with the students whom you may see."""
    day = day_on(viewer.db, viewer.tenant).on_day
    found, _ = schools.list_schools(viewer.db, viewer.tenant.tenant_id, day)
    context = {"schools": found, "sees_all": sees_all(viewer), "address": addresses("/schools", {})}
    return render(request, "reporting/schools.html", context, frame=viewer.frame)


@router.get("/schools.csv")
def schools_csv(viewer: Viewing) -> Response:
    """The schools for a spreadsheet."""
    day = day_on(viewer.db, viewer.tenant).on_day
    found, _ = schools.list_schools(viewer.db, viewer.tenant.tenant_id, day)
    return tables.csv_response("schools", _SCHOOLS, cells(_SCHOOLS, found))


@router.get("/schools.json")
def schools_json(viewer: Viewing) -> Response:
    """The schools for a program."""
    day = day_on(viewer.db, viewer.tenant).on_day
    return document(viewer, schools.list_schools(viewer.db, viewer.tenant.tenant_id, day)[0])


@router.get("/schools/{school_id}")
def school_page(request: Request, viewer: Viewing, school_id: UUID, on: On = "") -> Response:
    """One school: who works there, its students by grade, its year, its sections."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    day = day_on(db, viewer.tenant, on)
    school = schools.find_school(db, tenant_id, school_id, day.on_day)
    year = calendar.school_year_on(db, tenant_id, day.on_day)
    window = calendar.bounds_of_year(year)
    running = SectionFilter(school=school.school_code)
    context = {
        "school": school,
        "may_submit": may_for_school(db, viewer.user, school_id, Work.SUBMISSION),
        "day": day,
        "year": year,
        "sees_all": sees_all(viewer),
        "staff": schools.staff_of_school(db, tenant_id, school_id, day.on_day),
        "grades": schools.grades_of_school(db, tenant_id, school_id, day.on_day),
        "sessions": calendar.sessions_of_year(db, tenant_id, year),
        "months": calendar.calendar_months(db, tenant_id, school_id, *window),
        "taught": calendar.instructional_days(db, tenant_id, school_id, *window),
        "sections": list_sections(db, tenant_id, day.on_day, running, page_size=_MOST_SECTIONS),
        "address": addresses(f"/schools/{school_id}", {}, always={"on": on}),
    }
    return render(request, "reporting/school.html", context, frame=viewer.frame)


@router.get("/schools/{school_id}/staff.{kind}")
def school_staff_file(
    viewer: Viewing, school_id: UUID, kind: Literal["csv", "json"], on: On = ""
) -> Response:
    """Who works at the school, as a file."""
    day = day_on(viewer.db, viewer.tenant, on).on_day
    school = schools.find_school(viewer.db, viewer.tenant.tenant_id, school_id, day)
    found = schools.staff_of_school(viewer.db, viewer.tenant.tenant_id, school_id, day)
    return as_file(viewer, f"staff-{school.school_code}", kind, _STAFF, found)


@router.get("/schools/{school_id}/calendar.{kind}")
def school_calendar_file(
    viewer: Viewing, school_id: UUID, kind: Literal["csv", "json"], on: On = ""
) -> Response:
    """The school's calendar of the school year, as a file."""
    db, tenant_id = viewer.db, viewer.tenant.tenant_id
    day = day_on(db, viewer.tenant, on)
    school = schools.find_school(db, tenant_id, school_id, day.on_day)
    window = calendar.bounds_of_year(calendar.school_year_on(db, tenant_id, day.on_day))
    found = calendar.calendar_days(db, tenant_id, school_id, *window)
    return as_file(viewer, f"calendar-{school.school_code}", kind, _CALENDAR, found)


def cells(columns: Sequence[str], rows: Sequence[Any]) -> list[list[object]]:
    """Return the ``columns`` of each row."""
    return [[getattr(row, name) for name in columns] for row in rows]


def document(viewer: Viewer, rows: Sequence[Any], day: Day | None = None) -> Response:
    """Return the rows as JSON, with what a program has to know of them."""
    about: dict[str, date] = {"on_day": day.on_day} if day else {}
    facts = {"is_synthetic": viewer.tenant.is_synthetic, "total": len(rows), **about}
    return tables.json_response({**facts, "rows": [asdict(row) for row in rows]})


def as_file(  # noqa: PLR0913, PLR0917 -- what the file is called and what is in it
    viewer: Viewer, name: str, kind: str, columns: Sequence[str], rows: Sequence[Any], day: Day | None = None
) -> Response:
    """Return the rows as CSV or JSON."""
    if kind == "csv":
        return tables.csv_response(name, columns, cells(columns, rows))
    return document(viewer, rows, day)


def _everybody(viewer: Viewer, wanted: StudentFilter) -> Sequence[RosterLine]:
    day = day_on(viewer.db, viewer.tenant).on_day
    return find_students(viewer.db, viewer.tenant.tenant_id, day, wanted, page_size=EVERYTHING).rows


def _text(value: int | None) -> str:
    """Return kindergarten as "0": only nothing is left out of an address."""
    return "" if value is None else str(value)


def _varying(response: Response) -> Response:
    response.headers["Vary"] = "HX-Request, Cookie"
    return response
