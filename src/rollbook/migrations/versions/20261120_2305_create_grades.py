"""Create grades."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261120_2305"
down_revision = "20261120_2304"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "grades_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "grade_value",
            sa.Numeric(precision=8, scale=2),
            nullable=True,
            comment="points out of the assignment's max_value; none = not marked",
        ),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column(
            "is_carried_over",
            sa.Boolean(),
            nullable=False,
            comment="taken from an earlier try at the course (OULAD: banked)",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "history_id", name=op.f("pk_grades_history")),
    )
    op.create_index(
        "ix_grades_history_key",
        "grades_history",
        ["tenant_id", "student_id", "assignment_id", "superseded_at"],
        unique=False,
    )
    op.create_table(
        "assignments",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column(
            "assignment_type",
            sa.Enum(
                "homework",
                "quiz",
                "test",
                "project",
                "exam",
                "tutor_marked",
                "computer_marked",
                name="assignmenttype",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column(
            "max_value", sa.Numeric(precision=8, scale=2), server_default=sa.text("100"), nullable=False
        ),
        sa.Column(
            "weight_percent",
            sa.Numeric(precision=6, scale=3),
            nullable=True,
            comment="share of the course mark; none = all weigh alike",
        ),
        sa.Column("due_on", sa.Date(), nullable=True, comment="none = at the end of the section"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("max_value > 0", name=op.f("ck_assignments_max_value_positive")),
        sa.CheckConstraint(
            "weight_percent BETWEEN 0 AND 100", name=op.f("ck_assignments_weight_percent_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_assignments_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_assignments_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "assignment_id", name=op.f("pk_assignments")),
        sa.UniqueConstraint(
            "tenant_id",
            "section_id",
            "assignment_code",
            name=op.f("uq_assignments_tenant_id_section_id_assignment_code"),
        ),
    )
    op.create_table(
        "grades",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "grade_value",
            sa.Numeric(precision=8, scale=2),
            nullable=True,
            comment="points out of the assignment's max_value; none = not marked",
        ),
        sa.Column("submitted_on", sa.Date(), nullable=True),
        sa.Column(
            "is_carried_over",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="taken from an earlier try at the course (OULAD: banked)",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("grade_value BETWEEN 0 AND 100000", name=op.f("ck_grades_grade_value_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "assignment_id"],
            ["assignments.tenant_id", "assignments.assignment_id"],
            name=op.f("fk_grades_tenant_id_assignment_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_grades_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "student_id", "assignment_id", name=op.f("pk_grades")),
    )
    op.create_index(
        op.f("ix_grades_tenant_id_assignment_id"), "grades", ["tenant_id", "assignment_id"], unique=False
    )
    ddl.protect("assignments", "tenant")
    ddl.protect("grades", "student")
    ddl.keep_history("grades", "student_id", "assignment_id")


def downgrade() -> None:
    op.drop_index(op.f("ix_grades_tenant_id_assignment_id"), table_name="grades")
    op.drop_table("grades")
    op.drop_table("assignments")
    op.drop_index("ix_grades_history_key", table_name="grades_history")
    op.drop_table("grades_history")
