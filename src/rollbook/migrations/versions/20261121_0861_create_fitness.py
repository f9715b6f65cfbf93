"""Create routines and fitness tests."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0861"
down_revision = "20261121_0860"
branch_labels = None
depends_on = None

MAY = "SELECT, INSERT, UPDATE, DELETE"


def upgrade() -> None:
    op.create_table(
        "fitness_tests",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("fitness_test_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("test_code", sa.Text(), nullable=False, comment="such as pacer_laps, mile_run_s, curl_ups"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False, comment="such as laps, s, count, cm, kg/m2"),
        sa.Column(
            "component", sa.Text(), nullable=True, comment="such as aerobic capacity, strength, flexibility"
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_fitness_tests_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "fitness_test_id", name=op.f("pk_fitness_tests")),
        sa.UniqueConstraint("tenant_id", "test_code", name=op.f("uq_fitness_tests_tenant_id_test_code")),
    )
    op.create_table(
        "fitness_results",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("fitness_test_id", sa.Uuid(), nullable=False),
        sa.Column("tested_on", sa.Date(), nullable=False),
        sa.Column(
            "result_value", sa.Numeric(precision=10, scale=3), nullable=False, comment="in the test's unit"
        ),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "fitness_test_id"],
            ["fitness_tests.tenant_id", "fitness_tests.fitness_test_id"],
            name=op.f("fk_fitness_results_tenant_id_fitness_test_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_fitness_results_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "student_id", "fitness_test_id", "tested_on", name=op.f("pk_fitness_results")
        ),
    )
    op.create_index(
        op.f("ix_fitness_results_tenant_id_fitness_test_id_tested_on"),
        "fitness_results",
        ["tenant_id", "fitness_test_id", "tested_on"],
        unique=False,
    )
    op.create_table(
        "fitness_zones",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("fitness_test_id", sa.Uuid(), nullable=False),
        sa.Column(
            "sex",
            sa.Enum("female", "male", name="sex", native_enum=False, create_constraint=True, length=None),
            nullable=False,
        ),
        sa.Column("age_years", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("low_value", sa.Numeric(precision=10, scale=3), nullable=True),
        sa.Column("high_value", sa.Numeric(precision=10, scale=3), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint("age_years BETWEEN 3 AND 25", name=op.f("ck_fitness_zones_age_years_range")),
        sa.CheckConstraint("low_value <= high_value", name=op.f("ck_fitness_zones_low_below_high")),
        sa.CheckConstraint(
            "low_value IS NOT NULL OR high_value IS NOT NULL", name=op.f("ck_fitness_zones_has_a_bound")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "fitness_test_id"],
            ["fitness_tests.tenant_id", "fitness_tests.fitness_test_id"],
            name=op.f("fk_fitness_zones_tenant_id_fitness_test_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_fitness_zones_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "fitness_test_id", "sex", "age_years", name=op.f("pk_fitness_zones")
        ),
    )
    op.create_table(
        "routines",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("routine_id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("routine_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("section_id", sa.Uuid(), nullable=True, comment="none for any section"),
        sa.Column("duration_minutes", sa.SmallInteger(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 1 AND 600", name=op.f("ck_routines_duration_minutes_range")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "section_id"],
            ["sections.tenant_id", "sections.section_id"],
            name=op.f("fk_routines_tenant_id_section_id"),
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_routines_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "routine_id", name=op.f("pk_routines")),
        sa.UniqueConstraint("tenant_id", "routine_code", name=op.f("uq_routines_tenant_id_routine_code")),
    )
    op.create_index(
        op.f("ix_routines_tenant_id_section_id"), "routines", ["tenant_id", "section_id"], unique=False
    )
    op.create_table(
        "routine_activities",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("routine_id", sa.Uuid(), nullable=False),
        sa.Column("step_number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("duration_minutes", sa.SmallInteger(), nullable=True),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.CheckConstraint("step_number > 0", name=op.f("ck_routine_activities_step_number_positive")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "activity_id"],
            ["activities.tenant_id", "activities.activity_id"],
            name=op.f("fk_routine_activities_tenant_id_activity_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "routine_id"],
            ["routines.tenant_id", "routines.routine_id"],
            name=op.f("fk_routine_activities_tenant_id_routine_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_routine_activities_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "routine_id", "step_number", name=op.f("pk_routine_activities")),
    )
    op.create_index(
        op.f("ix_routine_activities_tenant_id_activity_id"),
        "routine_activities",
        ["tenant_id", "activity_id"],
        unique=False,
    )
    op.create_table(
        "routine_performance_metrics",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("routine_id", sa.Uuid(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column(
            "metric_name", sa.Text(), nullable=False, comment="such as completion_rate, heart_rate_bpm"
        ),
        sa.Column("metric_value", sa.Numeric(precision=10, scale=3), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "routine_id"],
            ["routines.tenant_id", "routines.routine_id"],
            name=op.f("fk_routine_performance_metrics_tenant_id_routine_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "student_id"],
            ["students.tenant_id", "students.student_id"],
            name=op.f("fk_routine_performance_metrics_tenant_id_student_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "student_id",
            "routine_id",
            "performed_on",
            "metric_name",
            name=op.f("pk_routine_performance_metrics"),
        ),
    )
    op.create_index(
        op.f("ix_routine_performance_metrics_tenant_id_routine_id_performed_on"),
        "routine_performance_metrics",
        ["tenant_id", "routine_id", "performed_on"],
        unique=False,
    )
    ddl.protect("fitness_tests", "tenant", may=MAY)
    ddl.protect("fitness_results", "student", may=MAY)
    ddl.protect("fitness_zones", "tenant", may=MAY)
    ddl.protect("routines", "tenant", may=MAY)
    ddl.protect("routine_activities", "tenant", may=MAY)
    ddl.protect("routine_performance_metrics", "student", may=MAY)
    ddl.keep_versions("fitness_results", "student_id", "fitness_test_id", "tested_on")
    ddl.keep_versions("fitness_tests", "fitness_test_id", scope="tenant")
    ddl.keep_versions("fitness_zones", "fitness_test_id", "sex", "age_years", scope="tenant")
    ddl.keep_versions("routine_activities", "routine_id", "step_number", scope="tenant")
    ddl.keep_versions(
        "routine_performance_metrics", "student_id", "routine_id", "performed_on", "metric_name"
    )
    ddl.keep_versions("routines", "routine_id", scope="tenant")


def downgrade() -> None:
    ddl.drop_versions(
        "fitness_results",
        "fitness_tests",
        "fitness_zones",
        "routine_activities",
        "routine_performance_metrics",
        "routines",
    )
    op.drop_index(
        op.f("ix_routine_performance_metrics_tenant_id_routine_id_performed_on"),
        table_name="routine_performance_metrics",
    )
    op.drop_table("routine_performance_metrics")
    op.drop_index(op.f("ix_routine_activities_tenant_id_activity_id"), table_name="routine_activities")
    op.drop_table("routine_activities")
    op.drop_index(op.f("ix_routines_tenant_id_section_id"), table_name="routines")
    op.drop_table("routines")
    op.drop_table("fitness_zones")
    op.drop_index(
        op.f("ix_fitness_results_tenant_id_fitness_test_id_tested_on"), table_name="fitness_results"
    )
    op.drop_table("fitness_results")
    op.drop_table("fitness_tests")
