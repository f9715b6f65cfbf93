"""Create activities, performances, preferences and the activity log."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261121_0860"
down_revision = "20261121_0850"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.create_table(
        "activities",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("activity_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "activity_type",
            sa.Text(),
            nullable=False,
            comment="such as cardio, strength, team sport, skill drill",
        ),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("difficulty_level", sa.SmallInteger(), nullable=True, comment="1 easy ... 5 hard"),
        sa.Column(
            "max_score", sa.Numeric(precision=8, scale=2), server_default=sa.text("100"), nullable=False
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "difficulty_level BETWEEN 1 AND 5", name=op.f("ck_activities_difficulty_level_range")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_activities_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "activity_id", name=op.f("pk_activities")),
        sa.UniqueConstraint("tenant_id", "activity_code", name=op.f("uq_activities_tenant_id_activity_code")),
    )
    op.create_table(
        "activity_logs",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("logged_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("log_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("student_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False, comment="such as signed_in, report_opened"),
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_activity_logs_tenant_id_student_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f("fk_activity_logs_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_activity_logs_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "logged_at", "log_id", name=op.f("pk_activity_logs")),
        postgresql_partition_by="RANGE (logged_at)",
    )
    op.create_index(
        op.f("ix_activity_logs_tenant_id_logged_at"),
        "activity_logs",
        ["tenant_id", "logged_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activity_logs_tenant_id_student_id_logged_at"),
        "activity_logs",
        ["tenant_id", "student_id", "logged_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activity_logs_tenant_id_user_id_logged_at"),
        "activity_logs",
        ["tenant_id", "user_id", "logged_at"],
        unique=False,
    )
    op.create_table(
        "pe_activity_preferences",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("activity_type", sa.Text(), nullable=False),
        sa.Column("preference_level", sa.SmallInteger(), nullable=False, comment="1 dislikes ... 5 loves"),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint(
            "preference_level BETWEEN 1 AND 5", name=op.f("ck_pe_activity_preferences_preference_level_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_pe_activity_preferences_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "student_id", "activity_type", name=op.f("pk_pe_activity_preferences")
        ),
    )
    op.create_table(
        "student_activity_performances",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("performance_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column(
            "attempt", sa.SmallInteger(), server_default=sa.text("1"), nullable=False, comment="on that day"
        ),
        sa.Column(
            "score",
            sa.Numeric(precision=8, scale=2),
            nullable=True,
            comment="out of the activity's max_score",
        ),
        sa.Column("duration_minutes", sa.Numeric(precision=6, scale=2), nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint("attempt > 0", name=op.f("ck_student_activity_performances_attempt_positive")),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 0 AND 600",
            name=op.f("ck_student_activity_performances_duration_minutes_range"),
        ),
        sa.CheckConstraint(
            "score BETWEEN 0 AND 100000", name=op.f("ck_student_activity_performances_score_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "activity_id"],
            ["activities.tenant_id", "activities.activity_id"],
            name=op.f("fk_student_activity_performances_tenant_id_activity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_student_activity_performances_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "performance_id", name=op.f("pk_student_activity_performances")),
        sa.UniqueConstraint(
            "tenant_id",
            "student_id",
            "activity_id",
            "performed_on",
            "attempt",
            name=op.f(
                "uq_student_activity_performances_tenant_id_student_id_activity_id_performed_on_attempt"
            ),
        ),
    )
    op.create_index(
        op.f("ix_student_activity_performances_tenant_id_activity_id_performed_on"),
        "student_activity_performances",
        ["tenant_id", "activity_id", "performed_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_student_activity_performances_tenant_id_performed_on"),
        "student_activity_performances",
        ["tenant_id", "performed_on"],
        unique=False,
    )
    ddl.protect("activities", "tenant", may=MAY)
    ddl.protect("activity_logs", "student", may="SELECT, INSERT")
    ddl.protect("pe_activity_preferences", "student", may=MAY)
    ddl.protect("student_activity_performances", "student", may=MAY)
    ddl.keep_versions("activities", "activity_id", scope="tenant")
    ddl.keep_versions("pe_activity_preferences", "student_id", "activity_type")
    ddl.keep_versions("student_activity_performances", "performance_id")


def downgrade() -> None:
    ddl.drop_versions("activities", "pe_activity_preferences", "student_activity_performances")
    op.drop_index(
        op.f("ix_student_activity_performances_tenant_id_performed_on"),
        table_name="student_activity_performances",
    )
    op.drop_index(
        op.f("ix_student_activity_performances_tenant_id_activity_id_performed_on"),
        table_name="student_activity_performances",
    )
    op.drop_table("student_activity_performances")
    op.drop_table("pe_activity_preferences")
    op.drop_index(op.f("ix_activity_logs_tenant_id_user_id_logged_at"), table_name="activity_logs")
    op.drop_index(op.f("ix_activity_logs_tenant_id_student_id_logged_at"), table_name="activity_logs")
    op.drop_index(op.f("ix_activity_logs_tenant_id_logged_at"), table_name="activity_logs")
    op.drop_table("activity_logs")
    op.drop_table("activities")
