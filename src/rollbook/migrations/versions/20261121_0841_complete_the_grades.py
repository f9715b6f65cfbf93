"""Complete assignments and grades; keep their versions."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0841"
down_revision = "20261121_0840"
branch_labels = None
depends_on = None

TYPES = ("homework", "quiz", "test", "project", "exam", "tutor_marked", "computer_marked")


def _allow_types(*types: str) -> None:
    name = "ck_assignments_assignmenttype"
    words = ", ".join(f"'{word}'" for word in types)
    op.execute(f"-- squawk-ignore ban-drop-constraint\nALTER TABLE assignments DROP CONSTRAINT {name}")
    ddl.add_constraint("assignments", name, f"CHECK (assignment_type IN ({words}))")


def upgrade() -> None:
    op.add_column("assignments", sa.Column("description", sa.Text(), nullable=True))
    op.add_column("assignments", sa.Column("assigned_on", sa.Date(), nullable=True))
    op.add_column(
        "assignments",
        sa.Column("min_value", sa.Numeric(precision=8, scale=2), nullable=True, comment="none = 0"),
    )
    op.add_column("assignments", sa.Column("category_id", sa.Uuid(), nullable=True))
    op.add_column(
        "assignments",
        sa.Column("session_id", sa.Uuid(), nullable=True, comment="the grading period it counts for"),
    )
    op.add_column(
        "assignments",
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "assignments",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    ddl.add_index("assignments", "ix_assignments_tenant_id_category_id", "tenant_id", "category_id")
    ddl.add_index("assignments", "ix_assignments_tenant_id_session_id", "tenant_id", "session_id")
    ddl.add_constraint(
        "assignments",
        "fk_assignments_tenant_id_category_id",
        "FOREIGN KEY (tenant_id, category_id) REFERENCES assignment_categories (tenant_id, category_id)",
    )
    ddl.add_constraint(
        "assignments",
        "fk_assignments_tenant_id_session_id",
        "FOREIGN KEY (tenant_id, session_id) REFERENCES academic_sessions (tenant_id, session_id)",
    )
    op.add_column("grades", sa.Column("grade_letter", sa.Text(), nullable=True))
    op.add_column(
        "grades",
        sa.Column("is_late", sa.Boolean(), nullable=True, comment="as the source says; none = by the dates"),
    )
    op.add_column(
        "grades",
        sa.Column(
            "is_missing",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="due and never handed in",
        ),
    )
    op.add_column(
        "grades",
        sa.Column(
            "is_exempt",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="does not count",
        ),
    )
    op.add_column("grades", sa.Column("comment", sa.Text(), nullable=True))
    op.add_column(
        "grades", sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row")
    )
    op.add_column(
        "grades",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("grades_history", sa.Column("grade_letter", sa.Text(), nullable=True))
    op.add_column(
        "grades_history",
        sa.Column("is_late", sa.Boolean(), nullable=True, comment="as the source says; none = by the dates"),
    )
    ddl.complete_history("grades", "is_missing", "boolean", "false")
    op.execute("COMMENT ON COLUMN grades_history.is_missing IS 'due and never handed in'")
    ddl.complete_history("grades", "is_exempt", "boolean", "false")
    op.execute("COMMENT ON COLUMN grades_history.is_exempt IS 'does not count'")
    op.add_column("grades_history", sa.Column("comment", sa.Text(), nullable=True))
    op.add_column(
        "grades_history",
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
    )
    op.add_column(
        "grades_history",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("grades_history", sa.Column("superseded_by_import", sa.Integer(), nullable=True))
    ddl.add_constraint("assignments", "ck_assignments_min_below_max", "CHECK (min_value < max_value)")
    _allow_types(*TYPES, "classwork", "participation", "other")
    ddl.date_by_creation("assignments")
    ddl.keep_versions("assignments", "assignment_id", scope="tenant")
    ddl.allow_delete("assignments", "grades")


def downgrade() -> None:
    ddl.forbid_delete("assignments", "grades")
    ddl.drop_versions("assignments")
    _allow_types(*TYPES)
    op.drop_column("grades_history", "superseded_by_import")
    op.drop_column("grades_history", "import_id")
    op.drop_column("grades_history", "source_id")
    op.drop_column("grades_history", "comment")
    op.drop_column("grades_history", "is_exempt")
    op.drop_column("grades_history", "is_missing")
    op.drop_column("grades_history", "is_late")
    op.drop_column("grades_history", "grade_letter")
    op.drop_column("grades", "import_id")
    op.drop_column("grades", "source_id")
    op.drop_column("grades", "comment")
    op.drop_column("grades", "is_exempt")
    op.drop_column("grades", "is_missing")
    op.drop_column("grades", "is_late")
    op.drop_column("grades", "grade_letter")
    op.drop_constraint(op.f("fk_assignments_tenant_id_session_id"), "assignments", type_="foreignkey")
    op.drop_constraint(op.f("fk_assignments_tenant_id_category_id"), "assignments", type_="foreignkey")
    op.drop_index(op.f("ix_assignments_tenant_id_session_id"), table_name="assignments")
    op.drop_index(op.f("ix_assignments_tenant_id_category_id"), table_name="assignments")
    op.drop_column("assignments", "import_id")
    op.drop_column("assignments", "known_at")
    op.drop_column("assignments", "session_id")
    op.drop_column("assignments", "category_id")
    op.drop_column("assignments", "min_value")
    op.drop_column("assignments", "assigned_on")
    op.drop_column("assignments", "description")
