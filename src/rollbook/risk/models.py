"""Tables of risk."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from rollbook.core.schema import Json, StudentOwned, TenantOwned, created_at, entity_id, references, text_enum


class RiskCategory(StrEnum):
    """How urgently someone should look; cut by capacity and calibrated score."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class FeedbackType(StrEnum):
    """What the educator found the prediction to be."""

    TRUE_POSITIVE = "true_positive"
    FALSE_POSITIVE = "false_positive"
    TRUE_NEGATIVE = "true_negative"
    FALSE_NEGATIVE = "false_negative"


class StudentFeatures(StudentOwned):
    """A subject's features as of a date. Grain: (tenant, date, feature set, student, section)."""

    __tablename__ = "student_features"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "feature_date",
            "feature_set_version",
            "student_id",
            "section_id",
            name="uq_student_features_subject",
            postgresql_nulls_not_distinct=True,
        ),
        references("students", "student_id"),
        references("sections", "section_id"),
        Index(None, "tenant_id", "student_id"),
    )

    features_id: Mapped[UUID] = entity_id()
    student_id: Mapped[UUID]
    section_id: Mapped[UUID | None] = mapped_column(comment="none = the student as a whole")
    feature_date: Mapped[date] = mapped_column(comment="as of the close of this day")
    feature_set_version: Mapped[str]
    attendance_rate: Mapped[float | None] = mapped_column(comment="0..1 of days; copy of the vector's")
    gpa_current: Mapped[float | None]
    discipline_incidents: Mapped[int | None]
    feature_vector: Mapped[Json]
    created_at: Mapped[datetime] = created_at()


class ModelMetadata(TenantOwned):
    """A trained model, whole: its file's text is in the row. Grain: one row per (tenant, model_version)."""

    __tablename__ = "model_metadata"
    __table_args__ = (
        Index(
            "uq_model_metadata_active",
            "tenant_id",
            "target",
            unique=True,
            postgresql_where=text("is_active"),
        ),
    )

    model_version: Mapped[str] = mapped_column(primary_key=True, comment="content-addressed")
    target: Mapped[str] = mapped_column(comment="course or student")
    model_type: Mapped[str]
    feature_set_version: Mapped[str]
    trained_as_of: Mapped[date]
    training_rows: Mapped[int]
    metrics: Mapped[Json] = mapped_column(comment="held out, by model")
    hyperparameters: Mapped[Json]
    artifact: Mapped[str] = mapped_column(comment="JSON: feature names, calibration, cuts, LightGBM's text")
    artifact_sha256: Mapped[str]
    is_active: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = created_at()


class Prediction(StudentOwned):
    """A score for a subject as of a date. Grain: (tenant, as_of, model_version, student, section)."""

    __tablename__ = "predictions"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id",
            "as_of",
            "model_version",
            "student_id",
            "section_id",
            name="uq_predictions_subject",
            postgresql_nulls_not_distinct=True,
        ),
        references("students", "student_id"),
        references("sections", "section_id"),
        references("model_metadata", "model_version"),
        CheckConstraint("risk_score BETWEEN 0 AND 1", name="risk_score_range"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_range"),
        Index(None, "tenant_id", "student_id", "as_of"),
        Index(None, "tenant_id", "as_of", "rank"),
    )

    prediction_id: Mapped[UUID] = entity_id()
    student_id: Mapped[UUID]
    section_id: Mapped[UUID | None] = mapped_column(comment="none = the student as a whole")
    as_of: Mapped[date] = mapped_column(comment="with what was known by the close of this day")
    risk_score: Mapped[float]
    risk_category: Mapped[RiskCategory] = mapped_column(text_enum(RiskCategory))
    confidence: Mapped[float] = mapped_column(comment="0..1")
    rank: Mapped[int] = mapped_column(Integer, comment="1 = highest risk in the list of that date")
    cohort_size: Mapped[int] = mapped_column(Integer)
    risk_factors: Mapped[list[Any]] = mapped_column(
        JSONB, comment="[{factor, weight, value, description, recommendation}], strongest first"
    )
    model_version: Mapped[str]
    feature_set_version: Mapped[str]
    predicted_at: Mapped[datetime] = created_at()


class TrainingFeedback(StudentOwned):
    """What an educator found a prediction to be. Grain: one row per (tenant, feedback)."""

    __tablename__ = "training_feedback"
    __table_args__ = (
        references("predictions", "prediction_id"),
        references("students", "student_id"),
        Index(None, "tenant_id", "prediction_id"),
        Index(None, "tenant_id", "student_id"),
    )

    feedback_id: Mapped[UUID] = entity_id()
    prediction_id: Mapped[UUID]
    student_id: Mapped[UUID]
    feedback_type: Mapped[FeedbackType] = mapped_column(text_enum(FeedbackType))
    outcome_on: Mapped[date | None]
    outcome_type: Mapped[str | None]
    educator_notes: Mapped[str | None]
    created_at: Mapped[datetime] = created_at()
