"""Let the app see which revision the schema has, for /ready."""

from alembic import op

revision = "20261120_2320"
down_revision = "20261120_2310"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("GRANT SELECT ON alembic_version TO rollbook_app")


def downgrade() -> None:
    op.execute("REVOKE SELECT ON alembic_version FROM rollbook_app")
