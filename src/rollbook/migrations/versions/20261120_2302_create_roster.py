"""Create roster."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261120_2302"
down_revision = "20261120_2301"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "student_school_enrollments_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.SmallInteger(), nullable=False, comment="the calendar year it ends in"),
        sa.Column("grade_level", sa.SmallInteger(), nullable=True, comment="kindergarten is 0"),
        sa.Column("entry_on", sa.Date(), nullable=False),
        sa.Column("exit_on", sa.Date(), nullable=True, comment="first day no longer enrolled"),
        sa.Column("exit_code", sa.Text(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("counselor_staff_id", sa.Uuid(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "history_id", name=op.f("pk_student_school_enrollments_history")
        ),
    )
    op.create_index(
        "ix_student_school_enrollments_history_key",
        "student_school_enrollments_history",
        ["tenant_id", "enrollment_id", "superseded_at"],
        unique=False,
    )
    op.create_table(
        "students_history",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("student_number", sa.Text(), nullable=False, comment="the district's own number"),
        sa.Column("first_name", sa.Text(), nullable=True, comment="none where the source has no names"),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("preferred_name", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("race_ethnicity", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("grade_level", sa.SmallInteger(), nullable=True, comment="kindergarten is 0"),
        sa.Column("is_english_learner", sa.Boolean(), nullable=True),
        sa.Column("is_special_education", sa.Boolean(), nullable=True),
        sa.Column("economic_status", sa.Text(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("history_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "history_id", name=op.f("pk_students_history")),
    )
    op.create_index(
        "ix_students_history_key",
        "students_history",
        ["tenant_id", "student_id", "superseded_at"],
        unique=False,
    )
    op.create_table(
        "schools",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("school_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "school_type",
            sa.Enum(
                "elementary",
                "middle",
                "high",
                "postsecondary",
                name="schooltype",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("low_grade", sa.SmallInteger(), nullable=True, comment="kindergarten is 0"),
        sa.Column("high_grade", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "low_grade BETWEEN 0 AND 12 AND high_grade BETWEEN low_grade AND 12",
            name=op.f("ck_schools_grade_span"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_schools_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "school_id", name=op.f("pk_schools")),
        sa.UniqueConstraint("tenant_id", "school_code", name=op.f("uq_schools_tenant_id_school_code")),
    )
    op.create_table(
        "students",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_number", sa.Text(), nullable=False, comment="the district's own number"),
        sa.Column("first_name", sa.Text(), nullable=True, comment="none where the source has no names"),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("preferred_name", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("race_ethnicity", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("grade_level", sa.SmallInteger(), nullable=True, comment="kindergarten is 0"),
        sa.Column("is_english_learner", sa.Boolean(), nullable=True),
        sa.Column("is_special_education", sa.Boolean(), nullable=True),
        sa.Column("economic_status", sa.Text(), nullable=True),
        sa.Column(
            "metadata",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("birth_date > DATE '1900-01-01'", name=op.f("ck_students_birth_date_plausible")),
        sa.CheckConstraint("grade_level BETWEEN 0 AND 12", name=op.f("ck_students_grade_level_range")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_students_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "student_id", name=op.f("pk_students")),
        sa.UniqueConstraint("tenant_id", "student_number", name=op.f("uq_students_tenant_id_student_number")),
    )
    op.create_index(
        op.f("ix_students_tenant_id_last_name_first_name"),
        "students",
        ["tenant_id", "last_name", "first_name"],
        unique=False,
    )
    op.create_table(
        "school_calendar_days",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("is_instructional", sa.Boolean(), nullable=False),
        sa.Column("term_code", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"],
            ["schools.tenant_id", "schools.school_id"],
            name=op.f("fk_school_calendar_days_tenant_id_school_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_school_calendar_days_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "school_id", "date", name=op.f("pk_school_calendar_days")),
    )
    op.create_table(
        "staff",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("staff_number", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column(
            "school_id", sa.Uuid(), nullable=True, comment="where they work; none for the whole tenant"
        ),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="how they sign in"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"],
            ["schools.tenant_id", "schools.school_id"],
            name=op.f("fk_staff_tenant_id_school_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f("fk_staff_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_staff_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "staff_id", name=op.f("pk_staff")),
        sa.UniqueConstraint("tenant_id", "staff_number", name=op.f("uq_staff_tenant_id_staff_number")),
    )
    op.create_index(op.f("ix_staff_tenant_id_school_id"), "staff", ["tenant_id", "school_id"], unique=False)
    op.create_index(op.f("ix_staff_tenant_id_user_id"), "staff", ["tenant_id", "user_id"], unique=False)
    op.create_table(
        "student_school_enrollments",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("enrollment_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=False),
        sa.Column("school_year", sa.SmallInteger(), nullable=False, comment="the calendar year it ends in"),
        sa.Column("grade_level", sa.SmallInteger(), nullable=True, comment="kindergarten is 0"),
        sa.Column("entry_on", sa.Date(), nullable=False),
        sa.Column("exit_on", sa.Date(), nullable=True, comment="first day no longer enrolled"),
        sa.Column("exit_code", sa.Text(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("counselor_staff_id", sa.Uuid(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "exit_on >= entry_on", name=op.f("ck_student_school_enrollments_exit_after_entry")
        ),
        sa.CheckConstraint(
            "grade_level BETWEEN 0 AND 12", name=op.f("ck_student_school_enrollments_grade_level_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "counselor_staff_id"],
            ["staff.tenant_id", "staff.staff_id"],
            name=op.f("fk_student_school_enrollments_tenant_id_counselor_staff_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"],
            ["schools.tenant_id", "schools.school_id"],
            name=op.f("fk_student_school_enrollments_tenant_id_school_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_student_school_enrollments_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "enrollment_id", name=op.f("pk_student_school_enrollments")),
        sa.UniqueConstraint(
            "tenant_id",
            "student_id",
            "school_id",
            "entry_on",
            name=op.f("uq_student_school_enrollments_tenant_id_student_id_school_id_entry_on"),
        ),
    )
    op.create_index(
        op.f("ix_student_school_enrollments_tenant_id_counselor_staff_id"),
        "student_school_enrollments",
        ["tenant_id", "counselor_staff_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_student_school_enrollments_tenant_id_school_id_school_year"),
        "student_school_enrollments",
        ["tenant_id", "school_id", "school_year"],
        unique=False,
    )
    ddl.protect("schools", "tenant")
    ddl.protect("staff", "tenant")
    ddl.protect("students", "student")
    ddl.keep_history("students", "student_id")
    ddl.protect("student_school_enrollments", "student")
    ddl.keep_history("student_school_enrollments", "enrollment_id")
    ddl.protect("school_calendar_days", "tenant")


def downgrade() -> None:
    op.drop_index(
        op.f("ix_student_school_enrollments_tenant_id_school_id_school_year"),
        table_name="student_school_enrollments",
    )
    op.drop_index(
        op.f("ix_student_school_enrollments_tenant_id_counselor_staff_id"),
        table_name="student_school_enrollments",
    )
    op.drop_table("student_school_enrollments")
    op.drop_index(op.f("ix_staff_tenant_id_user_id"), table_name="staff")
    op.drop_index(op.f("ix_staff_tenant_id_school_id"), table_name="staff")
    op.drop_table("staff")
    op.drop_table("school_calendar_days")
    op.drop_index(op.f("ix_students_tenant_id_last_name_first_name"), table_name="students")
    op.drop_table("students")
    op.drop_table("schools")
    op.drop_index("ix_students_history_key", table_name="students_history")
    op.drop_table("students_history")
    op.drop_index(
        "ix_student_school_enrollments_history_key", table_name="student_school_enrollments_history"
    )
    op.drop_table("student_school_enrollments_history")
