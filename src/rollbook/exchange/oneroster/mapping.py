"""Staged rows to typed ones: who is who, then each room's rows, as named queries in their order."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Text, column

from rollbook.core.sql import named_sql
from rollbook.exchange.oneroster.checks import cascade
from rollbook.exchange.oneroster.faults import written
from rollbook.exchange.oneroster.records import SQL as RECORDS
from rollbook.exchange.oneroster.records import gather_records
from rollbook.exchange.oneroster.staging import Bundle, layout_of
from rollbook.exchange.oneroster.tables import LINE_NUMBER, TABLES
from rollbook.intake.checks import reject_lines
from rollbook.intake.format import Run

PEOPLE: Final = named_sql("rollbook.exchange.oneroster", "people.sql")
STRUCTURE: Final = named_sql("rollbook.exchange.oneroster", "structure.sql")
PLACES: Final = named_sql("rollbook.exchange.oneroster", "places.sql")
GRADEBOOK: Final = named_sql("rollbook.exchange.oneroster", "gradebook.sql")
_LINKING: Final = ("make_marks", "make_matches", "take_matches", "make_shared")
_OF_PEOPLE: Final = (
    "make_users",
    "make_members",
    "make_incoming_students",
    "make_incoming_staff",
    "make_incoming_guardians",
    "add_gone_people",
    "make_incoming_student_guardians",
    "add_gone_student_guardians",
)


def link_people(run: Run, bundle: Bundle) -> None:
    """Find out who the users are; reject those of whom that cannot be told, and what refers to them."""
    db = run.db
    _say_what_this_is(run, bundle)
    for name in ("make_grade_levels", "make_kinds", "make_known", "make_people"):
        db.execute(PEOPLE[name])
    if not db.scalar(PEOPLE["count_unknown"]):
        return
    for name in _LINKING:
        db.execute(PEOPLE[name])
    while written(db, PEOPLE["join_persons"]):
        pass
    before = run.rejects.total
    shape = (column(LINE_NUMBER, BigInteger), column("column_name", Text), column("reason", Text))
    conflicts = PEOPLE["persons_in_conflict"].columns(*shape)
    reject_lines(db, layout_of(TABLES["users"]), conflicts, run.rejects)
    if run.rejects.total > before:
        if not bundle.dialect.has_roles:
            db.execute(PEOPLE["forget_roles"])
        cascade(run, bundle)
        db.execute(PEOPLE["forget_conflicts"])
    db.execute(PEOPLE["name_persons"])


def day_of(run: Run) -> date:
    """Return the day of the import, where the tenant is."""
    return run.now.astimezone(ZoneInfo(run.tenant.time_zone)).date()


def _say_what_this_is(run: Run, bundle: Bundle) -> None:
    run.db.execute(PEOPLE["make_run"])
    run.db.execute(PEOPLE["say_run"], {"source": run.source, "today": day_of(run), "now": run.now})
    run.db.execute(PEOPLE["make_files"])
    for name in bundle.modes:
        run.db.execute(PEOPLE["say_file"], {"record_type": name, "is_bulk": bundle.is_bulk(name)})


def type_bundle(run: Run, bundle: Bundle) -> None:
    """Make the incoming tables of every room."""
    for query in STRUCTURE.values():
        run.db.execute(query)
    for name in _OF_PEOPLE:
        run.db.execute(PEOPLE[name])
    for queries in (PLACES, GRADEBOOK):
        for query in queries.values():
            run.db.execute(query)
    run.db.execute(RECORDS["make_incoming_source_records"])
    gather_records(run, bundle)
