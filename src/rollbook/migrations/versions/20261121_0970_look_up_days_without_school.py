"""Look up the few days without school, not all school days, for each mark.

Joining marks with the calendar by school, and then by date, compared each mark with every day of a year: a
list over 10,000 students did not end within minutes.
"""

from importlib import import_module

from alembic import op

revision = "20261121_0970"
down_revision = "20261121_0960"
branch_labels = None
depends_on = None

JOINED = """LEFT JOIN known_days
    ON
        enrolled.tenant_id = known_days.tenant_id
        AND enrolled.school_id = known_days.school_id
        AND marked.date = known_days.date
LEFT JOIN known_submissions"""
ASKED = """    known_days.is_instructional IS DISTINCT FROM false
    AND ("""
NOT_CLOSED = """    NOT EXISTS (
        SELECT
        FROM known_days
        WHERE
            NOT known_days.is_instructional
            AND known_days.tenant_id = enrolled.tenant_id
            AND known_days.school_id = enrolled.school_id
            AND known_days.date = marked.date
    )
    AND ("""


def _first() -> str:
    module = import_module("rollbook.migrations.versions.20261121_0920_say_which_days_were_attended")
    days: str = module.DAYS
    return days.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def upgrade() -> None:
    op.execute(_first().replace(JOINED, "LEFT JOIN known_submissions").replace(ASKED, NOT_CLOSED))


def downgrade() -> None:
    op.execute(_first())
