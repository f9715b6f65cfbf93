"""The gradebook: who is in the section, what became of each piece of work, as known then."""

from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.curriculum.models import Section
from rollbook.grades.gradebook import gradebook_of
from rollbook.grades.scales import add_standard_scale
from rollbook.roster.models import Student
from rollbook.testing import factories as make

OCTOBER = date(2025, 10, 1)


def a_class(db: Session) -> tuple[Section, list[Student]]:
    section = make.create_section(db)
    students = [make.create_student(db, number=n, name=f"{n} {n}") for n in ("Ada", "Ben")]
    for student in students:
        make.enroll_in_course(db, student, section)
    return section, students


def test_students_down_work_across(db: Session, tenant: Tenant) -> None:
    add_standard_scale(db, tenant.tenant_id)
    section, (ada, _) = a_class(db)
    works = [
        make.create_assignment(db, section, code=f"W{n}", due_on=date(2025, 9, 20 - n)) for n in range(4)
    ]
    make.record_grade(db, ada, works[0], 90, submitted_on=date(2025, 9, 25))
    make.record_grade(db, ada, works[1], None, is_exempt=True)
    make.record_grade(db, ada, works[2], None, is_missing=True)

    book = gradebook_of(db, tenant, section.section_id, OCTOBER)

    assert [work.assignment_code for work in book.work] == ["W3", "W2", "W1", "W0"], "as they are due"
    first, second = book.rows
    marks = [first.marks.get(work.assignment_id) for work in works]
    assert [mark.word if mark else None for mark in marks] == ["", "exempt", "missing", None]
    assert marks[0] is not None
    assert (marks[0].grade_value, marks[0].is_late) == (Decimal(90), True)
    assert (first.grade_percent, first.grade_letter) == (Decimal(45), "F")
    assert (second.marks, second.grade_percent) == ({}, None)


def test_as_of_a_day_it_is_as_it_was(db: Session, tenant: Tenant) -> None:
    section, (ada, ben) = a_class(db)
    make.enroll_in_course(
        db, make.create_student(db, name="Late Comer"), section, enrolled_on=date(2025, 10, 20)
    )
    (mark,) = make.record_grades(db, ada, section, 50)
    make.correct(db, mark, grade_value=70, known_at=make.known_on(date(2025, 10, 10)))

    then = gradebook_of(db, tenant, section.section_id, OCTOBER)
    now = gradebook_of(db, tenant, section.section_id, date(2025, 11, 1))

    assert [row.grade_percent for row in then.rows] == [50, None]
    assert len(now.rows) == 3
    assert now.rows[0].grade_percent == 70
    assert {row.student_id for row in then.rows} == {ada.student_id, ben.student_id}


def test_only_students_in_sight_have_a_row(db: Session, tenant: Tenant) -> None:
    section, (ada, ben) = a_class(db)
    for student in (ada, ben):
        make.record_grades(db, student, section, 50)

    look_through(db, Visibility(tenant.tenant_id, (ben.student_id,)))

    assert [row.student_id for row in gradebook_of(db, tenant, section.section_id, OCTOBER).rows] == [
        ben.student_id
    ]
