"""Show the days that were attended because nothing was sent to whoever asks as the original systems did."""

from pathlib import Path
from typing import Final

from alembic import op

from rollbook.migrations import ddl

revision = "20261121_0945"
down_revision = "20261121_0940"
branch_labels = None
depends_on = None

TEXTS: Final = Path(__file__).parents[1] / "compat"
VIEWS: Final = ("edupulse.students", "edupulse.attendance_records", "edupulse_v1.attendance_records")


def upgrade() -> None:
    op.execute((TEXTS / "0945_attendance.sql").read_text(encoding="utf-8"))
    op.execute(f"GRANT SELECT ON attendance_unmarked_days TO {ddl.APP_ROLE}")


def downgrade() -> None:
    """Replace the views by those of before: they are all that EduPulse's schemas have so far."""
    for view in VIEWS:
        op.execute(f"CREATE OR REPLACE {_former(view)}")
    for schema in ("edupulse", "edupulse_v1"):
        op.execute(f"CREATE OR REPLACE {_former(f'{schema}.write_attendance_record')}")
    op.execute("DROP VIEW attendance_unmarked_days")


def _former(name: str) -> str:
    """Return the definition of 20261121_0930, from its kind on."""
    schema = name.partition(".")[0]
    text = (TEXTS / f"0950_{schema}.sql").read_text(encoding="utf-8")
    kind = "FUNCTION" if "write_" in name else "VIEW"
    _, _, rest = text.partition(f"CREATE {kind} {name}")
    return (
        f"{kind} {name}"
        + rest.partition("$$;\n" if kind == "FUNCTION" else ";\n")[0]
        + "$$" * (kind == "FUNCTION")
    )
