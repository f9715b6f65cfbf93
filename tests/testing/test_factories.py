"""The factories write what their words say, in the tenant of the session, and batches are sets."""

from datetime import UTC, date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from rollbook.activity.models import AnalyticsEvent
from rollbook.attendance.models import AttendanceRecord
from rollbook.core.tenancy import Tenant
from rollbook.curriculum.models import CourseEnrollment, CourseResult
from rollbook.grades.models import Grade
from rollbook.roster.models import Student, StudentSchoolEnrollment
from rollbook.testing import factories as make

MONDAY = date(2025, 9, 1)


def rows_of(db: Session, table: str) -> int:
    return db.scalar(text(f"SELECT count(*) FROM {table}")) or 0


def test_a_letter_is_a_school_day(db: Session) -> None:
    ada = make.create_student(db, "PTEUAP", since=MONDAY)

    marks = db.scalars(
        select(AttendanceRecord).where(AttendanceRecord.student_id == ada.student_id).order_by("date")
    ).all()

    assert [mark.status for mark in marks] == ["present", "tardy", "excused", "absent", "absent", "present"]
    assert [mark.date.day for mark in marks] == [1, 2, 3, 4, 5, 8], "the sixth letter is next Monday"
    assert [mark.minutes_late for mark in marks] == [0, 10, 0, 0, 0, 0]
    assert marks[0].known_at == datetime(2025, 9, 1, 12, tzinfo=UTC)


def test_a_student_belongs_to_the_tenant_of_the_session(db: Session, tenant: Tenant) -> None:
    school = make.create_school(db)
    counselor = make.create_staff(db, name="Carl Rogers", school=school)

    ada = make.create_student(db, name="Ada Byron King", school=school, counselor=counselor)

    assert ada.tenant_id == tenant.tenant_id
    assert (ada.first_name, ada.last_name) == ("Ada", "Byron King")
    enrollment = db.scalars(select(StudentSchoolEnrollment)).one()
    assert (enrollment.school_year, enrollment.counselor_staff_id) == (2026, counselor.staff_id)


def test_a_withdrawal_is_a_second_version(db: Session) -> None:
    section = make.create_section(db)
    ada = make.create_student(db)

    make.enroll_in_course(db, ada, section, withdrawn_on=date(2025, 10, 6), prior_attempts=1)

    assert db.scalars(select(CourseEnrollment)).one().withdrawn_on == date(2025, 10, 6)
    before = db.execute(text("SELECT withdrawn_on, superseded_at FROM course_enrollments_history")).one()
    assert before == (None, datetime(2025, 10, 6, 12, tzinfo=UTC))


def test_a_correction_keeps_the_version_before_it(db: Session) -> None:
    ada = make.create_student(db)
    section = make.create_section(db)
    make.enroll_in_course(db, ada, section)
    (grade,) = make.record_grades(db, ada, section, 55)

    make.correct(db, grade, grade_value=75, known_at=datetime(2025, 9, 10, tzinfo=UTC))

    assert db.execute(text("SELECT grade_value FROM grades_history")).scalar_one() == 55
    assert db.execute(text("SELECT grade_value FROM grades")).scalar_one() == 75


def test_the_cast_has_grades_incidents_clicks_and_outcomes(db: Session) -> None:
    ada = make.create_student(db)
    section = make.create_section(db, starts_on=MONDAY)
    make.enroll_in_course(db, ada, section)
    make.record_grades(db, ada, section, 80, None, 90)
    make.create_incident(db, ada, severity_level=4, action_taken="suspension")
    make.record_clicks(db, ada, section, 3, 0, 5)
    make.record_outcome(db, ada, section, CourseResult.FAIL)

    due = db.scalars(select(Grade.submitted_on).order_by(Grade.submitted_on)).all()
    assert due == [date(2025, 9, 1), date(2025, 9, 8), date(2025, 9, 15)]
    clicks = db.execute(
        select(AnalyticsEvent.event_on, AnalyticsEvent.event_count).order_by("event_on")
    ).all()
    assert clicks == [(date(2025, 9, 1), 3), (date(2025, 9, 3), 5)], "a day without clicks has no row"
    assert rows_of(db, "discipline_incidents") == rows_of(db, "course_outcomes") == 1


def test_a_batch_is_a_whole_school(db: Session) -> None:
    school = make.create_school(db)
    section = make.create_section(db, school=school)

    ids = make.batch_students(db, 200, school=school)
    make.batch_attendance(db, ids, since=MONDAY, until=date(2025, 10, 31), absence_rate=0.1)
    make.batch_course_enrollments(db, ids, section)
    make.batch_grades(db, section, assignments=5)

    assert len(set(ids)) == rows_of(db, "students") == rows_of(db, "student_school_enrollments") == 200
    assert rows_of(db, "attendance_records") == 200 * 45
    assert rows_of(db, "grades") == 200 * 5
    absent = db.scalar(select(func.count()).where(AttendanceRecord.status == "absent")) or 0
    assert 0.08 < absent / 9000 < 0.12
    assert db.scalar(select(func.count(Student.grade_level.distinct()))) == 4


def test_batches_stand_side_by_side_and_repeat_their_figures(db: Session) -> None:
    def absences(prefix: str) -> list[date]:
        ids = make.batch_students(db, 20, prefix=prefix)
        make.batch_attendance(db, ids, until=date(2025, 9, 30))
        marks = select(AttendanceRecord.date).where(
            AttendanceRecord.student_id.in_(ids), AttendanceRecord.status == "absent"
        )
        return sorted(db.scalars(marks))

    with db.begin_nested() as scratch:
        first = absences("X")
        scratch.rollback()
    again = absences("X")

    assert first == again
    assert make.batch_students(db, 20), "another batch takes other numbers"
