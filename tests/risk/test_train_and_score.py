"""Training keeps one model in use; scoring gives a ranked, explained list; both the same on every run."""

import json
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from risk.cast import SPRING_28, STARTS, by_course, next_term, table, term
from rollbook.core.tenancy import Tenant
from rollbook.curriculum.models import CourseOutcome, CourseResult
from rollbook.risk import service
from rollbook.risk.errors import (
    AllAtRisk,
    BeforeData,
    ModelDamaged,
    ModelNotTrained,
    ModelOutdated,
    NoneAtRisk,
    NoOutcomes,
    TooFewOutcomes,
)
from rollbook.risk.models import ModelMetadata, Prediction, StudentFeatures
from rollbook.testing import factories as make

AS_OF = date(2026, 1, 5)
SHAPE = ["factor", "weight", "value", "description", "recommendation"]
PREDICTED = "rank, risk_score, confidence, risk_category, cohort_size, risk_factors::text"


@pytest.fixture
def trained(db: Session, tenant: Tenant) -> service.TrainSummary:
    by_course(db, tenant)
    term(db)
    next_term(db)
    return service.train(db, tenant, AS_OF)


def test_the_model_ranks_better_than_the_rule_and_says_how_well(trained: service.TrainSummary) -> None:
    assert set(trained.metrics) == {"ensemble", "lightgbm", "logistic", "rule"}
    assert 0.7 < (trained.metrics["ensemble"]["auc"].value or 0) < 1
    assert trained.rows == 5 * 60
    assert "clicks" in trained.empty_features
    assert "clicks" not in trained.features


def test_training_again_gives_the_same_model(
    db: Session, tenant: Tenant, trained: service.TrainSummary
) -> None:
    again = service.train(db, tenant, AS_OF)

    assert again == trained
    assert db.query(ModelMetadata).count() == 1


def test_one_model_is_in_use(db: Session, tenant: Tenant, trained: service.TrainSummary) -> None:
    db.execute(text("UPDATE course_outcomes SET result = 'pass' WHERE student_id IN (SELECT student_id FROM"
                    " students WHERE student_number IN ('T003', 'T006'))"))  # fmt: skip

    other = service.train(db, tenant, AS_OF + timedelta(days=400))

    assert other.model_version != trained.model_version
    assert list(db.scalars(select(ModelMetadata.model_version).where(ModelMetadata.is_active))) == [
        other.model_version
    ]


def test_a_list_is_ranked_cut_and_explained(
    db: Session, tenant: Tenant, trained: service.TrainSummary
) -> None:
    summary = service.score(db, tenant, SPRING_28)

    found = list(db.scalars(select(Prediction).order_by(Prediction.rank)))
    assert [p.rank for p in found] == list(range(1, 13))
    assert [p.risk_score for p in found] == sorted((p.risk_score for p in found), reverse=True)
    assert {(p.cohort_size, p.as_of, p.model_version) for p in found} == {
        (12, SPRING_28, trained.model_version)
    }
    assert {p.feature_set_version for p in found} == {
        kept.feature_set_version for kept in db.scalars(select(StudentFeatures))
    }
    assert all(0 <= p.confidence <= 1 for p in found)
    assert sum(summary.categories.values()) == 12


@pytest.mark.usefixtures("trained")
def test_reasons_have_the_published_shape_and_plain_words(db: Session, tenant: Tenant) -> None:
    service.score(db, tenant, SPRING_28)

    first = db.scalars(select(Prediction).order_by(Prediction.rank)).first()
    assert first is not None
    assert [sorted(reason) for reason in first.risk_factors] == [sorted(SHAPE)] * len(first.risk_factors)
    words = [reason["description"] for reason in first.risk_factors]
    assert "2 of 4 assignments due so far were not handed in" in words


@pytest.mark.usefixtures("trained")
def test_those_who_struggle_come_first(db: Session, tenant: Tenant) -> None:
    service.score(db, tenant, SPRING_28)

    first = db.scalars(text("SELECT student_number FROM predictions JOIN students USING (student_id)"
                            " ORDER BY rank LIMIT 4"))  # fmt: skip
    assert set(first) == {"N000", "N003", "N006", "N009"}


@pytest.mark.usefixtures("trained")
def test_scoring_again_writes_nothing(db: Session, tenant: Tenant) -> None:
    first = service.score(db, tenant, SPRING_28)
    before = table(db, "predictions", PREDICTED)

    again = service.score(db, tenant, SPRING_28)

    assert (first.written, again.written) == (12, 0)
    assert table(db, "predictions", PREDICTED) == before
    assert service.build(db, tenant, SPRING_28).written == 0


@pytest.mark.usefixtures("trained")
def test_who_has_left_meanwhile_leaves_the_list(db: Session, tenant: Tenant) -> None:
    service.score(db, tenant, SPRING_28)
    db.execute(text("UPDATE course_enrollments SET withdrawn_on = :day WHERE student_id ="
                    " (SELECT student_id FROM students WHERE student_number = 'N001')"),
               {"day": SPRING_28})  # fmt: skip

    service.score(db, tenant, SPRING_28)

    assert db.query(Prediction).count() == 11
    assert db.query(StudentFeatures).count() == 11


def test_a_k12_student_is_scored_as_a_whole(db: Session, tenant: Tenant) -> None:
    term(db)
    next_term(db)
    service.train(db, tenant, AS_OF)

    summary = service.score(db, tenant, SPRING_28)

    assert summary.model_version.startswith("student-")
    assert set(db.scalars(select(Prediction.section_id))) == {None}


@pytest.mark.usefixtures("trained")
def test_the_model_is_whole_in_its_row(db: Session) -> None:
    row = db.scalars(select(ModelMetadata)).one()
    document: dict[str, Any] = json.loads(row.artifact)

    assert row.model_version == f"course-{row.artifact_sha256[:12]}"
    assert set(document) == {
        "format", "target", "feature_set_version", "ensemble", "calibration", "confidence", "cuts"
    }  # fmt: skip
    assert document["ensemble"]["boosted"]["texts"][0].startswith("tree\n")


def test_a_damaged_model_does_not_score(db: Session, tenant: Tenant, trained: service.TrainSummary) -> None:
    db.execute(text("UPDATE model_metadata SET artifact = artifact || ' '"))

    with pytest.raises(ModelDamaged, match=trained.model_version):
        service.score(db, tenant, SPRING_28)


@pytest.mark.usefixtures("trained")
def test_a_model_of_other_features_does_not_score(db: Session, tenant: Tenant) -> None:
    db.execute(text("UPDATE model_metadata SET feature_set_version = 'f0'"))

    with pytest.raises(ModelOutdated, match="knows feature set f0"):
        service.score(db, tenant, SPRING_28)


def test_scoring_without_a_model_says_how_to_get_one(db: Session, tenant: Tenant) -> None:
    next_term(db)

    with pytest.raises(ModelNotTrained, match="rollbook risk train --as-of 2026-02-09"):
        service.score(db, tenant, SPRING_28)


def test_training_before_any_data_is_refused(db: Session, tenant: Tenant) -> None:
    term(db)

    with pytest.raises(BeforeData, match="1999-01-01 lies before"):
        service.train(db, tenant, date(1999, 1, 1))


def test_training_before_any_section_ended_is_refused(db: Session, tenant: Tenant) -> None:
    term(db)

    with pytest.raises(NoOutcomes, match="by 2025-11-01"):
        service.train(db, tenant, date(2025, 11, 1))


@pytest.mark.parametrize(("result", "error"), [("pass", NoneAtRisk), ("fail", AllAtRisk)])
def test_a_cohort_of_one_kind_is_refused(
    db: Session, tenant: Tenant, result: str, error: type[Exception]
) -> None:
    term(db, students=20)
    db.execute(text("UPDATE course_outcomes SET result = :result"), {"result": result})

    with pytest.raises(error, match="'oak-valley'"):
        service.train(db, tenant, AS_OF)
    assert db.query(ModelMetadata).count() == 0


def test_a_handful_of_one_kind_is_refused(db: Session, tenant: Tenant) -> None:
    section = term(db, students=20)
    outcomes = list(db.scalars(select(CourseOutcome).where(CourseOutcome.section_id == section.section_id)))
    db.execute(text("UPDATE course_outcomes SET result = 'pass'"))
    db.execute(
        text("UPDATE course_outcomes SET result = 'fail' WHERE student_id = :one"),
        {"one": outcomes[0].student_id},
    )

    with pytest.raises(TooFewOutcomes, match=r"who ended at risk by [0-9-]+: 1\. At least"):
        service.train(db, tenant, AS_OF)


def test_features_that_nobody_has_are_left_out_and_named(db: Session, tenant: Tenant) -> None:
    section = make.create_section(db, ends_on=STARTS + timedelta(days=115))
    for number in range(40):
        student = make.create_student(db, number=f"S{number:02}")
        make.enroll_in_course(db, student, section)
        make.record_outcome(db, student, section, [CourseResult.PASS, CourseResult.FAIL][number % 2])

    summary = service.train(db, tenant, AS_OF)

    assert {"work_missing", "percent_mean", "clicks", "missed_rate", "incidents"} <= set(
        summary.empty_features
    )
    assert not np.isnan(summary.metrics["ensemble"]["auc"].value or np.nan)
