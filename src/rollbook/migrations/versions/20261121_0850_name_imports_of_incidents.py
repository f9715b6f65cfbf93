"""Say which import wrote an incident."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0850"
down_revision = "20261121_0841"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "discipline_incidents",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "discipline_incidents_history",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "discipline_incidents_history", sa.Column("superseded_by_import", sa.Integer(), nullable=True)
    )
    ddl.allow_delete("discipline_incidents")


def downgrade() -> None:
    ddl.forbid_delete("discipline_incidents")
    op.drop_column("discipline_incidents_history", "superseded_by_import")
    op.drop_column("discipline_incidents_history", "import_id")
    op.drop_column("discipline_incidents", "import_id")
