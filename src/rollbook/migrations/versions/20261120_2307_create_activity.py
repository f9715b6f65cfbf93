"""Create activity."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261120_2307"
down_revision = "20261120_2306"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "analytics_events_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False, comment="such as clicks"),
        sa.Column("event_count", sa.Integer(), nullable=False, comment="how often on that day"),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "history_id", name=op.f("pk_analytics_events_history")),
    )
    op.create_index(
        "ix_analytics_events_history_key",
        "analytics_events_history",
        ["tenant_id", "student_id", "section_id", "event_on", "event_type", "superseded_at"],
        unique=False,
    )
    op.create_table(
        "analytics_events",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("event_on", sa.Date(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False, comment="such as clicks"),
        sa.Column("event_count", sa.Integer(), nullable=False, comment="how often on that day"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("event_count > 0", name=op.f("ck_analytics_events_event_count_positive")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_analytics_events_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_analytics_events_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "student_id",
            "section_id",
            "event_on",
            "event_type",
            name=op.f("pk_analytics_events"),
        ),
        postgresql_partition_by="RANGE (event_on)",
    )
    op.create_index(
        op.f("ix_analytics_events_tenant_id_section_id_event_on"),
        "analytics_events",
        ["tenant_id", "section_id", "event_on"],
        unique=False,
    )
    ddl.protect("analytics_events", "student")
    ddl.keep_history("analytics_events", "student_id", "section_id", "event_on", "event_type")


def downgrade() -> None:
    op.drop_index(op.f("ix_analytics_events_tenant_id_section_id_event_on"), table_name="analytics_events")
    op.drop_table("analytics_events")
    op.drop_index("ix_analytics_events_history_key", table_name="analytics_events_history")
    op.drop_table("analytics_events_history")
