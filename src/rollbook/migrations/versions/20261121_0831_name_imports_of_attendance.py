"""Say which import wrote a mark."""

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0831"
down_revision = "20261121_0830"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "attendance_records",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "attendance_records_history",
        sa.Column("import_id", sa.Integer(), nullable=True, comment="the import that wrote this version"),
    )
    op.add_column(
        "attendance_records_history", sa.Column("superseded_by_import", sa.Integer(), nullable=True)
    )
    ddl.allow_delete("attendance_records")


def downgrade() -> None:
    ddl.forbid_delete("attendance_records")
    op.drop_column("attendance_records_history", "superseded_by_import")
    op.drop_column("attendance_records_history", "import_id")
    op.drop_column("attendance_records", "import_id")
