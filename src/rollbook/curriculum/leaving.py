"""A student leaves a school, and with it the places in its sections: one verb, versions kept.

Who comes back is enrolled anew, from the day on which they return: the time away stays away. Their places
stay closed, for the timetable may be another: ``place_in_section`` gives each anew. In the same section that
opens the old row again, whose closed version stays in the history.
"""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from rollbook.core import clock
from rollbook.core.errors import Invalid
from rollbook.core.sql import named_sql
from rollbook.curriculum.models import Section
from rollbook.curriculum.sections import SectionNotFound
from rollbook.roster import enrolling
from rollbook.roster.enrolling import Placement
from rollbook.roster.models import Student, StudentSchoolEnrollment
from rollbook.roster.service import StudentNotFound

_SQL: Final = named_sql("rollbook.curriculum")


class PlaceOutsideSection(Invalid):
    """The section runs from {starts_on} to {ends_on}: a place in it begins in these days."""


def withdraw_student(
    db: Session, tenant_id: int, enrollment_id: UUID, *, exit_on: date, exit_code: str | None = None
) -> int:
    """End a student's time at a school and in its sections; return how many places that closed.

    ``exit_on`` is the first day no longer enrolled. Sections that ended before it were seen through.
    Raises: what ``roster.enrolling.withdraw_student`` raises.
    """
    with db.begin_nested():
        left = enrolling.withdraw_student(db, tenant_id, enrollment_id, exit_on=exit_on, exit_code=exit_code)
        return _close_places(db, left, exit_on)


def transfer_student(
    db: Session, tenant_id: int, student_id: UUID, placement: Placement, *, exit_code: str | None = None
) -> StudentSchoolEnrollment:
    """Let a student leave their primary school with its sections and enter another on the same day.

    Raises: what ``roster.enrolling.transfer_student`` raises.
    """
    with db.begin_nested():
        left = enrolling.open_primary(db, tenant_id, student_id)
        entered = enrolling.transfer_student(db, tenant_id, student_id, placement, exit_code=exit_code)
        _close_places(db, left, placement.entry_on)
        return entered


def place_in_section(db: Session, tenant_id: int, student_id: UUID, section_id: UUID, on_day: date) -> bool:
    """Give a student a place in a section from a day on; return whether there was none open.

    Raises: ``StudentNotFound``; ``SectionNotFound``; ``PlaceOutsideSection``.
    """
    if db.get(Student, (tenant_id, student_id)) is None:
        raise StudentNotFound
    section = db.get(Section, (tenant_id, section_id))
    if section is None:
        raise SectionNotFound
    if not section.starts_on <= on_day <= section.ends_on:
        raise PlaceOutsideSection(starts_on=section.starts_on, ends_on=section.ends_on)
    place = {"tenant_id": tenant_id, "student_id": student_id, "section_id": section_id, "on_day": on_day}
    return bool(db.execute(_SQL["place_in_section"], place | {"now": clock.now()}).all())


def _close_places(db: Session, left: StudentSchoolEnrollment, exit_on: date) -> int:
    place = {"tenant_id": left.tenant_id, "student_id": left.student_id, "school_id": left.school_id}
    when = {"exit_on": exit_on, "now": clock.now()}
    return len(db.execute(_SQL["close_places"], place | when).all())
