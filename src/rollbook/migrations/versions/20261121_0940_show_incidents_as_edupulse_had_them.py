"""Show incidents as EduPulse's two schemas had them."""

from pathlib import Path
from typing import Final

from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0940"
down_revision = "20261121_0930"
branch_labels = None
depends_on = None

TEXT: Final = Path(__file__).parents[1] / "compat/0940_incidents.sql"
SCHEMAS: Final = ("edupulse", "edupulse_v1")


def upgrade() -> None:
    op.execute(TEXT.read_text(encoding="utf-8"))
    for schema in SCHEMAS:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.discipline_incidents TO {ddl.APP_ROLE}")


def downgrade() -> None:
    for schema in SCHEMAS:
        op.execute(f"DROP VIEW {schema}.discipline_incidents")
        op.execute(f"DROP FUNCTION {schema}.write_discipline_incident")
    op.execute(
        "DROP FUNCTION rollbook_participant_id, rollbook_record_incident, rollbook_change_incident,"
        " rollbook_drop_participant"
    )
