"""A class's attendance by exception, in schools that send every mark and in those that send exceptions."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.attendance.classes import (
    PeriodNotOfSection,
    StrangersInClass,
    class_marks,
    close_day,
    periods_of,
    school_day,
    take_attendance,
)
from rollbook.attendance.models import AttendanceStatus
from rollbook.attendance.recording import NewMark, submit_through
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.curriculum.models import Section
from rollbook.curriculum.sections import SectionFacts, find_section
from rollbook.roster.models import School, Student
from rollbook.testing import factories as make
from rollbook.testing.rows import TERM_STARTS, ensure_months

DAY = TERM_STARTS + timedelta(days=7)
ABSENT, TARDY = AttendanceStatus.ABSENT, AttendanceStatus.TARDY


class Cast:
    """A class of three at a school."""

    def __init__(self, db: Session, tenant: Tenant, periods: list[str] | None = None) -> None:
        self.db, self.tenant = db, tenant
        self.school: School = make.create_school(db)
        self.section: Section = make.create_section(db, school=self.school)
        self.section.periods = periods
        self.students: list[Student] = [
            make.create_student(db, name=name, school=self.school)
            for name in ("Ada Ames", "Ben Bird", "Cai Cole")
        ]
        for student in self.students:
            make.enroll_in_course(db, student, self.section, enrolled_on=TERM_STARTS)
        db.flush()
        ensure_months(db, "attendance_records", DAY, DAY)

    @property
    def facts(self) -> SectionFacts:
        return find_section(self.db, self.tenant.tenant_id, self.section.section_id).section

    def take(self, *exceptions: NewMark, period: int = 0) -> tuple[int, int, int]:
        """Take attendance; return how many are in class, were named, were written."""
        taken = take_attendance(
            self.db, self.tenant.tenant_id, self.facts, DAY, exceptions, period=period, today=date.max
        )
        return taken.students, taken.exceptions, taken.written

    def marks(self, period: int = 0) -> list[str | None]:
        found = class_marks(self.db, self.tenant.tenant_id, self.section.section_id, DAY, period)
        return [mark.status.value if mark.status else None for mark in found]


def test_where_every_mark_is_sent_who_is_not_named_is_marked_present(db: Session, tenant: Tenant) -> None:
    cast = Cast(db, tenant)
    ada, ben, _ = cast.students

    assert cast.take(NewMark(ada.student_id, ABSENT)) == (3, 1, 3)
    assert cast.marks() == ["absent", "present", "present"]
    assert cast.take(NewMark(ben.student_id, TARDY, minutes_late=5)) == (3, 1, 2)
    assert cast.marks() == ["present", "tardy", "present"], "the newest list is the whole truth"
    assert cast.take(NewMark(ben.student_id, TARDY, minutes_late=5)) == (3, 1, 0)
    kept = db.execute(text("SELECT count(*) FROM attendance_records_history")).scalar_one()
    assert kept == 2, "what was believed before is kept"


def test_where_exceptions_are_sent_who_is_not_named_has_no_mark(db: Session, tenant: Tenant) -> None:
    cast = Cast(db, tenant)
    submit_through(db, tenant.tenant_id, cast.school.school_id, is_by_exception=True, through=None)
    ada, *_ = cast.students

    assert cast.take(NewMark(ada.student_id, ABSENT)) == (3, 1, 1)
    assert cast.marks() == ["absent", None, None]
    assert cast.take() == (3, 0, 1)
    assert cast.marks() == ["present", None, None], "a mark that was wrong is corrected, not erased"


def test_a_class_of_a_period_is_marked_for_that_period(db: Session, tenant: Tenant) -> None:
    cast = Cast(db, tenant, ["3", "4", "Lunch"])
    ada, *_ = cast.students

    assert periods_of(cast.facts) == [3, 4]
    cast.take(NewMark(ada.student_id, ABSENT, period=4), period=4)

    assert cast.marks(4) == ["absent", "present", "present"]
    assert cast.marks(3) == [None, None, None]
    with pytest.raises(PeriodNotOfSection):
        cast.take(period=0)
    with pytest.raises(PeriodNotOfSection):
        cast.take(NewMark(ada.student_id, ABSENT, period=3), period=4)


def test_only_those_in_the_class_on_the_day_are_marked(db: Session, tenant: Tenant) -> None:
    cast = Cast(db, tenant)
    stranger = make.create_student(db, school=cast.school)
    left = make.create_student(db, name="Dee Dale", school=cast.school)
    make.enroll_in_course(db, left, cast.section, enrolled_on=TERM_STARTS, withdrawn_on=DAY)

    for student in (stranger, left):
        with pytest.raises(StrangersInClass):
            cast.take(NewMark(student.student_id, ABSENT))
    assert cast.marks() == [None, None, None]


def test_whom_one_does_not_see_one_does_not_mark(db: Session, tenant: Tenant) -> None:
    cast = Cast(db, tenant)
    ada, ben, _ = cast.students
    look_through(db, Visibility(tenant.tenant_id, (ada.student_id,)))

    assert cast.take() == (1, 0, 1)
    with pytest.raises(StrangersInClass):
        cast.take(NewMark(ben.student_id, ABSENT))
    look_through(db, Visibility(tenant.tenant_id))
    assert cast.marks() == ["present", None, None]


def test_closing_a_day_marks_the_others_present_and_keeps_what_is_marked(db: Session, tenant: Tenant) -> None:
    cast = Cast(db, tenant, ["2"])
    ada, *_ = cast.students
    make.create_student(db, name="Eve Else", school=cast.school)
    cast.take(NewMark(ada.student_id, ABSENT, period=2), period=2)

    done = close_day(db, tenant.tenant_id, cast.school.school_id, DAY, today=date.max)

    assert (done.written, done.taken_back) == (1, 0), "the three of the class have marks"
    told = school_day(db, tenant.tenant_id, cast.school.school_id, DAY)
    assert (told.enrolled, told.marked) == (4, 4)
    assert [(mark.name, mark.period, mark.status) for mark in told.exceptions] == [("Ada Ames", 2, ABSENT)]


def test_closing_a_day_where_exceptions_are_sent_says_through_when(db: Session, tenant: Tenant) -> None:
    cast = Cast(db, tenant)
    school = (db, tenant.tenant_id, cast.school.school_id)
    submit_through(*school, is_by_exception=True, through=None)

    assert close_day(*school, DAY, today=date.max).submitted_through == DAY
    assert cast.marks() == [None, None, None]
    assert school_day(*school, DAY).submitted_through == DAY
