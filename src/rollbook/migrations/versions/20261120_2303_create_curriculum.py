"""Create curriculum."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261120_2303"
down_revision = "20261120_2302"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "course_enrollments_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("enrolled_on", sa.Date(), nullable=True, comment="none where the source does not say"),
        sa.Column("withdrawn_on", sa.Date(), nullable=True, comment="first day no longer enrolled"),
        sa.Column("prior_attempts", sa.SmallInteger(), nullable=True, comment="earlier tries at this course"),
        sa.Column(
            "load_credits",
            sa.Numeric(precision=6, scale=1),
            nullable=True,
            comment="credits the student takes in all at that time",
        ),
        sa.Column(
            "entry_facts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="what the source says of the student at entry, such as region",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "history_id", name=op.f("pk_course_enrollments_history")),
    )
    op.create_index(
        "ix_course_enrollments_history_key",
        "course_enrollments_history",
        ["tenant_id", "student_id", "section_id", "superseded_at"],
        unique=False,
    )
    op.create_table(
        "course_outcomes_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "history_id", name=op.f("pk_course_outcomes_history")),
    )
    op.create_index(
        "ix_course_outcomes_history_key",
        "course_outcomes_history",
        ["tenant_id", "student_id", "section_id", "superseded_at"],
        unique=False,
    )
    op.create_table(
        "courses",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("course_code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_courses_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "course_id", name=op.f("pk_courses")),
        sa.UniqueConstraint("tenant_id", "course_code", name=op.f("uq_courses_tenant_id_course_code")),
    )
    op.create_table(
        "sections",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("section_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True),
        sa.Column("section_code", sa.Text(), nullable=False, comment="unique in its course, such as 2013J"),
        sa.Column("teacher_staff_id", sa.Uuid(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False, comment="last day"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_sections_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_id"],
            ["courses.tenant_id", "courses.course_id"],
            name=op.f("fk_sections_tenant_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"],
            ["schools.tenant_id", "schools.school_id"],
            name=op.f("fk_sections_tenant_id_school_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "teacher_staff_id"],
            ["staff.tenant_id", "staff.staff_id"],
            name=op.f("fk_sections_tenant_id_teacher_staff_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_sections_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "section_id", name=op.f("pk_sections")),
        sa.UniqueConstraint(
            "tenant_id",
            "course_id",
            "section_code",
            name=op.f("uq_sections_tenant_id_course_id_section_code"),
        ),
    )
    op.create_index(
        op.f("ix_sections_tenant_id_school_id"), "sections", ["tenant_id", "school_id"], unique=False
    )
    op.create_index(
        op.f("ix_sections_tenant_id_teacher_staff_id"),
        "sections",
        ["tenant_id", "teacher_staff_id"],
        unique=False,
    )
    op.create_table(
        "course_enrollments",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("enrolled_on", sa.Date(), nullable=True, comment="none where the source does not say"),
        sa.Column("withdrawn_on", sa.Date(), nullable=True, comment="first day no longer enrolled"),
        sa.Column("prior_attempts", sa.SmallInteger(), nullable=True, comment="earlier tries at this course"),
        sa.Column(
            "load_credits",
            sa.Numeric(precision=6, scale=1),
            nullable=True,
            comment="credits the student takes in all at that time",
        ),
        sa.Column(
            "entry_facts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
            comment="what the source says of the student at entry, such as region",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("load_credits >= 0", name=op.f("ck_course_enrollments_load_credits_range")),
        sa.CheckConstraint("prior_attempts >= 0", name=op.f("ck_course_enrollments_prior_attempts_range")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_course_enrollments_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_course_enrollments_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "student_id", "section_id", name=op.f("pk_course_enrollments")),
    )
    op.create_index(
        op.f("ix_course_enrollments_tenant_id_section_id_student_id"),
        "course_enrollments",
        ["tenant_id", "section_id", "student_id"],
        unique=False,
    )
    op.create_table(
        "course_outcomes",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column(
            "result",
            sa.Enum(
                "distinction",
                "pass",
                "fail",
                "withdrawn",
                name="courseresult",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id", "section_id"],
            [
                "course_enrollments.tenant_id",
                "course_enrollments.student_id",
                "course_enrollments.section_id",
            ],
            name=op.f("fk_course_outcomes_tenant_id_student_id_section_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "student_id", "section_id", name=op.f("pk_course_outcomes")),
    )
    op.create_index(
        op.f("ix_course_outcomes_tenant_id_section_id"),
        "course_outcomes",
        ["tenant_id", "section_id"],
        unique=False,
    )
    ddl.protect("courses", "tenant")
    ddl.protect("sections", "tenant")
    ddl.protect("course_enrollments", "student")
    ddl.keep_history("course_enrollments", "student_id", "section_id")
    ddl.protect("course_outcomes", "student")
    ddl.keep_history("course_outcomes", "student_id", "section_id")


def downgrade() -> None:
    op.drop_index(op.f("ix_course_outcomes_tenant_id_section_id"), table_name="course_outcomes")
    op.drop_table("course_outcomes")
    op.drop_index(
        op.f("ix_course_enrollments_tenant_id_section_id_student_id"), table_name="course_enrollments"
    )
    op.drop_table("course_enrollments")
    op.drop_index(op.f("ix_sections_tenant_id_teacher_staff_id"), table_name="sections")
    op.drop_index(op.f("ix_sections_tenant_id_school_id"), table_name="sections")
    op.drop_table("sections")
    op.drop_table("courses")
    op.drop_index("ix_course_outcomes_history_key", table_name="course_outcomes_history")
    op.drop_table("course_outcomes_history")
    op.drop_index("ix_course_enrollments_history_key", table_name="course_enrollments_history")
    op.drop_table("course_enrollments_history")
