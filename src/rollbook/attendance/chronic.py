"""Who misses much school: the list, and how many in each school and grade."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.orm import Session

from rollbook.attendance.rules import Rule, rule_of
from rollbook.attendance.service import require_days, require_school, school_year_start
from rollbook.attendance.weeks import rows_of_sets, standing, students_in_sight
from rollbook.core.paging import CursorInvalid, Page, read_cursor, write_cursor
from rollbook.core.sql import named_sql
from rollbook.core.tenancy import Tenant
from rollbook.roster.names import student_name

_SQL: Final = named_sql("rollbook.attendance")


@dataclass(frozen=True, slots=True)
class Group:
    """A grade of a school. ``rate`` is the share of all its students' days that were missed, 0..1."""

    school_code: str
    school: str
    grade_level: int | None
    students: int
    chronic: int
    rate: float


@dataclass(frozen=True, slots=True)
class ChronicStudent:
    """A chronically absent student, where they were last. ``rate`` is missed of days, 0..1."""

    student_id: UUID
    student_number: str
    name: str
    school_code: str
    school: str
    grade_level: int | None
    days: int
    missed: float
    unexcused: int
    rate: float


@dataclass(frozen=True, slots=True)
class ChronicAbsence:
    """Who was chronically absent in [since, as_of], by which rule, and how many in each school and grade.

    ``page``: all who are listed, or some of them, worst first. ``schools``: code and name of every school
    that has students with a day that counts, whichever was asked about.
    """

    since: date
    as_of: date
    rule: Rule
    groups: Sequence[Group]
    page: Page[ChronicStudent]
    schools: Sequence[tuple[str, str]]

    @property
    def students(self) -> Sequence[ChronicStudent]:
        """The students of the page."""
        return self.page.rows

    @property
    def enrolled(self) -> int:
        """Students who were enrolled on a day that counts."""
        return sum(group.students for group in self.groups)

    @property
    def chronic(self) -> int:
        """How many of them are chronically absent."""
        return self.page.total

    @property
    def rate(self) -> float:
        """Units: 0..1 of the students are chronically absent."""
        return self.chronic / self.enrolled if self.enrolled else 0.0

    def document(self) -> dict[str, Any]:
        """Return it as files and commands show it."""
        return {
            "since": self.since,
            "as_of": self.as_of,
            "rule": asdict(self.rule),
            "groups": [asdict(group) for group in self.groups],
            "students": [asdict(student) for student in self.students],
        }


def chronic_absence(  # noqa: PLR0913 -- which of them, and which part of the list
    db: Session,
    tenant: Tenant,
    as_of: date,
    *,
    school: str | None = None,
    after: str | None = None,
    page_size: int | None = None,
) -> ChronicAbsence:
    """Return who in sight was chronically absent from the start of the school year up to ``as_of``.

    Units:  days are enrolled instructional days whose attendance is known; those at all schools count.
    Shape:  students worst first, ``page_size`` of them or all; a student stands with the school and grade
            that they were in last.
    Raises: ``DayOutOfRange``; ``SchoolNotFound``; ``CursorInvalid``, also if who ``after`` names is in the
            list no more.
    Source: ED FS195 -- excused and unexcused both count; the share is the tenant's.
    """
    require_days(as_of)
    require_school(db, school)
    since, rule = school_year_start(db, as_of), rule_of(db, tenant.tenant_id)
    sight, now = students_in_sight(db), standing(db, since, as_of)
    named = _named(after) if after else None
    wanted = now.params() | {
        "students": [] if now.has_totals else sight,
        "apart": now.apart_from_totals if now.has_totals else now.apart,
        "school": school,
        "chronic_rate": rule.chronic_rate,
        "minimum_days": rule.minimum_days,
        "after": named,
        "page_size": page_size,
    }
    rows = rows_of_sets(db, _SQL["chronic_absence"], wanted)
    every = sorted((_group(row) for row in rows if row.student_id is None), key=_place)
    groups = [group for group in every if school in {None, group.school_code}]
    page = _page([row for row in rows if row.student_id is not None], groups, named, page_size)
    schools = sorted({(group.school_code, group.school) for group in every}, key=lambda each: each[1])
    return ChronicAbsence(since, as_of, rule, groups, page, schools)


def _named(cursor: str) -> UUID:
    (name,) = read_cursor(cursor, str)
    try:
        return UUID(hex=str(name))
    except ValueError as error:
        raise CursorInvalid from error


def _page(
    rows: Sequence[Row[Any]], groups: Sequence[Group], after: UUID | None, page_size: int | None
) -> Page[ChronicStudent]:
    """Return the students after ``after``; among the rows is also whom the page before comes after.

    Raises: ``CursorInvalid``.
    """
    begin = next((row.place for row in rows if row.student_id == after), 0)
    if after and not begin:
        raise CursorInvalid
    total = sum(group.chronic for group in groups)
    shown = [row for row in rows if row.place > begin]
    is_last = not shown or shown[-1].place == total
    before = next((row for row in rows if page_size and row.place == begin - page_size), None)
    return Page(
        [_student(row) for row in shown],
        begin + 1,
        total,
        None if is_last else write_cursor(shown[-1].student_id.hex),
        write_cursor(before.student_id.hex) if before else None,
    )


def _group(row: Row[tuple[object, ...]]) -> Group:
    return Group(row.school_code, row.school, row.grade_level, row.students, row.chronic, float(row.rate))


def _place(group: Group) -> tuple[str, int]:
    return group.school, -1 if group.grade_level is None else group.grade_level


def _student(row: Row[tuple[object, ...]]) -> ChronicStudent:
    return ChronicStudent(
        student_id=row.student_id,
        student_number=row.student_number,
        name=student_name(row.student_number, row.first_name, row.last_name, row.preferred_name),
        school_code=row.school_code,
        school=row.school,
        grade_level=row.grade_level,
        days=int(row.days),
        missed=float(row.missed),
        unexcused=int(row.unexcused),
        rate=float(row.rate),
    )
