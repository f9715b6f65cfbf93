"""Say on the grade scale what a weighted GPA adds for the courses that ask more."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0950"
down_revision = "20261121_0947"
branch_labels = None
depends_on = None

BONUSES = {"honors_bonus": "0.5", "advanced_placement_bonus": "1", "dual_credit_bonus": "1"}
COMMENT = "added to the points of such a course in a weighted GPA"


def upgrade() -> None:
    for name, value in BONUSES.items():
        op.add_column(
            "grade_scales",
            sa.Column(
                name,
                sa.Numeric(precision=3, scale=2),
                server_default=sa.text(value),
                nullable=False,
                comment=COMMENT,
            ),
        )
        ddl.complete_history("grade_scales", name, "numeric(3, 2)", value)
        op.execute(f"COMMENT ON COLUMN grade_scales_history.{name} IS '{COMMENT}'")
        ddl.add_constraint("grade_scales", f"ck_grade_scales_{name}_range", f"CHECK ({name} BETWEEN 0 AND 5)")


def downgrade() -> None:
    for name in reversed(BONUSES):
        op.drop_column("grade_scales_history", name)
        op.drop_column("grade_scales", name)
