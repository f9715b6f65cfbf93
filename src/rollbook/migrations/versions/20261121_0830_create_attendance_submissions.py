"""Create how far schools have sent attendance, and what a tenant calls chronic."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0830"
down_revision = "20261121_0822"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.create_table(
        "attendance_rules",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column(
            "chronic_rate",
            sa.Numeric(precision=4, scale=3),
            server_default=sa.text("0.1"),
            nullable=False,
            comment="share of enrolled instructional days missed",
        ),
        sa.Column(
            "minimum_days",
            sa.SmallInteger(),
            server_default=sa.text("10"),
            nullable=False,
            comment="enrolled fewer days, nobody is called so",
        ),
        sa.CheckConstraint(
            "chronic_rate > 0 AND chronic_rate < 1", name=op.f("ck_attendance_rules_chronic_rate_range")
        ),
        sa.CheckConstraint(
            "minimum_days BETWEEN 1 AND 366", name=op.f("ck_attendance_rules_minimum_days_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_attendance_rules_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_attendance_rules")),
    )
    op.create_table(
        "attendance_submissions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column(
            "is_by_exception",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="only marks other than present are sent",
        ),
        sa.Column("submitted_through", sa.Date(), nullable=True, comment="last day that is complete"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"],
            ["schools.tenant_id", "schools.school_id"],
            name=op.f("fk_attendance_submissions_tenant_id_school_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_attendance_submissions_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "school_id", name=op.f("pk_attendance_submissions")),
    )
    ddl.protect("attendance_rules", "tenant")
    ddl.protect("attendance_submissions", "tenant", may=MAY)
    ddl.keep_versions("attendance_submissions", "school_id", scope="tenant")


def downgrade() -> None:
    ddl.drop_versions("attendance_submissions")
    op.drop_table("attendance_submissions")
    op.drop_table("attendance_rules")
