"""Note every write: of each table that holds records or says who may see them, and of loads of attendance.

Not audited: histories (their table is), the audit itself, staging, and what is derived and counted anew.
"""

from importlib import import_module

from alembic import op

from rollbook.migrations import ddl_audit

revision = "20261121_1011"
down_revision = "20261121_1010"
branch_labels = None
depends_on = None

TABLES = (
    "tenants",
    "users",
    "user_sessions",
    "totp_secrets",
    "recovery_codes",
    "known_devices",
    "user_grants",
    "user_preferences",
    "imports",
    "source_records",
    "academic_sessions",
    "activities",
    "activity_logs",
    "analytics_events",
    "assignment_categories",
    "assignments",
    "attendance_records",
    "attendance_rules",
    "attendance_submissions",
    "course_enrollments",
    "course_grades",
    "course_outcomes",
    "course_prerequisites",
    "course_standards",
    "courses",
    "discipline_actions",
    "discipline_incidents",
    "fitness_results",
    "fitness_tests",
    "fitness_zones",
    "grade_rules",
    "grade_scale_steps",
    "grade_scales",
    "grades",
    "guardians",
    "incident_participants",
    "learning_standards",
    "lesson_plan_standards",
    "lesson_plans",
    "model_metadata",
    "pe_activity_preferences",
    "pe_lesson_plans",
    "predictions",
    "progress",
    "routine_activities",
    "routine_performance_metrics",
    "routines",
    "school_calendar_days",
    "schools",
    "section_sessions",
    "section_staff",
    "sections",
    "staff",
    "staff_assignments",
    "student_activity_performances",
    "student_features",
    "student_guardians",
    "student_programs",
    "student_school_enrollments",
    "students",
    "training_feedback",
)
# Attaching a month fires no trigger, so the function that attaches notes it. Building a month's key has
# counted its rows; a number that large that it is not exact is counted again.
DECLARED = "    partition text;\nBEGIN\n    LOCK TABLE"
COUNTING = """    partition text;
    counted bigint;
    loaded bigint := 0;
    months jsonb := '[]';
BEGIN
    LOCK TABLE"""
COUNTED = """            SELECT reltuples INTO counted FROM pg_class WHERE oid = source;
            IF counted NOT BETWEEN 0 AND 16000000 THEN
                EXECUTE format('SELECT count(*) FROM %s', source) INTO counted;
            END IF;
            loaded := loaded + counted;
            months := months || to_jsonb(to_char(month, 'YYYY-MM'));
"""
ENDED = "        RETURN NEXT;\n    END LOOP;\n"
NOTED = """    IF loaded > 0 THEN
        PERFORM rollbook_audit_note(
            current_setting('rollbook.tenant')::integer, 'attendance_records', 'LOAD', loaded,
            jsonb_build_array(jsonb_build_object('months', months)), NULL
        );
    END IF;
"""


def _attach() -> str:
    module = import_module("rollbook.migrations.versions.20261121_0960_load_months_of_attendance")
    functions: str = module.FUNCTIONS
    begin = functions.index("CREATE FUNCTION rollbook_attach_attendance_load(")
    text = functions[begin : functions.index("-- Say whether a month", begin)]
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def upgrade() -> None:
    ddl_audit.audit(*TABLES)
    noting = _attach().replace(DECLARED, COUNTING).replace(ENDED, ENDED + NOTED)
    # before the table of the load is renamed to a month's, and its rows are walled
    first = "            EXECUTE format('ALTER TABLE %I DETACH PARTITION %s', load, source);\n"
    op.execute(noting.replace(first, COUNTED + first))


def downgrade() -> None:
    op.execute(_attach())
    ddl_audit.forget_audit(*TABLES)
