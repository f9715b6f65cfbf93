"""Let a tenant say how long it keeps the rows of a table, where not as long as by default."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl, ddl_audit, ddl_scope

revision = "20261121_1230"
down_revision = "20261121_1210"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("keep_years", sa.Integer(), nullable=False),
        sa.Column("keep_days", sa.Integer(), nullable=False, comment="beside the years"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False, comment="the account on the machine"),
        sa.Column("known_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "keep_years BETWEEN 0 AND 200 AND keep_days BETWEEN 0 AND 36500 AND keep_years + keep_days > 0",
            name="ck_retention_rules_keep_some_time",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_retention_rules_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "table_name", name=op.f("pk_retention_rules")),
    )
    ddl.protect_by("retention_rules", ddl.WHOLE, check=ddl.WHOLE)
    ddl.keep_versions("retention_rules", "table_name", rule=ddl.WHOLE)
    # as the table itself: versions are written by who sees the whole tenant
    op.execute(f"ALTER POLICY walled_rows ON retention_rules_history WITH CHECK ({ddl.WHOLE})")
    ddl_audit.audit("retention_rules")
    ddl_scope.read_scope_once()


def downgrade() -> None:
    ddl.drop_versions("retention_rules")
    op.drop_table("retention_rules")
