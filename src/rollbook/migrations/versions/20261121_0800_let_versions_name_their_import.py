"""Let versions say which import superseded them."""

from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0800"
down_revision = "20261120_2320"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(ddl.IMPORTS)


def downgrade() -> None:
    op.execute(ddl.NO_IMPORTS)
