"""Create teaching assignments, the terms of sections, prerequisites."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0820"
down_revision = "20261121_0811"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.create_table(
        "course_prerequisites",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("prerequisite_course_id", sa.Uuid(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint(
            "course_id <> prerequisite_course_id", name=op.f("ck_course_prerequisites_not_itself")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "course_id"],
            ["courses.tenant_id", "courses.course_id"],
            name=op.f("fk_course_prerequisites_tenant_id_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "prerequisite_course_id"],
            ["courses.tenant_id", "courses.course_id"],
            name=op.f("fk_course_prerequisites_tenant_id_prerequisite_course_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_course_prerequisites_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "course_id", "prerequisite_course_id", name=op.f("pk_course_prerequisites")
        ),
    )
    op.create_index(
        op.f("ix_course_prerequisites_tenant_id_prerequisite_course_id"),
        "course_prerequisites",
        ["tenant_id", "prerequisite_course_id"],
        unique=False,
    )
    op.create_table(
        "section_sessions",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_section_sessions_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"],
            ["academic_sessions.tenant_id", "academic_sessions.session_id"],
            name=op.f("fk_section_sessions_tenant_id_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_section_sessions_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "section_id", "session_id", name=op.f("pk_section_sessions")),
    )
    op.create_index(
        op.f("ix_section_sessions_tenant_id_session_id"),
        "section_sessions",
        ["tenant_id", "session_id"],
        unique=False,
    )
    op.create_table(
        "section_staff",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column(
            "section_role",
            sa.Enum(
                "teacher",
                "aide",
                "administrator",
                "proctor",
                name="sectionrole",
                native_enum=False,
                create_constraint=True,
                length=None,
            ),
            server_default=sa.text("'teacher'"),
            nullable=False,
        ),
        sa.Column(
            "is_primary",
            sa.Boolean(),
            server_default=sa.text("true"),
            nullable=False,
            comment="the one who is named first",
        ),
        sa.Column("begins_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True, comment="first day no longer"),
        sa.Column("source_id", sa.Text(), nullable=True, comment="what the source calls this row"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint("ends_on >= begins_on", name=op.f("ck_section_staff_ends_after_begin")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_section_staff_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["staff.tenant_id", "staff.staff_id"],
            name=op.f("fk_section_staff_tenant_id_staff_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_section_staff_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "section_id", "staff_id", "section_role", name=op.f("pk_section_staff")
        ),
    )
    op.create_index(
        op.f("ix_section_staff_tenant_id_staff_id"), "section_staff", ["tenant_id", "staff_id"], unique=False
    )
    ddl.protect("course_prerequisites", "tenant", may=MAY)
    ddl.protect("section_sessions", "tenant", may=MAY)
    ddl.protect("section_staff", "tenant", may=MAY)
    ddl.keep_versions("course_prerequisites", "course_id", "prerequisite_course_id", scope="tenant")
    ddl.keep_versions("section_sessions", "section_id", "session_id", scope="tenant")
    ddl.keep_versions("section_staff", "section_id", "staff_id", "section_role", scope="tenant")


def downgrade() -> None:
    ddl.drop_versions("course_prerequisites", "section_sessions", "section_staff")
    op.drop_index(op.f("ix_section_staff_tenant_id_staff_id"), table_name="section_staff")
    op.drop_table("section_staff")
    op.drop_index(op.f("ix_section_sessions_tenant_id_session_id"), table_name="section_sessions")
    op.drop_table("section_sessions")
    op.drop_index(
        op.f("ix_course_prerequisites_tenant_id_prerequisite_course_id"), table_name="course_prerequisites"
    )
    op.drop_table("course_prerequisites")
