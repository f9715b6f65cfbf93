"""EduPulse's Python over edupulse_v1: its models, and the examples of its document as they stand there."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from types import ModuleType
from typing import Any, ClassVar

import pytest
from sqlalchemy import func, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session, joinedload, sessionmaker

from exchange.compat import edupulse_models as models
from exchange.compat import originals
from exchange.compat.conftest import Ask
from exchange.compat.edupulse_models import AttendanceRecord, Grade, Prediction, Student
from real_students import NEEDS_ORIGINALS
from rollbook.testing import factories as make

Open = Callable[[], AbstractContextManager[Session]]


@pytest.fixture
def get_db(sessions: sessionmaker[Session]) -> Open:
    @contextmanager
    def opened() -> Iterator[Session]:
        with sessions() as session:
            yield session

    return opened


def _student(number: str) -> Student:
    return Student(student_id=number, first_name="Ada", last_name="Byron", grade_level=10)


def _prediction(number: str, day: int, category: str, score: float) -> Prediction:
    return Prediction(
        student_id=number,
        risk_score=score,
        risk_category=category,
        confidence=0.5,
        risk_factors=["gpa"],
        model_version="gru-7",
        prediction_date=datetime(2025, 10, day, 9, 30),  # noqa: DTZ001 -- the original's have no zone
    )


def test_rows_are_added_changed_and_deleted(edupulse: Session) -> None:
    edupulse.add(_student("STU001"))
    edupulse.flush()
    mark = AttendanceRecord(student_id="STU001", date=date(2025, 9, 1), status="tardy", minutes_late=7)
    work = Grade(
        student_id="STU001",
        course_id="MATH1",
        assignment_id="HW1",
        assignment_type="homework",
        grade_value=18,
        max_grade_value=20,
        submission_date=date(2025, 9, 5),
        semester="Fall",
        academic_year="2025-2026",
    )
    guess = _prediction("STU001", 1, "high", 0.7)
    edupulse.add_all([mark, work, guess])
    edupulse.commit()

    mark.status, work.grade_value, guess.risk_score = "absent", 19.5, 0.6
    edupulse.commit()

    for row in (mark, work, guess):
        edupulse.refresh(row)
    assert (mark.status, mark.minutes_late, mark.period) == ("absent", 0, None)
    assert (work.grade_value, work.max_grade_value, work.semester, work.academic_year) == (
        19.5,
        20,
        "Fall",
        "2025-2026",
    )
    assert (guess.risk_score, guess.prediction_date.hour, guess.risk_factors) == (0.6, 9, ["gpa"])
    for row in (mark, work, guess):
        edupulse.delete(row)
    edupulse.commit()
    assert [edupulse.query(kind).count() for kind in (AttendanceRecord, Grade, Prediction)] == [0, 0, 0]


def test_work_that_names_no_assignment_day_or_term(edupulse: Session) -> None:
    edupulse.add(_student("STU001"))
    edupulse.flush()
    edupulse.add_all(Grade(student_id="STU001", course_id="ART", grade_value=value) for value in (80, 90))
    edupulse.commit()

    found = {(row.assignment_id, row.assignment_type, row.grade_value) for row in edupulse.query(Grade)}
    assert found == {("other", "other", 80), ("other #2", "other", 90)}


def test_a_student_unknown_here_is_named_in_no_message(edupulse: Session) -> None:
    edupulse.add(AttendanceRecord(student_id="STU404", date=date(2025, 9, 1), status="present"))

    with pytest.raises(Exception, match="names no student whom you may see") as refused:
        edupulse.flush()
    assert "STU404" not in str(refused.value.__cause__)


def test_those_who_miss_much_are_grouped_by_the_key(db: Session, edupulse: Session, today: date) -> None:
    make.create_student(db, "AAAAAATP", number="STU001", since=today - timedelta(days=14))
    make.create_student(db, "AAAAA", number="STU002", since=today - timedelta(days=14))
    query = (
        edupulse.query(Student)
        .join(AttendanceRecord)
        .filter(
            AttendanceRecord.date >= today - timedelta(days=30),
            AttendanceRecord.status.in_(["absent", "tardy"]),
        )
        .group_by(Student.student_id)
        .having(func.count(AttendanceRecord.id) > 5)
    )

    assert [student.student_id for student in query] == ["STU001"]


def test_a_view_has_no_key_of_its_own(db: Session) -> None:
    db.connection().exec_driver_sql("SET LOCAL search_path = edupulse_v1")

    with pytest.raises(ProgrammingError, match="GROUP BY"):
        Session(db.connection()).query(Student).group_by(Student.student_id).all()


def test_relationships_are_loaded(db: Session, edupulse: Session) -> None:
    make.create_student(db, "PPA", number="STU001")
    loaded = edupulse.query(Student).options(joinedload(Student.attendance_records)).all()

    assert [len(student.attendance_records) for student in loaded] == [3]


def test_the_summary_is_of_each_students_newest_prediction(edupulse: Session, ask: Ask) -> None:
    edupulse.add_all([_student("STU001"), _student("STU002")])
    edupulse.flush()
    edupulse.add_all(
        [
            _prediction("STU001", 1, "high", 0.9),
            _prediction("STU001", 8, "low", 0.2),
            _prediction("STU002", 8, "medium", 0.4),
        ]
    )
    edupulse.commit()

    summary = ask(
        "SELECT student_id, risk_score, risk_category FROM student_risk_summary ORDER BY 1",
        path="edupulse_v1",
    )
    assert summary == [("STU001", 0.2, "low"), ("STU002", 0.4, "medium")]


class TestAsDocumented:
    """The examples, word for word."""

    pytestmark: ClassVar = [
        *NEEDS_ORIGINALS,
        pytest.mark.filterwarnings("ignore::sqlalchemy.exc.LegacyAPIWarning"),  # Query.get is the document's
    ]

    @pytest.fixture
    def run(self, get_db: Open, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
        database = ModuleType("src.db.database")
        database.get_db = get_db  # type: ignore[attr-defined] # it is made here
        for name, module in {"src": ModuleType("src"), "src.db": ModuleType("src.db")}.items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setitem(sys.modules, "src.db.database", database)
        monkeypatch.setitem(sys.modules, "src.db.models", models)

        def execute(containing: str, **given: object) -> dict[str, Any]:
            (code,) = [block for block in originals.blocks("001", "python") if containing in block]
            names = vars(models) | {"get_db": get_db, "func": func, "joinedload": joinedload} | given
            exec(re.sub(r"^\.\.\.$", "", code, flags=re.MULTILINE), names)
            return names

        return execute

    def test_a_student_is_created_and_those_at_risk_found(
        self, edupulse: Session, run: Callable[..., dict[str, Any]]
    ) -> None:
        edupulse.add(_student("STU009"))
        edupulse.flush()
        edupulse.add(_prediction("STU009", 1, "critical", 0.95))
        edupulse.commit()

        names = run("# Create a student")

        assert [student.student_id for student in names["at_risk"]] == ["STU009"]
        assert edupulse.get(Student, "STU001") is not None

    def test_recent_attendance_issues(
        self, db: Session, today: date, run: Callable[..., dict[str, Any]]
    ) -> None:
        make.create_student(db, "AAAAAA", number="STU001", since=today - timedelta(days=14))
        make.create_student(db, "AAAAAA", number="STU002", since=today - timedelta(days=60))

        names = run("cutoff_date")

        assert [student.student_id for student in names["students_with_issues"]] == ["STU001"]

    def test_attendance_in_bulk(self, db: Session, ask: Ask, run: Callable[..., dict[str, Any]]) -> None:
        for number in ("STU001", "STU002"):
            make.create_student(db, number=number)

        run("bulk_insert_mappings")

        marks = ask("SELECT student_id, date, status FROM attendance_records ORDER BY 1", path="edupulse_v1")
        assert marks == [("STU001", date(2024, 1, 1), "present"), ("STU002", date(2024, 1, 1), "absent")]

    @pytest.mark.parametrize("containing", ["options(", "# Use IN clause"])
    def test_other_queries(
        self, db: Session, edupulse: Session, run: Callable[..., dict[str, Any]], containing: str
    ) -> None:
        make.create_student(db, "P", number="STU001")
        names = run(containing, db=edupulse, student_ids=["STU001"])

        assert [student.student_id for student in names["students"]] == ["STU001"]

    def test_the_summary_view(self, edupulse: Session, ask: Ask) -> None:
        edupulse.add(_student("STU001"))
        edupulse.flush()
        edupulse.add_all([_prediction("STU001", 1, "high", 0.9), _prediction("STU001", 8, "low", 0.2)])
        edupulse.commit()

        (documented,) = originals.queries("001")

        assert ask(documented, path="edupulse_v1") == ask(
            "SELECT * FROM student_risk_summary", path="edupulse_v1"
        )


def test_timestamps_are_the_sessions(db: Session, ask: Ask, edupulse: Session) -> None:
    edupulse.add(_student("STU001"))
    edupulse.flush()
    edupulse.add(_prediction("STU001", 1, "high", 0.7))
    edupulse.commit()

    db.execute(text("SET LOCAL timezone = 'America/Chicago'"))

    assert ask("SELECT prediction_date FROM predictions", path="edupulse_v1") == [
        (datetime(2025, 10, 1, 4, 30),)  # noqa: DTZ001 -- the original's have no zone
    ]
    assert ask("SELECT prediction_date FROM predictions") == [(datetime(2025, 10, 1, 9, 30, tzinfo=UTC),)]
