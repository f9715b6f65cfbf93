"""Through the views of the original schemas nobody sees or changes more than through our tables."""

from collections.abc import Callable, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from exchange.compat.conftest import Ask
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through

VIEWS = text(
    "SELECT nspname || '.' || relname FROM pg_class"
    " INNER JOIN pg_namespace ON relnamespace = pg_namespace.oid"
    " WHERE relkind = 'v' AND nspname !~ '^pg_|^information_schema$|^public$' ORDER BY 1"
)
# The tenant's own, about no student: everybody in it may see them.
OF_THE_TENANT = {
    "edupulse.model_metadata",
    "faraday.activities",
    "faraday.courses",
    "faraday.lesson_plans",
    "faraday.pe_lesson_plans",
    "faraday.routines",
    "faraday.schools",
    "flourish.teachers",
    "physics.user_sessions",
    "physics.users",
}
FILLED = Path(__file__).with_name("filled.sql")


@pytest.fixture
def views(db: Session) -> Sequence[str]:
    return db.scalars(VIEWS).all()


@pytest.fixture
def fill(db: Session, ask: Ask) -> Callable[[str], UUID]:
    """Give the tenant a student of that number, with a row in every view."""

    def filled(number: str) -> UUID:
        student = fill_edupulse(ask, number)
        for statement in FILLED.read_text(encoding="utf-8").split(";\n")[:-1]:
            db.execute(text(statement), {"n": number, "student": student})
        return student

    return filled


def fill_edupulse(ask: Ask, number: str) -> UUID:
    ((student,),) = ask(
        "INSERT INTO students (district_id, first_name, last_name, date_of_birth)"
        " VALUES (%s, 'A', 'B', '2011-01-01') RETURNING id",
        number,
    )
    ask(
        "INSERT INTO attendance_records (student_id, date, status) VALUES (%s, '2025-09-01', 'present')",
        student,
    )
    ask(
        "INSERT INTO grades (student_id, course_id, grade_value, submission_date) VALUES (%s, %s, 1, now())",
        student,
        number,
    )
    ((prediction,),) = ask(
        "INSERT INTO predictions (student_id, risk_score, risk_category, confidence, model_version)"
        " VALUES (%s, 0.5, 'high', 0.5, %s) RETURNING id",
        student,
        number,
    )
    ask(
        "INSERT INTO discipline_incidents"
        " (student_id, incident_date, severity_level, incident_type, resolution)"
        " VALUES (%s, '2025-09-01', 2, 'fighting', 'detention')",
        student,
    )
    ask(
        "INSERT INTO training_feedback (prediction_id, feedback_type) VALUES (%s, 'true_positive')",
        prediction,
    )
    ask("INSERT INTO student_features (student_id, feature_date) VALUES (%s, '2025-09-01')", student)
    return UUID(str(student))


def counts(db: Session, views: Sequence[str]) -> dict[str, int]:
    return {view: db.execute(text(f"SELECT count(*) FROM {view}")).scalar_one() for view in views}


def test_there_are_views_in_each_schema(views: Sequence[str]) -> None:
    assert {view.partition(".")[0] for view in views} == {
        "edupulse",
        "edupulse_v1",
        "faraday",
        "flourish",
        "physics",
    }


def test_another_tenants_rows_are_in_no_view(
    db: Session, fill: Callable[[str], UUID], views: Sequence[str]
) -> None:
    fill("S1")
    assert all(counts(db, views).values()), "a view is empty: fill it here"

    look_through(db, Visibility(ensure_tenant(db, "elm", name="Elm").tenant_id))
    assert set(counts(db, views).values()) == {0}

    fill("S1")
    assert set(counts(db, views).values()) == {1}


def test_a_student_who_is_not_yours_is_in_no_view(
    db: Session, fill: Callable[[str], UUID], views: Sequence[str]
) -> None:
    mine, other = fill("S1"), fill("S2")
    tenant_id = db.execute(text("SELECT rollbook_tenant()")).scalar_one()
    everything = counts(db, views)

    look_through(db, Visibility(tenant_id, (mine,)))
    assert {view: n for view, n in counts(db, views).items() if view not in OF_THE_TENANT} == {
        view: n // 2 for view, n in everything.items() if view not in OF_THE_TENANT
    }

    look_through(db, Visibility(tenant_id, ()))
    assert {n for view, n in counts(db, views).items() if view not in OF_THE_TENANT} == {0}
    assert other != mine


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET student_id = student_id",
        "DELETE FROM {}",
    ],
)
@pytest.mark.parametrize(
    "view", ["attendance_records", "discipline_incidents", "predictions", "student_features", "grades"]
)
def test_nothing_of_a_student_who_is_not_yours_is_changed(
    db: Session, ask: Ask, fill: Callable[[str], UUID], statement: str, view: str
) -> None:
    fill("S1")
    tenant_id = db.execute(text("SELECT rollbook_tenant()")).scalar_one()
    before = ask(f"SELECT * FROM {view}")

    look_through(db, Visibility(tenant_id, ()))
    ask(statement.format(view))

    look_through(db, Visibility(tenant_id))
    assert ask(f"SELECT * FROM {view}") == before


INSERTS: dict[str, str] = {
    "students": "(district_id, first_name, last_name, date_of_birth) VALUES ('N', 'A', 'B', now())",
    "attendance_records": "(student_id, date, status) VALUES ({}, '2025-09-02', 'present')",
    "grades": "(student_id, course_id, grade_value, submission_date) VALUES ({}, 'X', 1, now())",
    "discipline_incidents": "(student_id, incident_date, incident_type, severity_level)"
    " VALUES ({}, now(), 'x', 1)",
    "student_features": "(student_id, feature_date) VALUES ({}, '2025-09-02')",
    "predictions": "(student_id, risk_score, risk_category, confidence) VALUES ({}, 0, 'low', 0)",
}


@pytest.mark.parametrize("table", INSERTS)
def test_nothing_is_written_about_a_student_who_is_not_yours(
    db: Session, ask: Ask, fill: Callable[[str], UUID], table: str
) -> None:
    other = fill("S1")
    tenant_id = db.execute(text("SELECT rollbook_tenant()")).scalar_one()

    look_through(db, Visibility(tenant_id, ()))
    with pytest.raises(DBAPIError, match="row-level security"):
        ask(f"INSERT INTO {table} {INSERTS[table]}".format(f"'{other}'"))


def test_what_only_shows_is_not_written(db: Session) -> None:
    with pytest.raises(DBAPIError, match="cannot update view"):
        db.execute(text("UPDATE edupulse_v1.student_risk_summary SET risk_score = 0"))
