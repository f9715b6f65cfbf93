"""Let a grant say that it is also for writing. Those that there are were given for reading, and stay that."""

from alembic import op

revision = "20261121_1402"
down_revision = "20261121_1401"
branch_labels = None
depends_on = None

# The table is as small as the number of grants ever given.
MAY_WRITE = """
ALTER TABLE user_grants ADD may_write boolean DEFAULT false NOT NULL;
COMMENT ON COLUMN user_grants.may_write IS 'what the role writes, it writes about these students too';
"""


def upgrade() -> None:
    op.execute(MAY_WRITE)


def downgrade() -> None:
    op.drop_column("user_grants", "may_write")
