"""Create risk."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261120_2308"
down_revision = "20261120_2307"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "model_metadata",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False, comment="content-addressed"),
        sa.Column("target", sa.Text(), nullable=False, comment="course or student"),
        sa.Column("model_type", sa.Text(), nullable=False),
        sa.Column("feature_set_version", sa.Text(), nullable=False),
        sa.Column("trained_as_of", sa.Date(), nullable=False),
        sa.Column("training_rows", sa.Integer(), nullable=False),
        sa.Column(
            "metrics", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="held out, by model"
        ),
        sa.Column("hyperparameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "artifact",
            sa.Text(),
            nullable=False,
            comment="JSON: feature names, calibration, cuts, LightGBM's text",
        ),
        sa.Column("artifact_sha256", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_model_metadata_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "model_version", name=op.f("pk_model_metadata")),
    )
    op.create_index(
        "uq_model_metadata_active",
        "model_metadata",
        ["tenant_id", "target"],
        unique=True,
        postgresql_where=sa.text("is_active"),
    )
    op.create_table(
        "predictions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("prediction_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=True, comment="none = the student as a whole"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="with what was known by the close of this day"),
        sa.Column("risk_score", sa.Double(), nullable=False),
        sa.Column(
            "risk_category",
            sa.Enum(
                "low",
                "medium",
                "high",
                "critical",
                name="riskcategory",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("confidence", sa.Double(), nullable=False, comment="0..1"),
        sa.Column("rank", sa.Integer(), nullable=False, comment="1 = highest risk in the list of that date"),
        sa.Column("cohort_size", sa.Integer(), nullable=False),
        sa.Column(
            "risk_factors",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[{factor, weight, value, description, recommendation}], strongest first",
        ),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("feature_set_version", sa.Text(), nullable=False),
        sa.Column(
            "predicted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_predictions_confidence_range")),
        sa.CheckConstraint("risk_score BETWEEN 0 AND 1", name=op.f("ck_predictions_risk_score_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "model_version"],
            ["model_metadata.tenant_id", "model_metadata.model_version"],
            name=op.f("fk_predictions_tenant_id_model_version"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_predictions_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_predictions_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "prediction_id", name=op.f("pk_predictions")),
        sa.UniqueConstraint(
            "tenant_id",
            "as_of",
            "model_version",
            "student_id",
            "section_id",
            name="uq_predictions_subject",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_predictions_tenant_id_as_of_rank"),
        "predictions",
        ["tenant_id", "as_of", "rank"],
        unique=False,
    )
    op.create_index(
        op.f("ix_predictions_tenant_id_student_id_as_of"),
        "predictions",
        ["tenant_id", "student_id", "as_of"],
        unique=False,
    )
    op.create_table(
        "student_features",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("features_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=True, comment="none = the student as a whole"),
        sa.Column("feature_date", sa.Date(), nullable=False, comment="as of the close of this day"),
        sa.Column("feature_set_version", sa.Text(), nullable=False),
        sa.Column(
            "attendance_rate", sa.Double(), nullable=True, comment="0..1 of days; copy of the vector's"
        ),
        sa.Column("gpa_current", sa.Double(), nullable=True),
        sa.Column("discipline_incidents", sa.Integer(), nullable=True),
        sa.Column("feature_vector", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_student_features_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_student_features_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "features_id", name=op.f("pk_student_features")),
        sa.UniqueConstraint(
            "tenant_id",
            "feature_date",
            "feature_set_version",
            "student_id",
            "section_id",
            name="uq_student_features_subject",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_student_features_tenant_id_student_id"),
        "student_features",
        ["tenant_id", "student_id"],
        unique=False,
    )
    op.create_table(
        "training_feedback",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("feedback_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("prediction_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column(
            "feedback_type",
            sa.Enum(
                "true_positive",
                "false_positive",
                "true_negative",
                "false_negative",
                name="feedbacktype",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("outcome_on", sa.Date(), nullable=True),
        sa.Column("outcome_type", sa.Text(), nullable=True),
        sa.Column("educator_notes", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "prediction_id"],
            ["predictions.tenant_id", "predictions.prediction_id"],
            name=op.f("fk_training_feedback_tenant_id_prediction_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_training_feedback_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "feedback_id", name=op.f("pk_training_feedback")),
    )
    op.create_index(
        op.f("ix_training_feedback_tenant_id_prediction_id"),
        "training_feedback",
        ["tenant_id", "prediction_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_training_feedback_tenant_id_student_id"),
        "training_feedback",
        ["tenant_id", "student_id"],
        unique=False,
    )
    ddl.protect("student_features", "student", may="SELECT, INSERT, UPDATE, DELETE")
    ddl.protect("model_metadata", "tenant")
    ddl.protect("predictions", "student", may="SELECT, INSERT, UPDATE, DELETE")
    ddl.protect("training_feedback", "student")


def downgrade() -> None:
    op.drop_index(op.f("ix_training_feedback_tenant_id_student_id"), table_name="training_feedback")
    op.drop_index(op.f("ix_training_feedback_tenant_id_prediction_id"), table_name="training_feedback")
    op.drop_table("training_feedback")
    op.drop_index(op.f("ix_student_features_tenant_id_student_id"), table_name="student_features")
    op.drop_table("student_features")
    op.drop_index(op.f("ix_predictions_tenant_id_student_id_as_of"), table_name="predictions")
    op.drop_index(op.f("ix_predictions_tenant_id_as_of_rank"), table_name="predictions")
    op.drop_table("predictions")
    op.drop_index(
        "uq_model_metadata_active", table_name="model_metadata", postgresql_where=sa.text("is_active")
    )
    op.drop_table("model_metadata")
