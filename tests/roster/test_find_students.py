"""The register of students: filtered, sorted, paged forth and back, each row once."""

from collections.abc import Sequence
from datetime import date
from typing import get_args

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from plans import plans_of, read_in_vain
from rollbook.core.paging import CursorInvalid
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.roster.listing import RosterLine, Sort, StudentFilter, find_students, grades_in_sight
from rollbook.testing import factories as make

DAY = date(2025, 11, 3)


def names(rows: Sequence[RosterLine]) -> list[str]:
    return [row.name for row in rows]


def test_a_line_says_where_the_student_is_on_the_day(db: Session, tenant: Tenant) -> None:
    oak, elm = make.create_school(db, name="Oak"), make.create_school(db, name="Elm")
    student = make.create_student(db, name="Ada Byron", number="7", preferred_name="Addy")
    make.enroll_in_school(db, student, elm, until=date(2025, 10, 1))
    counselor = make.create_staff(db, name="Cora Lane")
    make.enroll_in_school(db, student, oak, since=date(2025, 10, 1), counselor=counselor)

    (line,) = find_students(db, tenant.tenant_id, DAY, StudentFilter()).rows

    assert (line.name, line.student_number, line.school, line.counselor) == (
        "Addy Byron",
        "7",
        "Oak",
        "Cora Lane",
    )
    (before,) = find_students(db, tenant.tenant_id, date(2025, 9, 5), StudentFilter()).rows
    assert (before.school, before.counselor) == ("Elm", None)
    assert find_students(db, tenant.tenant_id, DAY, StudentFilter(school=elm.school_code)).rows == []
    assert (
        find_students(db, tenant.tenant_id, date(2025, 9, 5), StudentFilter(school=oak.school_code)).rows
        == []
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (StudentFilter(), ["Ben Abara", "Ada Byron", "Cy Byron"]),
        (StudentFilter(q="byron"), ["Ada Byron", "Cy Byron"]),
        (StudentFilter(q="BYRON cy"), ["Cy Byron"]),
        (StudentFilter(q="%"), []),
        (StudentFilter(grade_level=9), ["Ada Byron"]),
        (StudentFilter(school="ELM"), ["Ben Abara"]),
        (StudentFilter(school="none"), []),
        (StudentFilter(sort="number"), ["Ada Byron", "Ben Abara", "Cy Byron"]),
        (StudentFilter(sort="grade"), ["Ben Abara", "Ada Byron", "Cy Byron"]),
    ],
)
def test_students_are_filtered_and_sorted(
    db: Session, tenant: Tenant, wanted: StudentFilter, expected: list[str]
) -> None:
    oak, elm = make.create_school(db, code="OAK"), make.create_school(db, code="ELM")
    make.create_student(db, name="Ada Byron", number="1", school=oak, grade_level=9)
    make.create_student(db, name="Ben Abara", number="2", school=elm, grade_level=6)
    make.create_student(db, name="Cy Byron", number="3", school=oak, grade_level=None)

    page = find_students(db, tenant.tenant_id, DAY, wanted)

    assert names(page.rows) == expected
    assert page.total == len(expected)
    assert grades_in_sight(db, tenant.tenant_id) == [6, 9]


@pytest.mark.parametrize("sort", get_args(Sort))
def test_pages_hold_each_row_once_forth_and_back(db: Session, tenant: Tenant, sort: Sort) -> None:
    make.batch_students(db, 23)
    wanted = StudentFilter(sort=sort)
    pages = [find_students(db, tenant.tenant_id, DAY, wanted, page_size=10)]
    while pages[-1].next_cursor:
        after = pages[-1].next_cursor
        pages.append(find_students(db, tenant.tenant_id, DAY, wanted, after=after, page_size=10))

    assert [(page.first, page.last, page.total) for page in pages] == [
        (1, 10, 23),
        (11, 20, 23),
        (21, 23, 23),
    ]
    assert len({row.student_id for page in pages for row in page.rows}) == 23
    back = find_students(db, tenant.tenant_id, DAY, wanted, after=pages[2].previous_cursor, page_size=10)
    assert names(back.rows) == names(pages[1].rows)
    assert pages[0].previous_cursor is pages[1].previous_cursor is None


def test_nobody_out_of_sight_is_found_or_counted(db: Session, tenant: Tenant) -> None:
    mine = make.create_student(db, name="Ada Byron")
    make.create_student(db, name="Ben Byron", grade_level=3)
    look_through(db, Visibility(tenant.tenant_id, [mine.student_id]))

    page = find_students(db, tenant.tenant_id, DAY, StudentFilter(q="byron"))

    assert (names(page.rows), page.total) == (["Ada Byron"], 1)
    assert grades_in_sight(db, tenant.tenant_id) == [9]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIiwgIngiXQ"])
def test_a_cursor_of_somebody_elses_making_is_refused(db: Session, tenant: Tenant, cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        find_students(db, tenant.tenant_id, DAY, StudentFilter(), after=cursor)


def test_a_caseload_is_found_without_reading_the_district(db: Session, tenant: Tenant) -> None:
    mine = make.batch_students(db, 3000)[::300]
    db.execute(text("SELECT rollbook_analyze('students')"))

    def in_vain() -> int:
        with plans_of(db, "matching") as plans:
            assert find_students(db, tenant.tenant_id, DAY, StudentFilter()).total == len(mine)
        return read_in_vain(plans[0], "students")

    look_through(db, Visibility(tenant.tenant_id, mine))
    assert in_vain() == 0
    db.execute(text("SET LOCAL enable_indexscan = off"))
    db.execute(text("SET LOCAL enable_bitmapscan = off"))
    assert in_vain() == 3000 - len(mine)  # the control: what is read for nothing would be seen
