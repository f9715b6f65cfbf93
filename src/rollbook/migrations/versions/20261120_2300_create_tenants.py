"""Create tenants."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261120_2300"
down_revision = None
branch_labels = None
depends_on = None

TENANT_ROWS = """
CREATE POLICY tenant_rows ON tenants
USING (tenant_id = nullif(current_setting('rollbook.tenant', true), '')::int)
"""
NAMED_TENANT = """
CREATE POLICY named_tenant ON tenants
USING (slug = current_setting('rollbook.tenant_slug', true))
"""
DROP_FUNCTIONS = """
DROP FUNCTION rollbook_ensure_months;
DROP FUNCTION rollbook_keep_updated;
DROP FUNCTION rollbook_keep_deleted;
DROP FUNCTION rollbook_columns;
DROP FUNCTION IF EXISTS public.uuidv7;
"""


def upgrade() -> None:
    op.execute(ddl.UUIDV7)
    op.execute(ddl.FUNCTIONS)
    op.execute(f"GRANT EXECUTE ON FUNCTION rollbook_ensure_months TO {ddl.APP_ROLE}")
    op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False, comment="what commands call it"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "time_zone", sa.Text(), server_default="UTC", nullable=False, comment="IANA zone; ends its days"
        ),
        sa.Column(
            "is_synthetic", sa.Boolean(), server_default="false", nullable=False, comment="every page says so"
        ),
        sa.Column(
            "risk_target",
            sa.Text(),
            server_default="student",
            nullable=False,
            comment="what a prediction is about: a student in a course, or the student",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("risk_target IN ('course', 'student')", name=op.f("ck_tenants_risk_target_known")),
        sa.CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name=op.f("ck_tenants_slug_form")),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_tenants")),
        sa.UniqueConstraint("slug", name=op.f("uq_tenants_slug")),
    )
    ddl.force_rls("tenants")
    # A tenant is found by the name that the caller already knows; only the owner may list them.
    op.execute(TENANT_ROWS)
    op.execute(NAMED_TENANT)
    op.execute("CREATE POLICY all_rows ON tenants FOR SELECT TO CURRENT_USER USING (true)")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON tenants TO {ddl.APP_ROLE}")


def downgrade() -> None:
    op.drop_table("tenants")
    op.execute(DROP_FUNCTIONS)
