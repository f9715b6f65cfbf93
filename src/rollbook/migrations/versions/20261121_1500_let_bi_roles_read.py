"""Let login roles for BI read a tenant or a school, by policies that go by current_user."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl, ddl_audit, ddl_bi

revision = "20261121_1500"
down_revision = "20261121_1402"
branch_labels = None
depends_on = None

NEEDS_THE_ROLE = """
DO $$
BEGIN
    IF to_regrole('rollbook_bi') IS NULL THEN
        RAISE EXCEPTION 'the role rollbook_bi is missing: as a superuser, CREATE ROLE rollbook_bi NOLOGIN';
    END IF;
END
$$
"""
STRUCTURE = (
    "academic_sessions activities assignment_categories assignments attendance_submissions"
    " course_prerequisites course_standards courses fitness_tests fitness_zones grade_scale_steps"
    " grade_scales learning_standards lesson_plan_standards lesson_plans pe_lesson_plans"
    " routine_activities routines school_calendar_days schools section_sessions section_staff"
    " sections staff staff_assignments"
)
PLAIN_STRUCTURE = "attendance_rules grade_rules tenants"
ABOUT_STUDENTS = (
    "analytics_events attendance_records course_enrollments course_grades course_outcomes discipline_actions"
    " fitness_results grades incident_participants pe_activity_preferences progress"
    " routine_performance_metrics student_activity_performances student_guardians student_programs students"
)
PLAIN_ABOUT_STUDENTS = (
    "activity_logs attendance_totals attendance_weeks predictions student_features training_feedback"
)


def opened() -> Iterator[tuple[str, ddl_bi.Rule]]:
    """Yield each table that BI roles read, histories too, and by which rule."""
    versioned: tuple[tuple[str, ddl_bi.Rule], ...] = (
        (STRUCTURE, "tenant"),
        (ABOUT_STUDENTS, "student"),
        ("student_school_enrollments", "school"),
        ("guardians", "guardian"),
        ("discipline_incidents", "incident"),
    )
    for tables, rule in versioned:
        for table in tables.split():
            yield table, rule
            yield f"{table}_history", rule
    plain: tuple[tuple[str, ddl_bi.Rule], ...] = (
        (PLAIN_STRUCTURE, "tenant"),
        (PLAIN_ABOUT_STUDENTS, "student"),
        ("attendance_week_sums", "school"),
    )
    for tables, rule in plain:
        for table in tables.split():
            yield table, rule


def upgrade() -> None:
    op.execute(NEEDS_THE_ROLE)
    op.create_table(
        "bi_roles",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("role_name", sa.Text(), nullable=False, comment="as PostgreSQL knows it"),
        sa.Column(
            "school_id", sa.Uuid(), nullable=True, comment="all it sees students of; none = the tenant"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("role_name ~ '^[a-z][a-z0-9_]{0,62}$'", name=op.f("ck_bi_roles_role_name_form")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "school_id"],
            ["schools.tenant_id", "schools.school_id"],
            name=op.f("fk_bi_roles_tenant_id_school_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_bi_roles_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "role_name", name=op.f("pk_bi_roles")),
    )
    op.create_index(op.f("ix_bi_roles_tenant_id_school_id"), "bi_roles", ["tenant_id", "school_id"])
    ddl.protect("bi_roles", "tenant", may="SELECT")
    ddl_audit.audit("bi_roles")
    ddl_bi.by_setting("bi_roles")
    op.execute("CREATE POLICY own_row ON bi_roles FOR SELECT TO rollbook_bi USING (role_name = current_user)")
    op.execute("GRANT SELECT ON bi_roles TO rollbook_bi")
    op.execute(ddl_bi.BI_STUDENTS)
    op.execute("GRANT SELECT ON bi_students TO rollbook_bi")
    for table, rule in opened():
        ddl_bi.open_to_bi(table, rule)


def downgrade() -> None:
    for table, _ in opened():
        ddl_bi.close_to_bi(table)
    op.execute("DROP VIEW bi_students")
    op.drop_table("bi_roles")
