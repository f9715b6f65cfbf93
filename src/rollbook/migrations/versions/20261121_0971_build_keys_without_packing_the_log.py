"""Do not pack the pages of new indexes into the log: that was two fifths of what building a load's keys cost.

The owner may switch it where whoever made the server let it (GRANT SET ON PARAMETER); else it stays as it is.
"""

from importlib import import_module

from alembic import op

revision = "20261121_0971"
down_revision = "20261121_0970"
branch_labels = None
depends_on = None

DECLARED = "    keyed integer := 0;\nBEGIN\n"
SWITCHED = """    keyed integer := 0;
    packing text := current_setting('wal_compression');
    may_switch boolean := has_parameter_privilege('wal_compression', 'SET');
BEGIN
    IF may_switch THEN
        PERFORM set_config('wal_compression', 'off', true);
    END IF;
"""
DONE = "    RETURN keyed;\n"
SWITCHED_BACK = """    IF may_switch THEN
        PERFORM set_config('wal_compression', packing, true);
    END IF;
    RETURN keyed;
"""


def _first() -> str:
    module = import_module("rollbook.migrations.versions.20261121_0960_load_months_of_attendance")
    functions: str = module.FUNCTIONS
    begin = functions.index("CREATE FUNCTION rollbook_key_attendance_load()")
    text = functions[begin : functions.index("-- Give the load's months", begin)]
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")


def upgrade() -> None:
    op.execute(_first().replace(DECLARED, SWITCHED).replace(DONE, SWITCHED_BACK))


def downgrade() -> None:
    op.execute(_first())
