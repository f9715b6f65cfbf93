"""Sections: who teaches them, when they meet, who is in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from rollbook.core.errors import NotFound
from rollbook.core.paging import Page, find_page
from rollbook.core.sql import named_sql
from rollbook.roster.calendar import AcademicPeriod
from rollbook.roster.names import student_name

PAGE_SIZE: Final = 50
_SQL: Final = named_sql("rollbook.curriculum", "sections.sql")


class SectionNotFound(NotFound):
    """There is no such section. The list of sections names them all."""


@dataclass(frozen=True, slots=True)
class SectionFacts:
    """A section of a course. Shape: [starts_on, ends_on]; ``periods``: of the school day."""

    section_id: UUID
    section_code: str
    course_id: UUID
    course_code: str
    title: str
    subject: str | None
    school_id: UUID | None
    school: str | None
    starts_on: date
    ends_on: date
    location: str | None
    periods: Sequence[str] | None
    is_homeroom: bool


@dataclass(frozen=True, slots=True)
class SectionLine:
    """A section in a list. ``students``: those in sight, on the section's day that is nearest."""

    section: SectionFacts
    teacher: str | None
    students: int


@dataclass(frozen=True, slots=True)
class SectionMember:
    """Someone who works in a section. Shape: [begins_on, ends_on), none = open on that side."""

    staff_id: UUID
    staff_number: str
    name: str
    section_role: str
    is_primary: bool
    begins_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class SectionCard:
    """A section, who works in it, and the terms in which it meets."""

    section: SectionFacts
    staff: Sequence[SectionMember]
    sessions: Sequence[AcademicPeriod]


@dataclass(frozen=True, slots=True)
class Classmate:
    """A student in a section. Shape: [enrolled_on, withdrawn_on); none = not said, not withdrawn."""

    student_id: UUID
    student_number: str
    name: str
    grade_level: int | None
    enrolled_on: date | None
    withdrawn_on: date | None


@dataclass(frozen=True, slots=True)
class SectionFilter:
    """Which sections are wanted. ``course``, ``school``: their codes; ``user_id``: who works in them."""

    q: str = ""
    course: str | None = None
    school: str | None = None
    user_id: UUID | None = None
    is_running: bool = True


def list_sections(  # noqa: PLR0913 -- each is a part of the address
    db: Session,
    tenant_id: int,
    on_day: date,
    wanted: SectionFilter,
    *,
    after: str | None = None,
    page_size: int = PAGE_SIZE,
) -> Page[SectionLine]:
    """Return one page of sections by course and code.

    Raises: ``CursorInvalid``.
    """
    return find_page(
        db,
        _SQL["sections_matching"],
        {
            "tenant_id": tenant_id,
            "on_day": on_day,
            "running": wanted.is_running,
            "course": wanted.course,
            "school": wanted.school,
            "user_id": wanted.user_id,
        },
        _line,
        described=_SQL["sections_listed"],
        words=wanted.q.split(),
        after=after,
        page_size=page_size,
    )


def find_section(db: Session, tenant_id: int, section_id: UUID) -> SectionCard:
    """Return one section.

    Raises: ``SectionNotFound``.
    """
    key = {"tenant_id": tenant_id, "section_id": section_id}
    row = db.execute(_SQL["section_card"], key).one_or_none()
    if row is None:
        raise SectionNotFound
    return SectionCard(
        SectionFacts(*row),
        [SectionMember(*member) for member in db.execute(_SQL["staff_of_section"], key)],
        [AcademicPeriod(*session) for session in db.execute(_SQL["sessions_of_section"], key)],
    )


def class_list(  # noqa: PLR0913 -- which class, when, known when, which part of it
    db: Session,
    tenant_id: int,
    section_id: UUID,
    on_day: date,
    *,
    known_until: datetime | None = None,
    after: str | None = None,
    page_size: int = PAGE_SIZE,
) -> Page[Classmate]:
    """Return who in sight is in the section on the day, by name, as known before ``known_until``, or now.

    Raises: ``CursorInvalid``.
    """
    wanted = {
        "tenant_id": tenant_id,
        "section_id": section_id,
        "on_day": on_day,
        "known_until": known_until,
    }
    return find_page(db, _SQL["class_list"], wanted, _classmate, after=after, page_size=page_size)


def _line(row: RowMapping) -> SectionLine:
    facts = SectionFacts(**{name: row[name] for name in SectionFacts.__dataclass_fields__})
    return SectionLine(facts, row["teacher"], row["students"])


def _classmate(row: RowMapping) -> Classmate:
    return Classmate(
        student_id=row["row_id"],
        student_number=row["student_number"],
        name=student_name(row["student_number"], row["first_name"], row["last_name"], row["preferred_name"]),
        grade_level=row["grade_level"],
        enrolled_on=row["enrolled_on"],
        withdrawn_on=row["withdrawn_on"],
    )
