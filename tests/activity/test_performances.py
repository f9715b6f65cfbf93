"""Performances, preferences and routines: recorded, corrected, listed, and seen only of students in sight."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from rollbook.activity.models import Activity, Routine
from rollbook.activity.performances import (
    ActivityNotFound,
    Given,
    Preference,
    RoutineNotFound,
    improvement_of,
    list_activities,
    metrics_of,
    performances_of,
    preferences_of,
    record_metrics,
    record_performances,
    set_preference,
)
from rollbook.core.tenancy import Tenant, Visibility, look_through
from rollbook.roster.models import Student
from rollbook.testing import factories as make
from rollbook.testing.rows import add

DAY = date(2025, 9, 1)
YEAR = (date(2025, 1, 1), date(2025, 12, 31))


@pytest.fixture
def ada(db: Session) -> Student:
    add(db, Activity(activity_code="RUN", name="Mile run", activity_type="cardio", max_score=50))
    add(db, Routine(routine_code="WARM", name="Warm-up"))
    return make.create_student(db)


def runs(student: Student, *scores: float | None, weeks: int = 1) -> list[Given]:
    return [
        Given(student.student_id, DAY + timedelta(weeks=place * weeks), score)
        for place, score in enumerate(scores)
    ]


def test_performances_are_listed_newest_first(db: Session, tenant: Tenant, ada: Student) -> None:
    record_performances(db, tenant, "RUN", runs(ada, 20, 25, None))

    found = performances_of(db, tenant, ada.student_id, *YEAR)

    assert [row.score for row in found] == [None, 25, 20]
    assert found[0].name == "Mile run"
    assert performances_of(db, tenant, ada.student_id, *YEAR, activity_code="SWIM") == []
    assert len(performances_of(db, tenant, ada.student_id, *YEAR, limit=1)) == 1


def test_the_same_again_changes_nothing_and_a_correction_is_kept(
    db: Session, tenant: Tenant, ada: Student
) -> None:
    for score in (20, 20, 30):
        record_performances(db, tenant, "RUN", runs(ada, score))

    assert [row.score for row in performances_of(db, tenant, ada.student_id, *YEAR)] == [30]
    assert db.scalars(text("SELECT score FROM student_activity_performances_history")).all() == [20]


def test_improvement_is_the_line_through_the_scores(db: Session, tenant: Tenant, ada: Student) -> None:
    record_performances(db, tenant, "RUN", runs(ada, 10, 20, None, 30, weeks=1))

    (found,) = improvement_of(db, tenant, ada.student_id, *YEAR)

    assert found.performances == 3
    assert [found.first_percent, found.last_percent] == [20, 60]
    days, percents = [0, 7, 21], [20, 40, 60]
    mean_day, mean = sum(days) / 3, sum(percents) / 3
    slope = sum((d - mean_day) * (p - mean) for d, p in zip(days, percents, strict=True)) / sum(
        (d - mean_day) ** 2 for d in days
    )
    assert found.change_per_30_days == pytest.approx(30 * slope)


def test_one_day_has_no_trend(db: Session, tenant: Tenant, ada: Student) -> None:
    tries = [Given(ada.student_id, DAY, score, attempt=nr) for nr, score in enumerate((10, 25, 20), 1)]
    record_performances(db, tenant, "RUN", tries)

    (found,) = improvement_of(db, tenant, ada.student_id, *YEAR)

    assert found.change_per_30_days is None
    assert [found.first_percent, found.last_percent] == [20, 40], "tries follow each other"


def test_the_catalogue_counts_what_is_in_sight(db: Session, tenant: Tenant, ada: Student) -> None:
    ben = make.create_student(db)
    record_performances(db, tenant, "RUN", runs(ada, 10, 20) + runs(ben, 50))

    (line,) = list_activities(db, tenant, *YEAR)
    assert (line.performances, line.students) == (3, 2)
    assert line.mean_percent == pytest.approx(Decimal(160) / 3)

    look_through(db, Visibility(tenant.tenant_id, (ben.student_id,)))
    (line,) = list_activities(db, tenant, *YEAR)
    assert line.performances == 1
    assert line.mean_percent == 100
    assert performances_of(db, tenant, ada.student_id, *YEAR) == []


def test_nothing_is_recorded_of_a_student_out_of_sight(db: Session, tenant: Tenant, ada: Student) -> None:
    look_through(db, Visibility(tenant.tenant_id, ()))

    with pytest.raises(DBAPIError, match="row-level security"):
        record_performances(db, tenant, "RUN", runs(ada, 10))


def test_preferences_are_kept_best_first(db: Session, tenant: Tenant, ada: Student) -> None:
    for kind, level in (("cardio", 2), ("team sport", 5), ("cardio", 3)):
        set_preference(db, tenant, ada.student_id, Preference(kind, level, None))

    found = preferences_of(db, tenant, ada.student_id)
    assert [(each.activity_type, each.preference_level) for each in found] == [
        ("team sport", 5),
        ("cardio", 3),
    ]
    assert db.scalars(text("SELECT preference_level FROM pe_activity_preferences_history")).all() == [2]


def test_metrics_of_a_routine(db: Session, tenant: Tenant, ada: Student) -> None:
    record_metrics(db, tenant, ada.student_id, "WARM", DAY, {"completion_rate": 0.5, "heart_rate_bpm": 120})
    record_metrics(db, tenant, ada.student_id, "WARM", DAY, {"completion_rate": Decimal("0.8")})

    found = metrics_of(db, tenant, ada.student_id, *YEAR)
    assert [(each.metric_name, each.metric_value) for each in found] == [
        ("completion_rate", Decimal("0.8")),
        ("heart_rate_bpm", 120),
    ]


def test_what_is_not_there_is_named(db: Session, tenant: Tenant, ada: Student) -> None:
    with pytest.raises(ActivityNotFound, match="SWIM"):
        record_performances(db, tenant, "SWIM", runs(ada, 10))
    with pytest.raises(RoutineNotFound, match="COOL"):
        record_metrics(db, tenant, ada.student_id, "COOL", DAY, {"pulse": 1})
