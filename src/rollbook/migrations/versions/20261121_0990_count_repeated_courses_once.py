"""Let a tenant say what of a repeated course counts, and a course how often it brings credit."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0990"
down_revision = "20261121_0972"
branch_labels = None
depends_on = None

COMPLETIONS = "how often it brings credit; none = once"


def upgrade() -> None:
    for table in ("courses", "courses_history"):
        op.add_column(
            table,
            sa.Column("max_completions_for_credit", sa.SmallInteger(), nullable=True, comment=COMPLETIONS),
        )
    ddl.add_constraint(
        "courses",
        "ck_courses_max_completions_for_credit_range",
        "CHECK (max_completions_for_credit BETWEEN 1 AND 99)",
    )
    op.create_table(
        "grade_rules",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column(
            "repeat_policy",
            sa.Enum(
                "best",
                "latest",
                "all",
                name="repeatpolicy",
                native_enum=False,
                create_constraint=False,
                length=None,
            ),
            server_default=sa.text("'best'"),
            nullable=False,
            comment="which tries at a course count in GPA and credits",
        ),
        sa.CheckConstraint(
            "repeat_policy IN ('best', 'latest', 'all')", name=op.f("ck_grade_rules_repeatpolicy")
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_grade_rules_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_grade_rules")),
    )
    ddl.protect("grade_rules", "tenant")


def downgrade() -> None:
    op.drop_table("grade_rules")
    op.drop_constraint(op.f("ck_courses_max_completions_for_credit_range"), "courses", type_="check")
    for table in ("courses_history", "courses"):
        op.drop_column(table, "max_completions_for_credit")
