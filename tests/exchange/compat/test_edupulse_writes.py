"""Inserts, updates and deletes as EduPulse's code makes them reach our tables, with their history."""

import json
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from exchange.compat.conftest import Ask
from rollbook.attendance.models import AttendanceRecord
from rollbook.curriculum.models import Course, CourseEnrollment
from rollbook.grades.models import Assignment, Grade
from rollbook.risk.models import ModelMetadata, Prediction, TrainingFeedback
from rollbook.roster.models import Student
from rollbook.testing import factories as make

ADA = (
    "INSERT INTO students (district_id, first_name, last_name, grade_level, date_of_birth, gender, ethnicity,"
    " socioeconomic_status, gpa, attendance_rate, parent_contact, student_metadata) VALUES"
    " ('D-1', 'Ada', 'Byron', 10, '2011-12-10', 'F', 'White, Asian', 'free', 3.5, 0.9, '555-0100',"
    """ '{"bus": 7}') RETURNING *"""
)
MARK = (
    "INSERT INTO attendance_records (student_id, date, status, period) VALUES (%s, %s, %s, %s) RETURNING id"
)
WORK = (
    "INSERT INTO grades (student_id, course_id, course_name, grade_value, grade_letter, submission_date,"
    " assignment_type) VALUES (%s, 'MATH1', 'Algebra I', %s, 'B', '2025-10-02', %s) RETURNING id"
)


@pytest.fixture
def ada(ask: Ask) -> UUID:
    return UUID(str(ask(ADA)[0][0]))


def test_a_student_is_what_was_inserted(db: Session, ask: Ask) -> None:
    (row,) = ask(ADA)

    student = db.scalars(select(Student)).one()
    assert ask("SELECT * FROM students") == [row], "RETURNING says what will be read"
    assert (student.student_id, student.student_number, student.grade_level) == (row[0], "D-1", 10)
    assert student.race_ethnicity == ["White", "Asian"]
    assert row[9:12] == (pytest.approx(3.5), pytest.approx(0.9), "555-0100")
    assert row[13] == {"bus": 7}


def test_what_was_stated_gives_way_to_what_the_records_say(ask: Ask, ada: UUID) -> None:
    for day, status in ((1, "present"), (2, "absent"), (3, "tardy"), (4, "present")):
        ask(MARK, ada, date(2025, 9, day), status, None)

    assert ask("SELECT attendance_rate, gpa FROM students") == [(0.75, 3.5)]


@pytest.mark.usefixtures("ada")
def test_an_update_keeps_the_version_before(db: Session, ask: Ask) -> None:
    ask("UPDATE students SET grade_level = 11, gpa = 3.1 WHERE district_id = 'D-1'")

    assert ask("SELECT grade_level, gpa, attendance_rate, parent_contact FROM students") == [
        (11, pytest.approx(3.1), pytest.approx(0.9), "555-0100")
    ]
    assert db.execute(text("SELECT grade_level FROM students_history")).scalars().all() == [10]


def test_writing_a_row_back_does_not_state_what_is_computed(db: Session, ask: Ask) -> None:
    student = make.create_student(db, "PPPA")
    ask("UPDATE students SET attendance_rate = attendance_rate, first_name = 'Eve'")

    db.refresh(student)
    assert student.metadata_ == {}


def test_a_student_with_records_is_not_deleted(ask: Ask, ada: UUID) -> None:
    ask(MARK, ada, date(2025, 9, 1), "present", None)

    with pytest.raises(IntegrityError, match="attendance_records"):
        ask("DELETE FROM students")


def test_a_student_without_records_is_deleted(ask: Ask, ada: UUID) -> None:
    assert ask("DELETE FROM students WHERE id = %s RETURNING district_id", ada) == [("D-1",)]
    assert ask("SELECT count(*) FROM students") == [(0,)]


def test_a_mark_makes_its_month_and_is_found_by_its_id(db: Session, ask: Ask, ada: UUID) -> None:
    ((mark,),) = ask(MARK, ada, date(2031, 3, 3) - timedelta(days=365 * 10), "absent", 2)

    assert ask("SELECT student_id, status, period FROM attendance_records WHERE id = %s", mark) == [
        (ada, "absent", 2)
    ]
    assert db.scalars(select(AttendanceRecord.period)).all() == [2]


def test_a_day_mark_has_no_period(db: Session, ask: Ask, ada: UUID) -> None:
    ask(MARK, ada, date(2025, 9, 1), "present", None)

    assert ask("SELECT period FROM attendance_records") == [(None,)]
    with pytest.raises(IntegrityError):
        ask(MARK, ada, date(2025, 9, 1), "absent", None)
    assert db.is_active


def test_a_mark_is_corrected_and_taken_back(db: Session, ask: Ask, ada: UUID) -> None:
    ask(MARK, ada, date(2025, 9, 1), "tardy", 1)
    ask("UPDATE attendance_records SET status = 'excused' WHERE student_id = %s AND date = '2025-09-01'", ada)
    ask("DELETE FROM attendance_records WHERE date < '2025-10-01'")

    kept = db.execute(text("SELECT status FROM attendance_records_history ORDER BY history_id"))
    assert kept.scalars().all() == ["tardy", "excused"]
    assert ask("SELECT count(*) FROM attendance_records") == [(0,)]


@pytest.mark.parametrize(
    ("day", "status", "reason"),
    [
        (date(204, 1, 15), "present", "not plausible"),
        (date(2025, 9, 1), "asleep", "attendancestatus"),
    ],
)
def test_a_wrong_mark_is_refused(ask: Ask, ada: UUID, day: date, status: str, reason: str) -> None:
    with pytest.raises(DBAPIError, match=reason):
        ask(MARK, ada, day, status, None)


def test_a_statement_that_reads_marks_is_told_to_make_the_month_first(ask: Ask, ada: UUID) -> None:
    for month in (9, 10):
        ask(MARK, ada, date(2025, month, 1), "present", None)
    copy = (
        "INSERT INTO attendance_records (student_id, date, status)"
        " SELECT student_id, date + 365, status FROM attendance_records WHERE date > current_date - 9999"
    )

    with pytest.raises(DBAPIError, match="rollbook_ensure_months"):
        ask(copy)


def test_a_mark_makes_course_work_and_place(db: Session, ask: Ask, ada: UUID) -> None:
    ((mark,),) = ask(WORK, ada, 88, "homework")

    assert db.scalars(select(Course.title)).all() == ["Algebra I"]
    assert db.scalars(select(CourseEnrollment.student_id)).all() == [ada]
    assert ask(
        "SELECT id, course_id, grade_value, grade_letter, submission_date, assignment_type FROM grades"
    ) == [(mark, "MATH1", 88, "B", date(2025, 10, 2), "homework")]


def test_marks_of_one_kind_and_day_are_one_work_for_a_class_and_two_for_one_student(
    db: Session, ask: Ask, ada: UUID
) -> None:
    ben = ask(ADA.replace("D-1", "D-2"))[0][0]
    for student in (ada, ben, ada):
        ask(WORK, student, 70, "quiz")

    assert db.scalars(select(Assignment.assignment_code).order_by(Assignment.assignment_code)).all() == [
        "quiz 2025-10-02",
        "quiz 2025-10-02 #2",
    ]
    assert ask("SELECT count(*), count(DISTINCT id) FROM grades") == [(3, 3)]


def test_a_mark_goes_to_the_section_that_the_student_is_in(db: Session, ask: Ask, ada: UUID) -> None:
    section = make.create_section(db, course=make.create_course(db, code="MATH1"))
    make.enroll_in_course(db, db.scalars(select(Student)).one(), section)

    ask(WORK, ada, 88, "essay")

    assert db.scalars(select(Assignment.section_id)).all() == [section.section_id]
    assert ask("SELECT assignment_type FROM grades") == [("essay",)]


def test_a_mark_is_changed_in_the_points_that_it_was_given_in(db: Session, ask: Ask) -> None:
    student, section = make.create_student(db), make.create_section(db)
    work = make.create_assignment(db, section, due_on=date(2025, 10, 1), max_value=40)
    grade = make.record_grade(db, student, work, 30)

    ask("UPDATE grades SET grade_value = 50 WHERE grade_value = 75")

    db.refresh(grade)
    assert float(grade.grade_value or 0) == 20
    ask("DELETE FROM grades")
    assert db.scalars(select(Grade)).all() == []


def test_a_mark_over_100_is_refused(ask: Ask, ada: UUID) -> None:
    with pytest.raises(IntegrityError, match="between 0 and 100"):
        ask(WORK, ada, 101, "quiz")


PREDICT = (
    "INSERT INTO predictions (student_id, prediction_date, risk_score, risk_category, confidence,"
    " risk_factors, model_version) VALUES (%s, %s, %s, 'high', 0.75, %s, 'gru-7') RETURNING id"
)


def _predict(ask: Ask, student: UUID, when: str, score: float) -> UUID:
    factors = json.dumps([{"factor": "gpa_decline", "weight": 0.3}])
    return UUID(str(ask(PREDICT, student, when, score, factors)[0][0]))


def test_predictions_feedback_and_model(db: Session, ask: Ask, ada: UUID) -> None:
    made = _predict(ask, ada, "2025-10-01 10:30+00", 0.8)
    ask(
        "INSERT INTO model_metadata (model_version, model_type, performance_metrics, is_active)"
        """ VALUES ('gru-7', 'GRU', '{"auc_roc": 0.9}', true)"""
    )
    ask("INSERT INTO training_feedback (prediction_id, feedback_type) VALUES (%s, 'false_positive')", made)

    prediction = db.scalars(select(Prediction)).one()
    assert (prediction.as_of, prediction.prediction_id) == (date(2025, 10, 1), made)
    assert ask("SELECT prediction_date::text, risk_factors -> 0 ->> 'factor' FROM predictions") == [
        ("2025-10-01 10:30:00+00", "gpa_decline")
    ]
    assert db.scalars(select(TrainingFeedback.student_id)).all() == [ada]
    assert ask("SELECT model_type, performance_metrics, is_active FROM model_metadata") == [
        ("GRU", {"auc_roc": 0.9}, True)
    ]


def test_a_later_prediction_of_a_day_takes_the_place_of_one_without_feedback(ask: Ask, ada: UUID) -> None:
    _predict(ask, ada, "2025-10-01 10:30+00", 0.8)
    later = _predict(ask, ada, "2025-10-01 11:30+00", 0.7)
    assert ask("SELECT id FROM predictions") == [(later,)]

    ask("INSERT INTO training_feedback (prediction_id, feedback_type) VALUES (%s, 'true_positive')", later)
    with pytest.raises(IntegrityError, match="uq_predictions_subject"):
        _predict(ask, ada, "2025-10-01 12:30+00", 0.6)


def test_one_model_of_ones_own_is_active(db: Session, ask: Ask) -> None:
    for version in ("one", "two"):
        ask(
            "INSERT INTO model_metadata (model_version, model_type, is_active) VALUES (%s, 'GRU', true)",
            version,
        )

    assert ask("SELECT model_version FROM model_metadata WHERE is_active") == [("two",)]
    with pytest.raises(IntegrityError, match="of this version already"):
        ask("INSERT INTO model_metadata (model_version, model_type) VALUES ('two', 'GRU')")
    assert db.is_active


def test_features(ask: Ask, ada: UUID) -> None:
    insert = (
        "INSERT INTO student_features"
        " (student_id, feature_date, attendance_rate, gpa_current, feature_vector)"
        """ VALUES (%s, '2025-10-06', 0.85, 3.2, '{"academic": [3.2, 2.8]}')"""
    )
    ask(insert, ada)
    ask("UPDATE student_features SET gpa_current = 3.0 WHERE feature_date = '2025-10-06'")

    assert ask(
        "SELECT attendance_rate, gpa_current, discipline_incidents, feature_vector FROM student_features"
    ) == [(pytest.approx(0.85), 3.0, 0, {"academic": [3.2, 2.8]})]
    with pytest.raises(IntegrityError):
        ask(insert, ada)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE students SET id = uuid_generate_v4()", "cannot be changed"),
        ("UPDATE attendance_records SET date = date + 1", "cannot be changed"),
        ("UPDATE grades SET course_id = 'X'", "cannot be changed"),
        ("DELETE FROM training_feedback", "is kept"),
        ("DELETE FROM model_metadata", "is kept"),
        ("INSERT INTO training_feedback (prediction_id) VALUES (uuid_generate_v4())", "names no prediction"),
    ],
)
def test_what_cannot_be_written_is_refused(ask: Ask, ada: UUID, statement: str, reason: str) -> None:
    ask(MARK, ada, date(2025, 9, 1), "present", None)
    ask(WORK, ada, 88, "homework")
    made = _predict(ask, ada, "2025-10-01 10:30+00", 0.8)
    ask("INSERT INTO training_feedback (prediction_id, feedback_type) VALUES (%s, 'true_positive')", made)

    with pytest.raises(DBAPIError, match=reason):
        ask(statement)


def test_rollbooks_own_predictions_and_models_are_not_written(db: Session, ask: Ask, ada: UUID) -> None:
    _predict(ask, ada, "2025-10-01 10:30+00", 0.8)
    for own in db.scalars(select(Prediction)).all():
        own.feature_set_version = "v1"
    for model in db.scalars(select(ModelMetadata)).all():
        model.feature_set_version = "v1"
    db.flush()

    for statement in (
        "UPDATE predictions SET risk_score = 0.1",
        "UPDATE model_metadata SET is_active = true",
    ):
        with pytest.raises(DBAPIError, match="Rollbook's own"), db.begin_nested():
            ask(statement)


def test_without_a_tenant_nothing_is_written(db: Session, ask: Ask) -> None:
    db.execute(text("SELECT set_config('rollbook.tenant', '', true)"))

    with pytest.raises(DBAPIError, match="no tenant is chosen"):
        ask(ADA)
