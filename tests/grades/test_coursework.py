"""A student's work: what was due of them, and what had come in by a day."""

from datetime import date, timedelta

from sqlalchemy.orm import Session

from rollbook.core.tenancy import Tenant
from rollbook.grades.service import Coursework, coursework_of
from rollbook.roster.models import Student
from rollbook.testing import factories as make

OCTOBER = date(2025, 10, 1)


def work_of(db: Session, tenant: Tenant, student: Student, until: date) -> Coursework:
    db.flush()
    return coursework_of(db, tenant.tenant_id, student.student_id, date(2025, 8, 1), until)


def test_work_due_before_a_student_joined_is_not_missing(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    early, joined = (make.create_student(db) for _ in range(2))
    make.enroll_in_course(db, early, section, enrolled_on=date(2025, 9, 1))
    make.enroll_in_course(db, joined, section, enrolled_on=OCTOBER)
    september = make.create_assignment(db, section, due_on=OCTOBER - timedelta(days=9))
    make.create_assignment(db, section, due_on=OCTOBER + timedelta(days=9))
    until = OCTOBER + timedelta(days=30)

    assert len(work_of(db, tenant, early, until).work) == 2
    assert len(work_of(db, tenant, joined, until).work) == 1
    make.record_grade(db, joined, september, 12, submitted_on=OCTOBER + timedelta(days=1))
    assert work_of(db, tenant, joined, until).handed_in == 1, "what came in counts all the same"


def test_work_that_came_in_later_is_still_out(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    student = make.create_student(db)
    make.enroll_in_course(db, student, section, enrolled_on=date(2025, 9, 1))
    due = make.create_assignment(db, section, due_on=OCTOBER)
    make.record_grade(db, student, due, 12, submitted_on=OCTOBER + timedelta(days=4))

    before, after = (work_of(db, tenant, student, OCTOBER + timedelta(days=days)) for days in (3, 4))

    assert [(len(seen.work), seen.handed_in, seen.mean is None) for seen in (before, after)] == [
        (1, 0, True),
        (1, 1, False),
    ]


def test_missing_work_did_not_come_in_and_exempt_work_is_not_due(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db)
    student = make.create_student(db)
    make.enroll_in_course(db, student, section)
    set_work = [make.create_assignment(db, section, due_on=OCTOBER) for _ in range(4)]
    make.record_grade(db, student, set_work[0], 80)
    make.record_grade(db, student, set_work[1], 0, is_missing=True)
    make.record_grade(db, student, set_work[2], 10, is_exempt=True)
    make.record_grade(db, student, set_work[3], 60, is_late=True)

    work = work_of(db, tenant, student, OCTOBER)

    assert (work.due, work.handed_in, work.late) == (3, 2, 1)
    assert work.mean == (0.8 + 0 + 0.6) / 3
