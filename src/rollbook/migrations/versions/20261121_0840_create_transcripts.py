"""Create categories, scales, course grades and progress."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0840"
down_revision = "20261121_0831"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.create_table(
        "assignment_categories",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("category_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "weight_percent",
            sa.Numeric(precision=6, scale=3),
            nullable=True,
            comment="share of the course mark",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint(
            "weight_percent BETWEEN 0 AND 100", name=op.f("ck_assignment_categories_weight_percent_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_assignment_categories_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "category_id", name=op.f("pk_assignment_categories")),
        sa.UniqueConstraint(
            "tenant_id", "category_code", name=op.f("uq_assignment_categories_tenant_id_category_code")
        ),
    )
    op.create_table(
        "grade_scales",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("grade_scale_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("scale_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "is_default",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="the one that a GPA is reckoned by",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_grade_scales_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "grade_scale_id", name=op.f("pk_grade_scales")),
        sa.UniqueConstraint("tenant_id", "scale_code", name=op.f("uq_grade_scales_tenant_id_scale_code")),
    )
    op.create_index(
        "ix_grade_scales_one_default",
        "grade_scales",
        ["tenant_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "grade_scale_steps",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("grade_scale_id", sa.Uuid(), nullable=False),
        sa.Column("grade_letter", sa.Text(), nullable=False),
        sa.Column(
            "min_percent",
            sa.Numeric(precision=6, scale=3),
            nullable=True,
            comment="from here on, up to the next",
        ),
        sa.Column(
            "grade_points", sa.Numeric(precision=4, scale=2), nullable=True, comment="none = counts in no GPA"
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint(
            "grade_points BETWEEN 0 AND 5", name=op.f("ck_grade_scale_steps_grade_points_range")
        ),
        sa.CheckConstraint(
            "min_percent BETWEEN 0 AND 100", name=op.f("ck_grade_scale_steps_min_percent_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "grade_scale_id"],
            ["grade_scales.tenant_id", "grade_scales.grade_scale_id"],
            name=op.f("fk_grade_scale_steps_tenant_id_grade_scale_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_grade_scale_steps_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "grade_scale_id", "grade_letter", name=op.f("pk_grade_scale_steps")
        ),
    )
    op.create_table(
        "progress",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=False),
        sa.Column("assignments_set", sa.Integer(), nullable=False, comment="due by then"),
        sa.Column("assignments_done", sa.Integer(), nullable=False, comment="of those, handed in or exempt"),
        sa.Column(
            "mean_percent", sa.Numeric(precision=6, scale=3), nullable=True, comment="of what was marked"
        ),
        sa.Column("credits_earned", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint(
            "assignments_done BETWEEN 0 AND assignments_set", name=op.f("ck_progress_assignments_range")
        ),
        sa.CheckConstraint("mean_percent >= 0", name=op.f("ck_progress_mean_percent_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_id"],
            ["courses.tenant_id", "courses.course_id"],
            name=op.f("fk_progress_tenant_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_progress_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "student_id", "course_id", "measured_on", name=op.f("pk_progress")
        ),
    )
    op.create_index(
        op.f("ix_progress_tenant_id_course_id_measured_on"),
        "progress",
        ["tenant_id", "course_id", "measured_on"],
        unique=False,
    )
    op.create_table(
        "course_grades",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("grade_percent", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column("grade_letter", sa.Text(), nullable=True),
        sa.Column(
            "is_final",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="stands on the transcript and counts in the GPA",
        ),
        sa.Column("credits_attempted", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("credits_earned", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("awarded_on", sa.Date(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint(
            "credits_earned BETWEEN 0 AND credits_attempted", name=op.f("ck_course_grades_credits_range")
        ),
        sa.CheckConstraint(
            "grade_percent BETWEEN 0 AND 200", name=op.f("ck_course_grades_grade_percent_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_course_grades_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["academic_sessions.tenant_id", "academic_sessions.session_id"],
            name=op.f("fk_course_grades_tenant_id_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_course_grades_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "student_id", "section_id", "session_id", name=op.f("pk_course_grades")
        ),
    )
    op.create_index(
        op.f("ix_course_grades_tenant_id_section_id"),
        "course_grades",
        ["tenant_id", "section_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_course_grades_tenant_id_session_id"),
        "course_grades",
        ["tenant_id", "session_id"],
        unique=False,
    )
    ddl.protect("assignment_categories", "tenant", may=MAY)
    ddl.protect("grade_scales", "tenant", may=MAY)
    ddl.protect("grade_scale_steps", "tenant", may=MAY)
    ddl.protect("progress", "student", may=MAY)
    ddl.protect("course_grades", "student", may=MAY)
    ddl.keep_versions("assignment_categories", "category_id", scope="tenant")
    ddl.keep_versions("course_grades", "student_id", "section_id", "session_id")
    ddl.keep_versions("grade_scale_steps", "grade_scale_id", "grade_letter", scope="tenant")
    ddl.keep_versions("grade_scales", "grade_scale_id", scope="tenant")
    ddl.keep_versions("progress", "student_id", "course_id", "measured_on")


def downgrade() -> None:
    ddl.drop_versions(
        "assignment_categories", "course_grades", "grade_scale_steps", "grade_scales", "progress"
    )
    op.drop_index(op.f("ix_course_grades_tenant_id_session_id"), table_name="course_grades")
    op.drop_index(op.f("ix_course_grades_tenant_id_section_id"), table_name="course_grades")
    op.drop_table("course_grades")
    op.drop_index(op.f("ix_progress_tenant_id_course_id_measured_on"), table_name="progress")
    op.drop_table("progress")
    op.drop_table("grade_scale_steps")
    op.drop_index(
        "ix_grade_scales_one_default", table_name="grade_scales", postgresql_where=sa.text("is_default")
    )
    op.drop_table("grade_scales")
    op.drop_table("assignment_categories")
