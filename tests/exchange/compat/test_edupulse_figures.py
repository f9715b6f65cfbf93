"""The figures that EduPulse kept in columns are what the records say: attendance rates and GPAs."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from exchange.compat.conftest import Ask
from rollbook.attendance.models import AttendanceSubmission
from rollbook.core.tenancy import Tenant
from rollbook.grades.gpa import GpaFilter, list_gpa
from rollbook.grades.models import CourseGrade, GradeScale, GradeScaleStep
from rollbook.roster.models import Student
from rollbook.roster.models_calendar import AcademicSession, SchoolCalendarDay, SessionType
from rollbook.testing import factories as make
from rollbook.testing.rows import add, add_all

MONDAY = date(2025, 9, 1)


@pytest.fixture
def by_exception(db: Session) -> Student:
    """Add a student, absent on Tuesday, of a school that sends exceptions, and did through Thursday."""
    school = make.create_school(db)
    add_all(
        db,
        [
            SchoolCalendarDay(
                school_id=school.school_id, date=MONDAY + timedelta(days=day), is_instructional=day != 2
            )
            for day in range(5)
        ],
    )
    sent = AttendanceSubmission(
        school_id=school.school_id, is_by_exception=True, submitted_through=MONDAY + timedelta(days=3)
    )
    add(db, sent)
    student = make.create_student(db, number="S1", school=school, since=MONDAY)
    make.record_attendance(db, student, "A", since=MONDAY + timedelta(days=1))
    return student


MARKS = [(MONDAY, "present"), (MONDAY + timedelta(days=1), "absent"), (MONDAY + timedelta(days=3), "present")]


@pytest.mark.usefixtures("by_exception")
@pytest.mark.parametrize("path", ["edupulse", "edupulse_v1"])
class TestSilence:
    """A school day on which a school that sends exceptions sent nothing was attended."""

    def test_is_a_row_up_to_the_last_day_sent(self, ask: Ask, path: str) -> None:
        assert ask("SELECT date, status FROM attendance_records ORDER BY date", path=path) == MARKS
        assert ask("SELECT count(DISTINCT id) FROM attendance_records", path=path) == [(3,)]

    def test_is_no_longer_one_once_a_mark_is_written(self, ask: Ask, path: str) -> None:
        ask("UPDATE attendance_records SET status = 'excused' WHERE date = '2025-09-01'", path=path)

        assert ask(
            "SELECT date, status, period FROM attendance_records ORDER BY date LIMIT 1", path=path
        ) == [(MONDAY, "excused", None)]
        assert ask("SELECT count(*) FROM attendance_records", path="public") == [(2,)]


@pytest.mark.usefixtures("by_exception")
def test_silence_counts_in_the_rate(ask: Ask) -> None:
    assert ask("SELECT attendance_rate FROM students") == [(pytest.approx(2 / 3),)]


def test_the_rate_is_of_days_where_there_are_days(db: Session, ask: Ask) -> None:
    student = make.create_student(db, "PPAT")
    for period in (1, 2, 3):
        ask(
            "INSERT INTO attendance_records (student_id, date, status, period) VALUES (%s, %s, 'absent', %s)",
            student.student_id,
            make.TERM_STARTS,
            period,
        )

    assert ask("SELECT attendance_rate FROM students") == [(0.75,)]


def test_the_gpa_weighs_final_grades_by_credits(db: Session, tenant: Tenant, ask: Ask, today: date) -> None:
    student = make.create_student(db)
    scale = add(db, GradeScale(scale_code="US", title="Letters", is_default=True))
    add_all(
        db,
        [
            GradeScaleStep(
                grade_scale_id=scale.grade_scale_id,
                grade_letter=letter,
                grade_points=points,
                min_percent=least,
            )
            for letter, points, least in (("A", 4, 90), ("B", 3, 80), ("F", 0, 0), ("P", None, None))
        ],
    )
    term = AcademicSession(
        session_code="S1",
        title="Fall",
        session_type=SessionType.SEMESTER,
        starts_on=make.TERM_STARTS,
        ends_on=make.TERM_ENDS,
        school_year=2026,
    )
    add(db, term)
    for letter, percent, credit, is_final in (
        ("A", None, 3, True),
        (None, 84, 1, True),
        ("P", None, 5, True),
        ("F", None, 9, False),
    ):
        grade = CourseGrade(
            student_id=student.student_id,
            section_id=make.create_section(db).section_id,
            session_id=term.session_id,
            grade_letter=letter,
            grade_percent=percent,
            credits_attempted=credit,
            is_final=is_final,
            awarded_on=make.TERM_ENDS,
        )
        add(db, grade)

    (listed,) = list_gpa(db, tenant, today, GpaFilter()).rows
    assert ask("SELECT gpa FROM students") == [((4 * 3 + 3 * 1) / 4,)]
    assert listed.totals.gpa == (4 * 3 + 3 * 1) / 4, "the grades room says the same"
