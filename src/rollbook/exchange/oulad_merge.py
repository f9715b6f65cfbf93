"""Typed rows into the rooms' tables: what differs is updated, what is missing inserted, the rest left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import CursorResult
from sqlalchemy.orm import Session

from rollbook.core.progress import Report
from rollbook.core.sql import named_sql
from rollbook.intake.merge import months_of, name_import
from rollbook.intake.target import Stamp

SQL: Final = named_sql("rollbook.exchange", "oulad_merge.sql")
EVENTS: Final = "analytics_events"


@dataclass(frozen=True, slots=True)
class TableSummary:
    """What an import did to a table; ``source`` is the file its rows come from."""

    table: str
    source: str
    inserted: int
    updated: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class _Merge:
    """How a table is merged: named queries, and those that must run after it."""

    table: str
    source: str
    insert: str
    update: str | None = None
    afterwards: tuple[str, ...] = ()


_MERGES: Final = (
    _Merge("courses", "courses.csv", "insert_courses"),
    _Merge("sections", "courses.csv", "insert_sections", "update_sections", ("key_sections",)),
    _Merge(
        "students",
        "studentInfo.csv",
        "insert_students",
        "update_students",
        ("key_students", "key_enrollments"),
    ),
    _Merge(
        "course_enrollments",
        "studentRegistration.csv",
        "insert_enrollments",
        "update_enrollments",
        ("withdraw",),
    ),
    _Merge("course_outcomes", "studentInfo.csv", "insert_outcomes", "update_outcomes"),
    _Merge("assignments", "assessments.csv", "insert_assignments", "update_assignments", ("key_grades",)),
    _Merge("grades", "studentAssessment.csv", "insert_grades", "update_grades"),
)


def merge_drop(
    db: Session, stamp: Stamp, span: tuple[date, date] | None, report: Report
) -> Sequence[TableSummary]:
    """Merge the typed rows into the tenant's tables; ``span`` is that of the events."""
    facts = {"tenant_id": stamp.tenant_id, "import_id": stamp.import_id}
    name_import(db, stamp.import_id)
    incoming = db.execute(SQL["count_incoming"]).mappings().one()
    report.step("Writing", len(_MERGES))
    done = [_merge(db, merge, facts, incoming[merge.table], report) for merge in _MERGES]
    return [*done, _merge_events(db, span, facts, incoming[EVENTS], report)]


def _merge(
    db: Session, merge: _Merge, facts: Mapping[str, Any], incoming: int, report: Report
) -> TableSummary:
    updated = _written(db, merge.update, facts) if merge.update else 0
    inserted = _written(db, merge.insert, facts)
    for query in merge.afterwards:
        db.execute(SQL[query], facts)
    report.advance()
    return TableSummary(merge.table, merge.source, inserted, updated, incoming - inserted - updated)


def _merge_events(
    db: Session, span: tuple[date, date] | None, facts: Mapping[str, Any], incoming: int, report: Report
) -> TableSummary:
    """Merge month by month: a statement's pending foreign-key checks are held in memory."""
    months = list(months_of(*span)) if span else []
    report.step("Writing clicks", len(months))
    inserted = updated = 0
    for since, until in months:
        month = {**facts, "since": since, "until": until}
        updated += _written(db, "update_events", month)
        inserted += _written(db, "insert_events", month)
        report.advance()
    return TableSummary(EVENTS, "studentVle.csv", inserted, updated, incoming - inserted - updated)


def _written(db: Session, query: str, facts: Mapping[str, Any]) -> int:
    result = db.execute(SQL[query], facts)
    assert isinstance(result, CursorResult)
    return result.rowcount


def make_keys(db: Session) -> None:
    """Make the tables of keys alone, for tests of the queries."""
    for query in ("key_sections", "key_students", "key_enrollments", "key_grades"):
        db.execute(SQL[query])
