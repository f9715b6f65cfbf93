"""Courses: found by code or title; all that one asks for, even where prerequisites run in a circle."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.curriculum.courses import (
    CourseFilter,
    CourseNotFound,
    find_course,
    list_courses,
    prerequisites_of,
)
from rollbook.curriculum.models import Course, CoursePrerequisite
from rollbook.curriculum.models_lessons import CourseStandard, LearningStandard
from rollbook.testing import factories as make
from rollbook.testing.rows import add

DAY = date(2025, 11, 3)


def ask(db: Session, course: Course, prerequisite: Course) -> None:
    add(db, CoursePrerequisite(course_id=course.course_id, prerequisite_course_id=prerequisite.course_id))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (CourseFilter(), ["ALG1", "CHEM", "GEOM"]),
        (CourseFilter(q="alg"), ["ALG1"]),
        (CourseFilter(q="geometry GEOM"), ["GEOM"]),
        (CourseFilter(subject="science"), ["CHEM"]),
        (CourseFilter(school="OAK"), ["ALG1", "CHEM", "GEOM"]),
        (CourseFilter(school="ELM"), ["ALG1", "CHEM"]),
    ],
)
def test_courses_are_filtered(db: Session, tenant: Tenant, wanted: CourseFilter, expected: list[str]) -> None:
    oak = make.create_school(db, code="OAK")
    make.create_school(db, code="ELM")
    make.create_course(db, code="CHEM", title="Chemistry", subject="science")
    make.create_course(db, code="ALG1", title="Algebra I", subject="mathematics")
    make.create_course(db, code="GEOM", title="Geometry", subject="mathematics").school_id = oak.school_id
    db.flush()

    rows, _ = list_courses(db, tenant.tenant_id, DAY, wanted)

    assert [course.course_code for course in rows] == expected


def test_courses_come_page_by_page_with_the_sections_that_run(db: Session, tenant: Tenant) -> None:
    chess = make.create_course(db, code="A")
    make.create_section(db, course=chess, code="now")
    make.create_section(db, course=chess, code="then", starts_on=date(2024, 9, 1), ends_on=date(2024, 12, 1))
    for code in "CB":
        make.create_course(db, code=code)

    first, cursor = list_courses(db, tenant.tenant_id, DAY, CourseFilter(), limit=2)
    rest, end = list_courses(db, tenant.tenant_id, DAY, CourseFilter(), cursor=cursor, limit=2)

    assert [(c.course_code, c.sections_running) for c in first + rest] == [("A", 1), ("B", 0), ("C", 0)]
    assert end is None


def test_a_course_says_what_it_asks_for_and_what_it_teaches(db: Session, tenant: Tenant) -> None:
    calculus, algebra, geometry = (make.create_course(db, code=code) for code in ("CALC", "ALG2", "GEOM"))
    ask(db, calculus, algebra)
    ask(db, algebra, geometry)
    standard = add(db, LearningStandard(standard_code="F-IF.1", description="Understand functions"))
    add(db, CourseStandard(course_id=calculus.course_id, standard_id=standard.standard_id))

    card = find_course(db, tenant.tenant_id, calculus.course_id, DAY)

    assert [(p.course_code, p.is_direct) for p in card.prerequisites] == [("ALG2", True), ("GEOM", False)]
    assert [s.standard_code for s in card.standards] == ["F-IF.1"]


edges = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda e: e[0] != e[1]))


@settings(max_examples=40, deadline=None)
@given(edges=edges)
def test_sql_reaches_what_walking_the_graph_reaches(
    db: Session, tenant: Tenant, edges: set[tuple[int, int]]
) -> None:
    with db.begin_nested() as scratch:
        courses = [make.create_course(db) for _ in range(6)]
        for course, asked in edges:
            ask(db, courses[course], courses[asked])

        for start in range(6):
            reached, front = set[int](), {start}
            while front:
                front = {asked for course, asked in edges if course in front} - reached
                reached |= front
            found = prerequisites_of(db, tenant.tenant_id, courses[start].course_id)
            assert {one.course_id for one in found} == {courses[n].course_id for n in reached - {start}}
            assert len(found) == len(reached - {start})
            direct = {courses[asked].course_id for course, asked in edges if course == start}
            assert {one.course_id for one in found if one.is_direct} == direct
        scratch.rollback()


def test_a_course_of_another_tenant_does_not_exist(db: Session, tenant: Tenant) -> None:
    other = ensure_tenant(db, "elm-park", name="Elm Park")
    look_through(db, Visibility(other.tenant_id))
    theirs = make.create_course(db)
    assert find_course(db, other.tenant_id, theirs.course_id, DAY).course.course_code == theirs.course_code
    look_through(db, Visibility(tenant.tenant_id))

    for course_id in (theirs.course_id, UUID(int=7)):
        with pytest.raises(CourseNotFound):
            find_course(db, tenant.tenant_id, course_id, DAY)
