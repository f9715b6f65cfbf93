"""Say which import wrote an event."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0862"
down_revision = "20261121_0861"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "analytics_events",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "analytics_events_history",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column("analytics_events_history", sa.Column("superseded_by_import", sa.Integer(), nullable=True))
    ddl.allow_delete("analytics_events")


def downgrade() -> None:
    ddl.forbid_delete("analytics_events")
    op.drop_column("analytics_events_history", "superseded_by_import")
    op.drop_column("analytics_events_history", "import_id")
    op.drop_column("analytics_events", "import_id")
