"""Directory information: what a district may hand out without consent, unless the family forbids it.

Source: 34 CFR 99.3 ("directory information") and 99.37 (the family's right to forbid it).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, case, null
from sqlalchemy.orm import InstrumentedAttribute, Session

from rollbook.core.by_hand import revise
from rollbook.core.encryption import open_row
from rollbook.core.sql import named_sql
from rollbook.roster.models import Student
from rollbook.roster.service import StudentNotFound

_SQL: Final = named_sql("rollbook.roster", "directory.sql")
# Every column that 34 CFR 99.3 lets a district call directory information. What it names besides (photograph,
# honours, athletes' weight and height, place of birth) has no column here. A column about a student that is
# not listed is never directory information, whatever the family allows.
DIRECTORY_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "students": (
        "first_name",
        "middle_name",
        "last_name",
        "preferred_name",
        "birth_date",
        "grade_level",
        "email",
        "phone",
        "address",
    ),
    "student_school_enrollments": ("school_id", "grade_level", "entry_on", "exit_on"),
}


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """What is handed out of a student: no number and no birth date, which let others pass for them."""

    first_name: str | None
    middle_name: str | None
    last_name: str | None
    preferred_name: str | None
    grade_level: int | None
    email: str | None
    phone: str | None
    address: str | None
    school: str
    entry_on: date


def directory(db: Session, tenant_id: int, on_day: date) -> list[DirectoryEntry]:
    """Return the directory of the students enrolled on the day, without those whose families forbid it."""
    key = {"tenant_id": tenant_id, "on_day": on_day}
    return [_entry(tenant_id, **row) for row in db.execute(_SQL["directory"], key).mappings()]


def _entry(tenant_id: int, *, student_id: UUID, **columns: Any) -> DirectoryEntry:  # noqa: ANN401 -- of all kinds
    return DirectoryEntry(**open_row(tenant_id, Student.__tablename__, student_id, columns))


def undisclosed(column: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """Return ``column`` as an export to outsiders selects it: nothing where the family forbids it.

    Shape:  the query must read ``students`` too; encrypted columns come as ciphertext, for ``open_row``.
    """
    return case((Student.is_directory_opt_out, null()), else_=column).label(column.key)


def set_directory_opt_out(db: Session, tenant_id: int, student_id: UUID, *, opts_out: bool) -> bool:
    """Note whether the family forbids handing out directory information; return whether that is new.

    Raises: ``StudentNotFound``.
    """
    student = db.get(Student, (tenant_id, student_id), with_for_update=True)
    if student is None:
        raise StudentNotFound
    is_new = revise(student, is_directory_opt_out=opts_out)
    db.flush()
    return is_new
