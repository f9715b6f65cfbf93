"""Sections: which run, who teaches them, how many of those in sight are in them."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from rollbook.accounts.models import Role
from rollbook.accounts.service import add_user
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.curriculum.models import SectionRole, SectionSession
from rollbook.curriculum.sections import SectionFilter, SectionNotFound, find_section, list_sections
from rollbook.roster.models_calendar import AcademicSession, SessionType
from rollbook.testing import factories as make
from rollbook.testing.rows import add

DAY = date(2025, 11, 3)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (SectionFilter(), ["ALG 1", "ALG 2", "BIO 1"]),
        (SectionFilter(is_running=False), ["ALG 0", "ALG 1", "ALG 2", "BIO 1"]),
        (SectionFilter(course="BIO"), ["BIO 1"]),
        (SectionFilter(school="OAK"), ["ALG 1"]),
        (SectionFilter(q="algebra 2"), ["ALG 2"]),
        (SectionFilter(q="none"), []),
    ],
)
def test_sections_are_filtered(
    db: Session, tenant: Tenant, wanted: SectionFilter, expected: list[str]
) -> None:
    oak = make.create_school(db, code="OAK")
    algebra = make.create_course(db, code="ALG", title="Algebra")
    biology = make.create_course(db, code="BIO", title="Biology")
    make.create_section(db, course=biology, code="1")
    make.create_section(db, course=algebra, code="2")
    make.create_section(db, course=algebra, code="1", school=oak)
    make.create_section(db, course=algebra, code="0", starts_on=date(2024, 9, 1), ends_on=date(2024, 12, 1))

    page = list_sections(db, tenant.tenant_id, DAY, wanted)

    assert [f"{r.section.course_code} {r.section.section_code}" for r in page.rows] == expected
    assert page.total == len(expected)


def test_a_line_counts_who_is_there_and_names_who_teaches(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, teacher=make.create_staff(db, name="Tara Teach"))
    gone = make.create_staff(db, name="Gina Gone")
    make.assign_to_section(db, gone, section, ends_on=date(2025, 10, 1))
    make.assign_to_section(db, make.create_staff(db), section, role=SectionRole.AIDE)
    mine, other, left, later = (make.create_student(db) for _ in range(4))
    make.enroll_in_course(db, mine, section)
    make.enroll_in_course(db, other, section)
    make.enroll_in_course(db, left, section, withdrawn_on=date(2025, 10, 1))
    make.enroll_in_course(db, later, section, enrolled_on=date(2025, 12, 1))

    (line,) = list_sections(db, tenant.tenant_id, DAY, SectionFilter()).rows
    assert (line.teacher, line.students) == ("Tara Teach", 2)
    look_through(db, Visibility(tenant.tenant_id, [mine.student_id]))
    (line,) = list_sections(db, tenant.tenant_id, DAY, SectionFilter()).rows
    assert line.students == 1


def test_mine_are_those_i_work_in(db: Session, tenant: Tenant) -> None:
    user = add_user(
        db,
        tenant_id=tenant.tenant_id,
        email="tara@oak.example",
        full_name="Tara",
        role=Role.TEACHER,
        password="correct horse battery",
    )
    tara = make.create_staff(db, user_id=user.user_id)
    mine, left = make.create_section(db, teacher=tara), make.create_section(db)
    make.assign_to_section(db, tara, left, ends_on=date(2025, 10, 1))

    page = list_sections(db, tenant.tenant_id, DAY, SectionFilter(user_id=user.user_id))

    assert [row.section.section_id for row in page.rows] == [mine.section_id]


def test_pages_hold_each_section_once_forth_and_back(db: Session, tenant: Tenant) -> None:
    course = make.create_course(db)
    for n in range(5):
        make.create_section(db, course=course, code=str(n))
    wanted = SectionFilter()
    first = list_sections(db, tenant.tenant_id, DAY, wanted, page_size=2)
    second = list_sections(db, tenant.tenant_id, DAY, wanted, after=first.next_cursor, page_size=2)
    third = list_sections(db, tenant.tenant_id, DAY, wanted, after=second.next_cursor, page_size=2)

    codes = [row.section.section_code for page in (first, second, third) for row in page.rows]
    assert codes == list("01234")
    assert third.next_cursor is None
    back = list_sections(db, tenant.tenant_id, DAY, wanted, after=third.previous_cursor, page_size=2)
    assert back.rows == second.rows


def test_a_section_says_who_works_in_it_and_when_it_meets(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, teacher=make.create_staff(db, name="Tara Teach"))
    make.assign_to_section(
        db, make.create_staff(db, name="Abe Aide"), section, role=SectionRole.AIDE, begins_on=DAY
    )
    fall = add(
        db,
        AcademicSession(
            session_code="F",
            title="Fall",
            session_type=SessionType.SEMESTER,
            starts_on=section.starts_on,
            ends_on=section.ends_on,
            school_year=2026,
        ),
    )
    add(db, SectionSession(section_id=section.section_id, session_id=fall.session_id))

    card = find_section(db, tenant.tenant_id, section.section_id)

    staff = [(member.name, member.section_role, member.begins_on) for member in card.staff]
    assert staff == [("Tara Teach", "teacher", None), ("Abe Aide", "aide", DAY)]
    assert [session.title for session in card.sessions] == ["Fall"]
    with pytest.raises(SectionNotFound):
        find_section(db, tenant.tenant_id, UUID(int=7))
