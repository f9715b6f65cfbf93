"""Staged rows to typed ones: who is who, then each room's rows, as named queries in their order."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Text, TextClause, column
from sqlalchemy.orm import Session

from rollbook.core.sql import named_sql
from rollbook.exchange.oneroster.checks import cascade
from rollbook.exchange.oneroster.faults import written
from rollbook.exchange.oneroster.records import gather_records
from rollbook.exchange.oneroster.staging import Bundle, layout_of
from rollbook.exchange.oneroster.tables import TABLES
from rollbook.intake.checks import reject_lines
from rollbook.intake.format import Run
from rollbook.intake.layout import LINE_NUMBER

IDENTITY: Final = named_sql("rollbook.exchange.oneroster", "identity.sql")
PEOPLE: Final = named_sql("rollbook.exchange.oneroster", "people.sql")
STRUCTURE: Final = named_sql("rollbook.exchange.oneroster", "structure.sql")
PLACES: Final = named_sql("rollbook.exchange.oneroster", "places.sql")
GRADEBOOK: Final = named_sql("rollbook.exchange.oneroster", "gradebook.sql")
# The tables that are made, in the order in which they need each other.
WHO: Final = ("grade_levels", "kinds", "before", "known", "people")
MARKS: Final = ("marks", "matches")
SCHOOLS_AND_CLASSES: Final = (
    *("schools", "incoming_schools", "sessions", "incoming_academic_sessions", "terms"),
    *("courses", "incoming_courses", "sections", "incoming_sections", "incoming_section_sessions"),
)
USERS: Final = (
    *("users", "members", "incoming_students", "incoming_staff", "incoming_guardians"),
    "incoming_student_guardians",
)
IN_PLACES: Final = (
    *("role_rows", "first_days", "stays", "left_behind", "incoming_student_school_enrollments"),
    *("incoming_staff_assignments", "incoming_course_enrollments", "incoming_section_staff"),
)
MARKED: Final = (
    *("categories", "incoming_assignment_categories", "assignments", "incoming_assignments"),
    *("result_rows", "incoming_grades", "scales", "incoming_grade_scales", "incoming_grade_scale_steps"),
)


def make(db: Session, queries: Mapping[str, TextClause], tables: Iterable[str]) -> None:
    """Make temporary tables by the queries called after them."""
    for table in tables:
        db.execute(queries[f"make_{table}"])


def link_people(run: Run, bundle: Bundle) -> None:
    """Find out who the users are; reject those of whom that cannot be told, and what refers to them."""
    db = run.db
    _say_what_this_is(run, bundle)
    make(db, IDENTITY, WHO)
    if not db.scalar(IDENTITY["count_unknown"]):
        return
    make(db, IDENTITY, MARKS)
    db.execute(IDENTITY["take_matches"])
    make(db, IDENTITY, ["shared"])
    are_joined = _join_persons(db)
    _reject_conflicts(run, bundle)
    if are_joined:
        db.execute(IDENTITY["name_persons"])


def _join_persons(db: Session) -> bool:
    """Let those who share a mark be one person; say whether there are any."""
    rounds = 0
    while written(db, IDENTITY["join_persons"]):
        rounds += 1
    return rounds > 0


def _reject_conflicts(run: Run, bundle: Bundle) -> None:
    before = run.rejects.total
    shape = (column(LINE_NUMBER, BigInteger), column("column_name", Text), column("reason", Text))
    conflicts = IDENTITY["persons_in_conflict"].columns(*shape)
    reject_lines(run.db, layout_of(TABLES["users"]), conflicts, run.rejects)
    if run.rejects.total > before:
        if not bundle.dialect.has_roles:
            run.db.execute(IDENTITY["forget_roles"])
        cascade(run, bundle)
        run.db.execute(IDENTITY["forget_conflicts"])


def day_of(run: Run) -> date:
    """Return the day of the import, where the tenant is."""
    return run.now.astimezone(ZoneInfo(run.tenant.time_zone)).date()


def _say_what_this_is(run: Run, bundle: Bundle) -> None:
    make(run.db, IDENTITY, ["run", "files"])
    run.db.execute(IDENTITY["say_run"], {"source": run.source, "today": day_of(run)})
    for name in bundle.modes:
        run.db.execute(IDENTITY["say_file"], {"record_type": name, "is_bulk": bundle.is_bulk(name)})


def type_bundle(run: Run, bundle: Bundle) -> None:
    """Make the incoming tables of every room."""
    make(run.db, STRUCTURE, SCHOOLS_AND_CLASSES)
    make(run.db, PEOPLE, USERS)
    run.db.execute(PEOPLE["add_gone_people"])
    run.db.execute(PEOPLE["add_gone_student_guardians"])
    make(run.db, PLACES, IN_PLACES)
    for step in ("index_stays", "join_repeated_places", "count_rests"):
        run.db.execute(PLACES[step])
    make(run.db, GRADEBOOK, MARKED)
    run.db.execute(GRADEBOOK["add_gone_grade_scale_steps"])
    gather_records(run, bundle)
