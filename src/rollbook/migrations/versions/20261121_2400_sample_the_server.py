"""Keep samples of the server over time: at what pace its disk fills.

It is the installation's, no tenant's, so it stands beside `operations.runs`.
"""

from alembic import op

revision = "20261121_2400"
down_revision = "20261121_2700"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE operations.samples (
            measure text NOT NULL,
            sampled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            value double precision NOT NULL,
            PRIMARY KEY (measure, sampled_at)
        )
        """
    )
    op.execute("COMMENT ON TABLE operations.samples IS 'One value of one measure of the server, at one time'")
    op.execute("GRANT SELECT ON operations.samples TO rollbook_app")


def downgrade() -> None:
    op.execute("DROP TABLE operations.samples")
