"""Create attendance."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261120_2304"
down_revision = "20261120_2303"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance_records_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("period", sa.SmallInteger(), nullable=False, comment="0 = whole day"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("minutes_late", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "history_id", name=op.f("pk_attendance_records_history")),
    )
    op.create_index(
        "ix_attendance_records_history_key",
        "attendance_records_history",
        ["tenant_id", "student_id", "date", "period", "superseded_at"],
        unique=False,
    )
    op.create_table(
        "attendance_records",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column(
            "period",
            sa.SmallInteger(),
            server_default=sa.text("0"),
            autoincrement=False,
            nullable=False,
            comment="0 = whole day",
        ),
        sa.Column(
            "status",
            sa.Enum(
                "present",
                "absent",
                "tardy",
                "excused",
                name="attendancestatus",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("minutes_late", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status = 'tardy' OR minutes_late = 0", name=op.f("ck_attendance_records_late_only_if_tardy")
        ),
        sa.CheckConstraint(
            "minutes_late BETWEEN 0 AND 600", name=op.f("ck_attendance_records_minutes_late_range")
        ),
        sa.CheckConstraint("period BETWEEN 0 AND 20", name=op.f("ck_attendance_records_period_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_attendance_records_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "student_id", "date", "period", name=op.f("pk_attendance_records")
        ),
        postgresql_partition_by="RANGE (date)",
    )
    op.create_index(
        op.f("ix_attendance_records_tenant_id_date"),
        "attendance_records",
        ["tenant_id", "date"],
        unique=False,
    )
    ddl.protect("attendance_records", "student")
    ddl.keep_history("attendance_records", "student_id", "date", "period")


def downgrade() -> None:
    op.drop_index(op.f("ix_attendance_records_tenant_id_date"), table_name="attendance_records")
    op.drop_table("attendance_records")
    op.drop_index("ix_attendance_records_history_key", table_name="attendance_records_history")
    op.drop_table("attendance_records_history")
