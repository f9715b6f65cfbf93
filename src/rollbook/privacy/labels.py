"""Names for the ids in a record: what a section, a school or a person is called."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, func, select
from sqlalchemy.orm import Session

from rollbook.privacy.about import TABLES


def _person(table: Table) -> ColumnElement[Any]:
    return func.concat_ws(" ", table.c.first_name, table.c.last_name)


def _section(table: Table) -> ColumnElement[Any]:
    courses = TABLES["courses"]
    title = (
        select(courses.c.title)
        .where(courses.c.tenant_id == table.c.tenant_id, courses.c.course_id == table.c.course_id)
        .scalar_subquery()
    )
    return func.concat_ws(" ", title, table.c.section_code)


_LABELS: Final[Mapping[str, tuple[str, Any]]] = {
    "schools": ("school_id", lambda table: table.c.name),
    "sections": ("section_id", _section),
    "courses": ("course_id", lambda table: table.c.title),
    "staff": ("staff_id", _person),
    "users": ("user_id", lambda table: table.c.full_name),
    "guardians": ("guardian_id", _person),
    "assignments": ("assignment_id", lambda table: table.c.title),
    "activities": ("activity_id", lambda table: table.c.name),
    "routines": ("routine_id", lambda table: table.c.name),
    "fitness_tests": ("fitness_test_id", lambda table: table.c.name),
    "academic_sessions": ("session_id", lambda table: table.c.title),
    "learning_standards": ("standard_id", lambda table: table.c.description),
}


def labels_of(db: Session, tenant_id: int, rows: Iterable[Mapping[str, Any]]) -> Mapping[str, str]:
    """Return what the ids in ``rows`` are called, by id; of some there is no name."""
    ids = {value for row in rows for value in row.values() if isinstance(value, UUID)}
    found: dict[str, str] = {}
    for name, (key, label) in _LABELS.items():
        table = TABLES[name]
        column: Column[Any] = table.c[key]
        query = select(column, label(table)).where(table.c.tenant_id == tenant_id, column.in_(ids))
        found |= {str(each): called for each, called in db.execute(query) if called}
    return found
