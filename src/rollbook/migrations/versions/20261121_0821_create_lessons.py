"""Create standards and lesson plans."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261121_0821"
down_revision = "20261121_0820"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.create_table(
        "learning_standards",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("standard_code", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("grade_level", sa.SmallInteger(), nullable=True, comment="kindergarten is 0"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint(
            "grade_level BETWEEN 0 AND 12", name=op.f("ck_learning_standards_grade_level_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_learning_standards_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "standard_id", name=op.f("pk_learning_standards")),
        sa.UniqueConstraint(
            "tenant_id", "standard_code", name=op.f("uq_learning_standards_tenant_id_standard_code")
        ),
    )
    op.create_table(
        "course_standards",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_id"],
            ["courses.tenant_id", "courses.course_id"],
            name=op.f("fk_course_standards_tenant_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "standard_id"],
            ["learning_standards.tenant_id", "learning_standards.standard_id"],
            name=op.f("fk_course_standards_tenant_id_standard_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_course_standards_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "course_id", "standard_id", name=op.f("pk_course_standards")),
    )
    op.create_index(
        op.f("ix_course_standards_tenant_id_standard_id"),
        "course_standards",
        ["tenant_id", "standard_id"],
        unique=False,
    )
    op.create_table(
        "lesson_plans",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("lesson_plan_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("lesson_plan_code", sa.Text(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=True, comment="none for every section of the course"),
        sa.Column("staff_id", sa.Uuid(), nullable=True, comment="who wrote it"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Date(), nullable=True),
        sa.Column("duration_minutes", sa.SmallInteger(), nullable=True),
        sa.Column("objectives", sa.Text(), nullable=True),
        sa.Column(
            "content",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="steps, materials, assessment",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 1 AND 600", name=op.f("ck_lesson_plans_duration_minutes_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_id"],
            ["courses.tenant_id", "courses.course_id"],
            name=op.f("fk_lesson_plans_tenant_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_lesson_plans_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["staff.tenant_id", "staff.staff_id"],
            name=op.f("fk_lesson_plans_tenant_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_lesson_plans_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "lesson_plan_id", name=op.f("pk_lesson_plans")),
        sa.UniqueConstraint(
            "tenant_id", "lesson_plan_code", name=op.f("uq_lesson_plans_tenant_id_lesson_plan_code")
        ),
    )
    op.create_index(
        op.f("ix_lesson_plans_tenant_id_course_id"), "lesson_plans", ["tenant_id", "course_id"], unique=False
    )
    op.create_index(
        op.f("ix_lesson_plans_tenant_id_section_id_planned_on"),
        "lesson_plans",
        ["tenant_id", "section_id", "planned_on"],
        unique=False,
    )
    op.create_index(
        op.f("ix_lesson_plans_tenant_id_staff_id"), "lesson_plans", ["tenant_id", "staff_id"], unique=False
    )
    op.create_table(
        "lesson_plan_standards",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("lesson_plan_id", sa.Uuid(), nullable=False),
        sa.Column("standard_id", sa.Uuid(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lesson_plan_id"],
            ["lesson_plans.tenant_id", "lesson_plans.lesson_plan_id"],
            name=op.f("fk_lesson_plan_standards_tenant_id_lesson_plan_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "standard_id"],
            ["learning_standards.tenant_id", "learning_standards.standard_id"],
            name=op.f("fk_lesson_plan_standards_tenant_id_standard_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_lesson_plan_standards_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "lesson_plan_id", "standard_id", name=op.f("pk_lesson_plan_standards")
        ),
    )
    op.create_index(
        op.f("ix_lesson_plan_standards_tenant_id_standard_id"),
        "lesson_plan_standards",
        ["tenant_id", "standard_id"],
        unique=False,
    )
    op.create_table(
        "pe_lesson_plans",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("lesson_plan_id", sa.Uuid(), nullable=False),
        sa.Column("warm_up", sa.Text(), nullable=True),
        sa.Column("main_activity", sa.Text(), nullable=True),
        sa.Column("cool_down", sa.Text(), nullable=True),
        sa.Column("equipment", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("safety_notes", sa.Text(), nullable=True),
        sa.Column(
            "adaptations", sa.Text(), nullable=True, comment="for students who cannot do it as planned"
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "lesson_plan_id"],
            ["lesson_plans.tenant_id", "lesson_plans.lesson_plan_id"],
            name=op.f("fk_pe_lesson_plans_tenant_id_lesson_plan_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_pe_lesson_plans_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "lesson_plan_id", name=op.f("pk_pe_lesson_plans")),
    )
    ddl.protect("learning_standards", "tenant", may=MAY)
    ddl.protect("course_standards", "tenant", may=MAY)
    ddl.protect("lesson_plans", "tenant", may=MAY)
    ddl.protect("lesson_plan_standards", "tenant", may=MAY)
    ddl.protect("pe_lesson_plans", "tenant", may=MAY)
    ddl.keep_versions("course_standards", "course_id", "standard_id", scope="tenant")
    ddl.keep_versions("learning_standards", "standard_id", scope="tenant")
    ddl.keep_versions("lesson_plan_standards", "lesson_plan_id", "standard_id", scope="tenant")
    ddl.keep_versions("lesson_plans", "lesson_plan_id", scope="tenant")
    ddl.keep_versions("pe_lesson_plans", "lesson_plan_id", scope="tenant")


def downgrade() -> None:
    ddl.drop_versions(
        "course_standards", "learning_standards", "lesson_plan_standards", "lesson_plans", "pe_lesson_plans"
    )
    op.drop_table("pe_lesson_plans")
    op.drop_index(op.f("ix_lesson_plan_standards_tenant_id_standard_id"), table_name="lesson_plan_standards")
    op.drop_table("lesson_plan_standards")
    op.drop_index(op.f("ix_lesson_plans_tenant_id_staff_id"), table_name="lesson_plans")
    op.drop_index(op.f("ix_lesson_plans_tenant_id_section_id_planned_on"), table_name="lesson_plans")
    op.drop_index(op.f("ix_lesson_plans_tenant_id_course_id"), table_name="lesson_plans")
    op.drop_table("lesson_plans")
    op.drop_index(op.f("ix_course_standards_tenant_id_standard_id"), table_name="course_standards")
    op.drop_table("course_standards")
    op.drop_table("learning_standards")
