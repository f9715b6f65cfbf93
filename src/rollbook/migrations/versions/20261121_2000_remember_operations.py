"""Remember what was done with the database itself: backups, drills, archives, optimisations.

It is the installation's, no tenant's, so it has a schema of its own, which holds nothing of any pupil.
"""

from alembic import op

revision = "20261121_2000"
down_revision = "20261121_1230"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA operations")
    op.execute(
        """
        CREATE TABLE operations.runs (
            run_id uuid PRIMARY KEY DEFAULT uuidv7(),
            verb text NOT NULL,
            began_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            ended_at timestamptz,
            outcome text NOT NULL DEFAULT 'running'
            CHECK (outcome IN ('running', 'done', 'findings', 'failed')),
            facts jsonb NOT NULL DEFAULT '{}',
            CHECK ((ended_at IS NULL) = (outcome = 'running'))
        )
        """
    )
    op.execute("CREATE INDEX ix_runs_verb_began_at ON operations.runs (verb, began_at DESC)")
    op.execute("COMMENT ON TABLE operations.runs IS 'One run of an operation on the database itself'")
    op.execute("GRANT USAGE ON SCHEMA operations TO rollbook_app")
    op.execute("GRANT SELECT ON operations.runs TO rollbook_app")


def downgrade() -> None:
    op.execute("DROP TABLE operations.runs")
    op.execute("DROP SCHEMA operations")
