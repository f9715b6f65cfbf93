"""Show our tables under the names of the systems that came before: EduPulse's two schemas."""

from pathlib import Path
from typing import Final

from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0930"
down_revision = "20261121_0920"
branch_labels = None
depends_on = None

TEXTS: Final = Path(__file__).parents[1] / "compat"
SCHEMAS: Final = ("edupulse", "edupulse_v1")
SHARED: Final = (
    "rollbook_attendance_id",
    "rollbook_pair_id",
    "rollbook_serial",
    "rollbook_school_year",
    "rollbook_year_name",
    "rollbook_zone",
    "rollbook_tenant",
    "rollbook_student",
    "rollbook_refuse_change",
    "rollbook_refuse",
    "rollbook_ensure_month",
    "rollbook_with_stated",
    "rollbook_section_for",
    "rollbook_assignment_for",
    "rollbook_session_for",
    "rollbook_foreign_model",
    "rollbook_predict",
)


def upgrade() -> None:
    for name in ("shared", "edupulse", "edupulse_risk", "edupulse_v1"):
        op.execute((TEXTS / f"0950_{name}.sql").read_text(encoding="utf-8"))
    for schema in SCHEMAS:
        op.execute(f"GRANT USAGE ON SCHEMA {schema} TO {ddl.APP_ROLE}")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {ddl.APP_ROLE}")
    op.execute(f"REVOKE INSERT, UPDATE, DELETE ON edupulse_v1.student_risk_summary FROM {ddl.APP_ROLE}")


def downgrade() -> None:
    op.execute(f"DROP SCHEMA {', '.join(SCHEMAS)} CASCADE")
    op.execute(f"DROP FUNCTION {', '.join(SHARED)}")
