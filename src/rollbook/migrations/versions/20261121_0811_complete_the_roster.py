"""Complete schools, staff and students; keep their versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261121_0811"
down_revision = "20261121_0810"
branch_labels = None
depends_on = None


ONE_PRIMARY = """\
-- squawk-ignore constraint-missing-not-valid
ALTER TABLE student_school_enrollments ADD CONSTRAINT ex_student_school_enrollments_one_primary
EXCLUDE USING gist (tenant_id WITH =, student_id WITH =, daterange(entry_on, exit_on) WITH &&)
WHERE (is_primary)"""


def upgrade() -> None:
    op.add_column(
        "school_calendar_days",
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "school_calendar_days",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "schools",
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "schools",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("staff", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("phone", sa.Text(), nullable=True))
    op.add_column(
        "staff",
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "staff",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("student_school_enrollments", sa.Column("entry_code", sa.Text(), nullable=True))
    op.add_column(
        "student_school_enrollments",
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
    )
    op.add_column(
        "student_school_enrollments",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("student_school_enrollments_history", sa.Column("entry_code", sa.Text(), nullable=True))
    op.add_column(
        "student_school_enrollments_history",
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
    )
    op.add_column(
        "student_school_enrollments_history",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "student_school_enrollments_history", sa.Column("superseded_by_import", sa.Integer(), nullable=True)
    )
    op.add_column("students", sa.Column("middle_name", sa.Text(), nullable=True))
    op.add_column(
        "students",
        sa.Column(
            "languages", postgresql.ARRAY(sa.Text()), nullable=True, comment="ISO 639, that of the home first"
        ),
    )
    op.add_column("students", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("students", sa.Column("phone", sa.Text(), nullable=True))
    op.add_column("students", sa.Column("address", sa.Text(), nullable=True))
    op.add_column(
        "students",
        sa.Column(
            "is_directory_opt_out",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the family forbids handing out directory information",
        ),
    )
    op.add_column(
        "students",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("students_history", sa.Column("middle_name", sa.Text(), nullable=True))
    op.add_column(
        "students_history",
        sa.Column(
            "languages", postgresql.ARRAY(sa.Text()), nullable=True, comment="ISO 639, that of the home first"
        ),
    )
    op.add_column("students_history", sa.Column("email", sa.Text(), nullable=True))
    op.add_column("students_history", sa.Column("phone", sa.Text(), nullable=True))
    op.add_column("students_history", sa.Column("address", sa.Text(), nullable=True))
    ddl.complete_history("students", "is_directory_opt_out", "boolean", "false")
    op.execute(
        "COMMENT ON COLUMN students_history.is_directory_opt_out"
        " IS 'the family forbids handing out directory information'"
    )
    op.add_column(
        "students_history",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("students_history", sa.Column("superseded_by_import", sa.Integer(), nullable=True))
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public")
    op.execute(ONE_PRIMARY)
    ddl.date_by_creation("schools", "staff")
    ddl.keep_versions("school_calendar_days", "school_id", "date", scope="tenant")
    ddl.keep_versions("schools", "school_id", scope="tenant")
    ddl.keep_versions("staff", "staff_id", scope="tenant")
    ddl.allow_delete("school_calendar_days", "schools", "staff", "student_school_enrollments", "students")


def downgrade() -> None:
    ddl.forbid_delete("school_calendar_days", "schools", "staff", "student_school_enrollments", "students")
    ddl.drop_versions("school_calendar_days", "schools", "staff")
    op.drop_constraint("ex_student_school_enrollments_one_primary", "student_school_enrollments")
    op.execute("DROP EXTENSION IF EXISTS btree_gist")
    op.drop_column("students_history", "superseded_by_import")
    op.drop_column("students_history", "import_id")
    op.drop_column("students_history", "is_directory_opt_out")
    op.drop_column("students_history", "address")
    op.drop_column("students_history", "phone")
    op.drop_column("students_history", "email")
    op.drop_column("students_history", "languages")
    op.drop_column("students_history", "middle_name")
    op.drop_column("students", "import_id")
    op.drop_column("students", "is_directory_opt_out")
    op.drop_column("students", "address")
    op.drop_column("students", "phone")
    op.drop_column("students", "email")
    op.drop_column("students", "languages")
    op.drop_column("students", "middle_name")
    op.drop_column("student_school_enrollments_history", "superseded_by_import")
    op.drop_column("student_school_enrollments_history", "import_id")
    op.drop_column("student_school_enrollments_history", "source_id")
    op.drop_column("student_school_enrollments_history", "entry_code")
    op.drop_column("student_school_enrollments", "import_id")
    op.drop_column("student_school_enrollments", "source_id")
    op.drop_column("student_school_enrollments", "entry_code")
    op.drop_column("staff", "import_id")
    op.drop_column("staff", "known_at")
    op.drop_column("staff", "phone")
    op.drop_column("staff", "email")
    op.drop_column("schools", "import_id")
    op.drop_column("schools", "known_at")
    op.drop_column("school_calendar_days", "import_id")
    op.drop_column("school_calendar_days", "known_at")
