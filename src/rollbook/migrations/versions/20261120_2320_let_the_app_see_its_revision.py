"""Let the app see which revision the schema has, for /ready."""

from alembic import op

from rollbook.migrations import ddl

revision = "20261120_2320"
down_revision = "20261120_2311"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(f"GRANT SELECT ON alembic_version TO {ddl.APP_ROLE}")


def downgrade() -> None:
    op.execute(f"REVOKE SELECT ON alembic_version FROM {ddl.APP_ROLE}")  # noqa: S608 -- a constant
