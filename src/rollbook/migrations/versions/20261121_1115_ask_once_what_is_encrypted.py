"""Ask once a statement, not once a row, which columns are encrypted, when values get another key."""

from alembic import op

from rollbook.migrations import ddl_sealed

revision = "20261121_1115"
down_revision = "20261121_1110"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(ddl_sealed.AUDIT_ONCE)


def downgrade() -> None:
    op.execute(ddl_sealed.AUDIT)
