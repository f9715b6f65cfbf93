"""Complete courses and sections; keep their versions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261121_0822"
down_revision = "20261121_0821"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "course_enrollments",
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
    )
    op.add_column(
        "course_enrollments",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "course_enrollments_history",
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
    )
    op.add_column(
        "course_enrollments_history",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "course_enrollments_history", sa.Column("superseded_by_import", sa.Integer(), nullable=True)
    )
    op.add_column(
        "course_outcomes",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "course_outcomes_history",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("course_outcomes_history", sa.Column("superseded_by_import", sa.Integer(), nullable=True))
    op.add_column(
        "courses",
        sa.Column("school_id", sa.Uuid(), nullable=True, comment="none where the whole tenant offers it"),
    )
    op.add_column("courses", sa.Column("description", sa.Text(), nullable=True))
    op.add_column(
        "courses", sa.Column("low_grade", sa.SmallInteger(), nullable=True, comment="kindergarten is 0")
    )
    op.add_column("courses", sa.Column("high_grade", sa.SmallInteger(), nullable=True))
    op.add_column(
        "courses",
        sa.Column("credits", sa.Numeric(precision=5, scale=2), nullable=True, comment="earned by passing it"),
    )
    op.add_column(
        "courses",
        sa.Column(
            "level",
            sa.Enum(
                "regular",
                "honors",
                "advanced_placement",
                "dual_credit",
                name="courselevel",
                native_enum=False,
                create_constraint=False,
                length=None,
            ),
            server_default=sa.text("'regular'"),
            nullable=False,
        ),
    )
    ddl.add_constraint(
        "courses",
        "ck_courses_courselevel",
        "CHECK (level IN ('regular', 'honors', 'advanced_placement', 'dual_credit'))",
    )
    op.add_column(
        "courses",
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "courses",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    ddl.add_constraint(
        "courses",
        "fk_courses_tenant_id_school_id",
        "FOREIGN KEY (tenant_id, school_id) REFERENCES schools (tenant_id, school_id)",
    )
    op.add_column(
        "sections", sa.Column("title", sa.Text(), nullable=True, comment="none = that of the course")
    )
    op.add_column("sections", sa.Column("location", sa.Text(), nullable=True))
    op.add_column(
        "sections",
        sa.Column("periods", postgresql.ARRAY(sa.Text()), nullable=True, comment="of the school day"),
    )
    op.add_column(
        "sections", sa.Column("is_homeroom", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column(
        "sections",
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.add_column(
        "sections",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    ddl.add_constraint("courses", "ck_courses_credits_range", "CHECK (credits >= 0)")
    ddl.add_constraint(
        "courses",
        "ck_courses_grade_span",
        "CHECK (low_grade BETWEEN 0 AND 12 AND high_grade BETWEEN low_grade AND 12)",
    )
    ddl.date_by_creation("courses", "sections")
    ddl.keep_versions("courses", "course_id", scope="tenant")
    ddl.keep_versions("sections", "section_id", scope="tenant")
    ddl.allow_delete("course_enrollments", "course_outcomes", "courses", "sections")


def downgrade() -> None:
    ddl.forbid_delete("course_enrollments", "course_outcomes", "courses", "sections")
    ddl.drop_versions("courses", "sections")
    op.drop_column("sections", "import_id")
    op.drop_column("sections", "known_at")
    op.drop_column("sections", "is_homeroom")
    op.drop_column("sections", "periods")
    op.drop_column("sections", "location")
    op.drop_column("sections", "title")
    op.drop_constraint(op.f("fk_courses_tenant_id_school_id"), "courses", type_="foreignkey")
    op.drop_column("courses", "import_id")
    op.drop_column("courses", "known_at")
    op.drop_column("courses", "level")
    op.drop_column("courses", "credits")
    op.drop_column("courses", "high_grade")
    op.drop_column("courses", "low_grade")
    op.drop_column("courses", "description")
    op.drop_column("courses", "school_id")
    op.drop_column("course_outcomes_history", "superseded_by_import")
    op.drop_column("course_outcomes_history", "import_id")
    op.drop_column("course_outcomes", "import_id")
    op.drop_column("course_enrollments_history", "superseded_by_import")
    op.drop_column("course_enrollments_history", "import_id")
    op.drop_column("course_enrollments_history", "source_id")
    op.drop_column("course_enrollments", "import_id")
    op.drop_column("course_enrollments", "source_id")
