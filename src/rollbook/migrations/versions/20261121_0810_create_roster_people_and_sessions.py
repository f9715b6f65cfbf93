"""Create guardians, staff assignments, programmes and academic sessions."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0810"
down_revision = "20261121_0800"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"
GUARDIANS = ddl.seen_through("student_guardians", "guardian_id")


def upgrade() -> None:
    op.create_table(
        "academic_sessions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("session_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("session_code", sa.Text(), nullable=False, comment="such as 2026-S1"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "session_type",
            sa.Enum(
                "schoolYear",
                "semester",
                "term",
                "gradingPeriod",
                name="sessiontype",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False, comment="last day"),
        sa.Column("school_year", sa.SmallInteger(), nullable=False, comment="the calendar year it ends in"),
        sa.Column("parent_session_id", sa.Uuid(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_academic_sessions_ends_after_start")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_session_id"],
            ["academic_sessions.tenant_id", "academic_sessions.session_id"],
            name=op.f("fk_academic_sessions_tenant_id_parent_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_academic_sessions_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "session_id", name=op.f("pk_academic_sessions")),
        sa.UniqueConstraint(
            "tenant_id", "session_code", name=op.f("uq_academic_sessions_tenant_id_session_code")
        ),
    )
    op.create_index(
        op.f("ix_academic_sessions_tenant_id_parent_session_id"),
        "academic_sessions",
        ["tenant_id", "parent_session_id"],
        unique=False,
    )
    op.create_table(
        "guardians",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("guardian_number", sa.Text(), nullable=False, comment="the district's own number"),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("preferred_language", sa.Text(), nullable=True, comment="ISO 639"),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="how they sign in"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"],
            ["users.tenant_id", "users.user_id"],
            name=op.f("fk_guardians_tenant_id_user_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_guardians_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "guardian_id", name=op.f("pk_guardians")),
        sa.UniqueConstraint(
            "tenant_id", "guardian_number", name=op.f("uq_guardians_tenant_id_guardian_number")
        ),
    )
    op.create_index(
        op.f("ix_guardians_tenant_id_user_id"), "guardians", ["tenant_id", "user_id"], unique=False
    )
    op.create_table(
        "student_programs",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column(
            "program_type",
            sa.Enum(
                "iep",
                "504",
                "english_learner",
                "free_lunch",
                "reduced_lunch",
                "gifted",
                "title_i",
                "homeless",
                "foster_care",
                "migrant",
                "military_family",
                "other",
                name="programtype",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True, comment="first day no longer"),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_student_programs_ends_after_begin")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_student_programs_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "student_id", "program_type", "begins_on", name=op.f("pk_student_programs")
        ),
    )
    op.create_index(
        op.f("ix_student_programs_tenant_id_program_type"),
        "student_programs",
        ["tenant_id", "program_type"],
        unique=False,
    )
    op.create_table(
        "staff_assignments",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("staff_assignment_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("school_id", sa.Uuid(), nullable=True, comment="none for the whole tenant"),
        sa.Column(
            "staff_role",
            sa.Enum(
                "teacher",
                "aide",
                "counselor",
                "principal",
                "siteAdministrator",
                "districtAdministrator",
                "systemAdministrator",
                "proctor",
                name="staffrole",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            nullable=False,
        ),
        sa.Column("is_primary", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True, comment="first day no longer"),
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_staff_assignments_ends_after_begin")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"],
            ["schools.tenant_id", "schools.school_id"],
            name=op.f("fk_staff_assignments_tenant_id_school_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["staff.tenant_id", "staff.staff_id"],
            name=op.f("fk_staff_assignments_tenant_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_staff_assignments_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "staff_assignment_id", name=op.f("pk_staff_assignments")),
        sa.UniqueConstraint(
            "tenant_id",
            "staff_id",
            "school_id",
            "staff_role",
            "begins_on",
            name=op.f("uq_staff_assignments_tenant_id_staff_id_school_id_staff_role_begins_on"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_staff_assignments_tenant_id_school_id"),
        "staff_assignments",
        ["tenant_id", "school_id"],
        unique=False,
    )
    op.create_table(
        "student_guardians",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("guardian_id", sa.Uuid(), nullable=False),
        sa.Column(
            "relation", sa.Text(), nullable=False, comment="such as mother, father, guardian, relative"
        ),
        sa.Column("contact_order", sa.SmallInteger(), nullable=True, comment="1 = first to be called"),
        sa.Column("lives_with", sa.Boolean(), nullable=True),
        sa.Column(
            "may_see_records",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="false where a court or the district says so",
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint("contact_order > 0", name=op.f("ck_student_guardians_contact_order_positive")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "guardian_id"],
            ["guardians.tenant_id", "guardians.guardian_id"],
            name=op.f("fk_student_guardians_tenant_id_guardian_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_student_guardians_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "student_id", "guardian_id", name=op.f("pk_student_guardians")),
    )
    op.create_index(
        op.f("ix_student_guardians_tenant_id_guardian_id"),
        "student_guardians",
        ["tenant_id", "guardian_id"],
        unique=False,
    )
    ddl.protect("academic_sessions", "tenant", may=MAY)
    ddl.protect_by("guardians", GUARDIANS, may=MAY)
    ddl.protect("student_programs", "student", may=MAY)
    ddl.protect("staff_assignments", "tenant", may=MAY)
    ddl.protect("student_guardians", "student", may=MAY)
    ddl.keep_versions("academic_sessions", "session_id", scope="tenant")
    ddl.keep_versions("guardians", "guardian_id", rule=GUARDIANS)
    ddl.keep_versions("staff_assignments", "staff_assignment_id", scope="tenant")
    ddl.keep_versions("student_guardians", "student_id", "guardian_id")
    ddl.keep_versions("student_programs", "student_id", "program_type", "begins_on")


def downgrade() -> None:
    ddl.drop_versions(
        "academic_sessions", "guardians", "staff_assignments", "student_guardians", "student_programs"
    )
    op.execute("DROP POLICY walled_rows ON guardians")
    op.drop_index(op.f("ix_student_guardians_tenant_id_guardian_id"), table_name="student_guardians")
    op.drop_table("student_guardians")
    op.drop_index(op.f("ix_staff_assignments_tenant_id_school_id"), table_name="staff_assignments")
    op.drop_table("staff_assignments")
    op.drop_index(op.f("ix_student_programs_tenant_id_program_type"), table_name="student_programs")
    op.drop_table("student_programs")
    op.drop_index(op.f("ix_guardians_tenant_id_user_id"), table_name="guardians")
    op.drop_table("guardians")
    op.drop_index(op.f("ix_academic_sessions_tenant_id_parent_session_id"), table_name="academic_sessions")
    op.drop_table("academic_sessions")
