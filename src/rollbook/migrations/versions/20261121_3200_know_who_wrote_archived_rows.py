"""Know of an archived month which import wrote in it last, so that no import is undone past its rows.

Of what was archived before this, nobody has looked: its rows count as written until the hour of the file.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261121_3200"
down_revision = "20261121_2800"
branch_labels = None
depends_on = None

# The owner too is behind the walls: it sees all tenants' rows only while it may.
UNLOOKED_AT = """
DO $$
BEGIN
    ALTER TABLE archives NO FORCE ROW LEVEL SECURITY;
    ALTER TABLE archives DISABLE TRIGGER USER;
    UPDATE archives SET last_hand_at = written_at;
    ALTER TABLE archives ENABLE TRIGGER USER;
    ALTER TABLE archives FORCE ROW LEVEL SECURITY;
END
$$
"""


def upgrade() -> None:
    op.add_column(
        "archives",
        sa.Column("last_import_id", sa.Integer(), nullable=True, comment="newest import that wrote its rows"),
    )
    op.add_column(
        "archives",
        sa.Column(
            "last_hand_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the last of its rows that no import wrote was written",
        ),
    )
    op.execute(UNLOOKED_AT)


def downgrade() -> None:
    op.drop_column("archives", "last_hand_at")
    op.drop_column("archives", "last_import_id")
