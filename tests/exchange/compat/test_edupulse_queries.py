"""The queries that EduPulse's schema document gives run as they stand there, and say what our tables say."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from exchange.compat import originals
from exchange.compat.conftest import Ask, noon, weekday_before
from real_students import NEEDS_ORIGINALS
from rollbook.roster.models import Student
from rollbook.testing import factories as make

Columns = Callable[[str, str], dict[str, str]]

# What the documents ask, in other words: these run where the documents are not.
AT_RISK = """
SELECT s.district_id, s.first_name, s.last_name, s.grade_level,
    p.risk_score, p.risk_category, p.prediction_date
FROM students AS s
INNER JOIN LATERAL (
    SELECT * FROM predictions WHERE student_id = s.id ORDER BY prediction_date DESC LIMIT 1
) AS p ON p.risk_category = ANY (ARRAY['critical', 'high'])
ORDER BY p.risk_score DESC
"""
WEEKLY = """
SELECT grade_level, date_trunc('week', date), count(*), count(*) FILTER (WHERE status = 'present'),
    round(avg(CASE status WHEN 'present' THEN 1.0 ELSE 0.0 END), 3)
FROM attendance_records INNER JOIN students ON students.id = student_id
WHERE date >= current_date - interval '56 days'
GROUP BY 1, 2 ORDER BY 2, 1
"""
ACCURACY = """
SELECT model_version, feedback_type, count(*), round(avg(risk_score), 3), round(avg(confidence), 3)
FROM training_feedback AS said
INNER JOIN predictions AS p ON p.id = prediction_id
INNER JOIN model_metadata USING (model_version)
WHERE said.created_at > current_date - interval '31 days'
GROUP BY 1, 2 ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Cast:
    """Two students of grade 9, one of grade 10; who was where, and who is at risk."""

    ada: Student
    ben: Student
    eve: Student
    monday: date


@pytest.fixture
def cast(db: Session, ask: Ask, today: date) -> Cast:
    monday = weekday_before(today, 28) - timedelta(days=weekday_before(today, 28).isoweekday() - 1)
    ada, ben, eve = (
        make.create_student(db, register, name=name, number=number, grade_level=grade, since=monday)
        for number, name, grade, register in (
            ("D-1", "Ada Byron", 9, "PPPPPPPPPP"),
            ("D-2", "Ben King", 9, "PPAATPPPPP"),
            ("D-3", "Eve Moss", 10, "AEPPP"),
        )
    )
    make.record_attendance(db, ada, "AAAAA", since=today - timedelta(days=200))
    ask("INSERT INTO model_metadata (model_version, model_type) VALUES ('gru-7', 'GRU')")
    for student, days_ago, score, category, feedback in (
        (ada, 9, 0.9, "critical", "false_positive"),
        (ada, 2, 0.1, "low", "true_negative"),
        (ben, 9, 0.2, "low", None),
        (ben, 2, 0.7, "high", "true_positive"),
        (eve, 2, 0.9, "critical", "true_positive"),
    ):
        made = _predict(ask, student, noon(today - timedelta(days=days_ago)), score, category)
        if feedback:
            ask(
                "INSERT INTO training_feedback (prediction_id, feedback_type) VALUES (%s, %s)", made, feedback
            )
    return Cast(ada, ben, eve, monday)


def _predict(ask: Ask, student: Student, when: datetime, score: float, category: str) -> UUID:
    insert = (
        "INSERT INTO predictions (student_id, prediction_date, risk_score, risk_category, confidence,"
        " model_version) VALUES (%s, %s, %s, %s, 0.5, 'gru-7') RETURNING id"
    )
    return UUID(str(ask(insert, student.student_id, when, score, category)[0][0]))


def expected_at_risk(today: date) -> list[tuple[Any, ...]]:
    newest = noon(today - timedelta(days=2))
    return [
        ("D-3", "Eve", "Moss", 10, pytest.approx(0.9), "critical", newest),
        ("D-2", "Ben", "King", 9, pytest.approx(0.7), "high", newest),
    ]


def expected_weekly(monday: date) -> list[tuple[Any, ...]]:
    first, second = (
        datetime(d.year, d.month, d.day, tzinfo=UTC) for d in (monday, monday + timedelta(days=7))
    )
    return [
        (9, first, 10, 7, Decimal("0.700")),
        (10, first, 5, 3, Decimal("0.600")),
        (9, second, 10, 10, Decimal("1.000")),
    ]


EXPECTED_ACCURACY = [
    ("gru-7", "false_positive", 1, Decimal("0.900"), Decimal("0.500")),
    ("gru-7", "true_negative", 1, Decimal("0.100"), Decimal("0.500")),
    ("gru-7", "true_positive", 2, Decimal("0.800"), Decimal("0.500")),
]


@pytest.mark.usefixtures("cast")
def test_whoever_is_at_risk_by_their_newest_prediction(ask: Ask, today: date) -> None:
    assert ask(AT_RISK) == expected_at_risk(today)


def test_attendance_by_grade_and_week(ask: Ask, cast: Cast) -> None:
    assert ask(WEEKLY) == expected_weekly(cast.monday)


@pytest.mark.usefixtures("cast")
def test_how_predictions_were_found_to_be(ask: Ask) -> None:
    assert ask(ACCURACY) == EXPECTED_ACCURACY


class TestAsDocumented:
    """The same, word for word."""

    pytestmark = NEEDS_ORIGINALS

    @pytest.mark.usefixtures("cast")
    def test_current_risk(self, ask: Ask, today: date) -> None:
        assert ask(originals.query("002", "p.risk_category IN")) == expected_at_risk(today)

    def test_weekly_attendance(self, ask: Ask, cast: Cast) -> None:
        assert ask(originals.query("002", "8 weeks")) == expected_weekly(cast.monday)

    @pytest.mark.usefixtures("cast")
    def test_prediction_accuracy(self, ask: Ask) -> None:
        assert ask(originals.query("002", "avg_predicted_risk")) == EXPECTED_ACCURACY

    @pytest.mark.usefixtures("cast")
    def test_every_query_of_the_document_runs(self, ask: Ask) -> None:
        found = list(originals.queries("002"))

        assert len(found) == 4
        assert all(ask(query) for query in found)


@pytest.fixture
def columns(db: Session) -> Columns:
    """Look up the columns of a view."""

    def of(schema: str, table: str) -> dict[str, str]:
        rows = db.execute(
            text(
                "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
                " WHERE attrelid = to_regclass(:name) AND attnum > 0 ORDER BY attnum"
            ),
            {"name": f"{schema}.{table}"},
        )
        return dict(map(tuple, rows))

    return of


@pytest.mark.parametrize(("schema", "document"), [("edupulse", "002"), ("edupulse_v1", "001")])
class TestColumns:
    """A view has the columns that the document has, in its order, of its types; lengths apart."""

    pytestmark = NEEDS_ORIGINALS

    def test_each_table(self, columns: Columns, schema: str, document: str) -> None:
        for table, documented in originals.tables(document).items():
            assert columns(schema, table) == documented, table


def test_a_list_of_one_day_has_one_newest_prediction_for_a_student(db: Session, ask: Ask, cast: Cast) -> None:
    """Where a student is scored in each course, the most urgent of one list is what is current."""
    db.execute(
        text(
            "INSERT INTO predictions (tenant_id, student_id, section_id, as_of, risk_score, risk_category,"
            " confidence, rank, cohort_size, risk_factors, model_version, feature_set_version)"
            " VALUES (:tenant, :student, :section, current_date - 1, :score, :category, 0.5, :rank, 2, '[]',"
            " 'gru-7', 'x')"
        ),
        [
            {
                "tenant": cast.ada.tenant_id,
                "student": cast.ada.student_id,
                "section": make.create_section(db).section_id,
                "score": score,
                "category": category,
                "rank": rank,
            }
            for score, category, rank in ((0.1, "low", 2), (0.8, "high", 1))
        ],
    )

    assert [row[:1] + row[4:6] for row in ask(AT_RISK)] == [
        ("D-3", pytest.approx(0.9), "critical"),
        ("D-1", pytest.approx(0.8), "high"),
        ("D-2", pytest.approx(0.7), "high"),
    ]
