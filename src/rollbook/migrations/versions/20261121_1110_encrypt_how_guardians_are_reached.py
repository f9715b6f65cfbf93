"""Encrypt guardians' e-mail addresses and telephone numbers; views in SQL name guardians and no more."""

from pathlib import Path
from typing import Final

from alembic import op

from rollbook.migrations import ddl_sealed

revision = "20261121_1110"
down_revision = "20261121_1500"
branch_labels = None
depends_on = None

TABLES: Final = ("guardians", "guardians_history")
COLUMNS: Final = ("email", "phone")
_VIEWS: Final = Path(__file__).parents[1] / "compat/0945_attendance.sql"
_VIEW: Final = "CREATE OR REPLACE VIEW edupulse.students"
_REACHED: Final = "concat_ws(' ', parent.first_name, parent.last_name), parent.phone, parent.email"
_NAMED: Final = "concat_ws(' ', parent.first_name, parent.last_name)"


def upgrade() -> None:
    op.execute(_students().replace(_REACHED, _NAMED))
    ddl_sealed.allow_plain()
    for table in TABLES:
        ddl_sealed.seal(table, *COLUMNS)
    ddl_sealed.forbid_plain()


def downgrade() -> None:
    for table in TABLES:
        ddl_sealed.unseal(table, *COLUMNS)
    op.execute(_students())


def _students() -> str:
    """Return the view of EduPulse's students as 20261121_0945 made it."""
    _, _, rest = _VIEWS.read_text(encoding="utf-8").partition(_VIEW)
    return _VIEW + rest.partition(";\n")[0]
