"""Show our tables as Flourish, Faraday and the physics assistant named theirs, as far as they have a room."""

from pathlib import Path
from typing import Final

from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0947"
down_revision = "20261121_0945"
branch_labels = None
depends_on = None

TEXTS: Final = Path(__file__).parents[1] / "compat"
SCHEMAS: Final = ("flourish", "faraday", "physics")
WRITTEN: Final = ("flourish.teachers", "flourish.students")
# Their columns are columns of one table of ours: PostgreSQL itself passes an insert on to it.
ADDED_TO: Final = (
    "schools",
    "students",
    "student_school_enrollments",
    "courses",
    "lesson_plans",
    "progress",
    "activities",
    "student_activity_performances",
    "pe_activity_preferences",
    "routines",
    "routine_performance_metrics",
)
SHOWN: Final = (
    "faraday.course_enrollments",
    "faraday.pe_lesson_plans",
    "faraday.analytics_events",
    "faraday.activity_logs",
    "physics.users",
    "physics.user_sessions",
)
SHARED: Final = ("rollbook_first_name", "rollbook_last_name", "rollbook_place_in_homeroom")
FORMER: Final = "The schema shows this table. Write to ours, which keeps the version before."


def upgrade() -> None:
    for name in ("flourish", "faraday"):
        op.execute((TEXTS / f"0947_{name}.sql").read_text(encoding="utf-8"))
    for table in ADDED_TO:
        view = f"faraday.{table}"
        op.execute(f"ALTER VIEW {view} ALTER COLUMN tenant_id SET DEFAULT rollbook_tenant()")
        _refuse(view, "UPDATE OR DELETE")
    for view in SHOWN:
        _refuse(view, "INSERT OR UPDATE OR DELETE")
    for schema in SCHEMAS:
        op.execute(f"GRANT USAGE ON SCHEMA {schema} TO {ddl.APP_ROLE}")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {ddl.APP_ROLE}")


def _refuse(view: str, events: str) -> None:
    op.execute(
        f"CREATE TRIGGER refuse INSTEAD OF {events} ON {view}"
        f" FOR EACH ROW EXECUTE FUNCTION rollbook_refuse('{view}', '{FORMER}')"
    )


def downgrade() -> None:
    op.execute(f"DROP SCHEMA {', '.join(SCHEMAS)} CASCADE")
    op.execute(f"DROP FUNCTION {', '.join(SHARED)}")
