"""Create conduct."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261120_2306"
down_revision = "20261120_2305"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "discipline_incidents_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("incident_on", sa.Date(), nullable=False),
        sa.Column("incident_type", sa.Text(), nullable=False),
        sa.Column("severity_level", sa.SmallInteger(), nullable=False, comment="1 minor ... 5 critical"),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("action_taken", sa.Text(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "history_id", name=op.f("pk_discipline_incidents_history")),
    )
    op.create_index(
        "ix_discipline_incidents_history_key",
        "discipline_incidents_history",
        ["tenant_id", "incident_id", "superseded_at"],
        unique=False,
    )
    op.create_table(
        "discipline_incidents",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("incident_on", sa.Date(), nullable=False),
        sa.Column("incident_type", sa.Text(), nullable=False),
        sa.Column("severity_level", sa.SmallInteger(), nullable=False, comment="1 minor ... 5 critical"),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("action_taken", sa.Text(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "severity_level BETWEEN 1 AND 5", name=op.f("ck_discipline_incidents_severity_level_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_discipline_incidents_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "incident_id", name=op.f("pk_discipline_incidents")),
    )
    op.create_index(
        op.f("ix_discipline_incidents_tenant_id_student_id_incident_on"),
        "discipline_incidents",
        ["tenant_id", "student_id", "incident_on"],
        unique=False,
    )
    ddl.protect("discipline_incidents", "student")
    ddl.keep_history("discipline_incidents", "incident_id")


def downgrade() -> None:
    op.drop_index(
        op.f("ix_discipline_incidents_tenant_id_student_id_incident_on"), table_name="discipline_incidents"
    )
    op.drop_table("discipline_incidents")
    op.drop_index("ix_discipline_incidents_history_key", table_name="discipline_incidents_history")
    op.drop_table("discipline_incidents_history")
