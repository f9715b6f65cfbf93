"""Let policies read the scope once a statement; let a query ask for the students in sight by an index."""

from alembic import op

from rollbook.migrations import ddl_scope

revision = "20261121_1700"
down_revision = "20261121_1400"
branch_labels = None
depends_on = None

STUDENTS_IN_SIGHT = """
CREATE FUNCTION rollbook_students_in_sight() RETURNS uuid[]
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT nullif(current_setting('rollbook.students', true), '')::uuid[]
$$;
REVOKE EXECUTE ON FUNCTION rollbook_students_in_sight() FROM public;
GRANT EXECUTE ON FUNCTION rollbook_students_in_sight() TO rollbook_app;
"""


def upgrade() -> None:
    op.execute(STUDENTS_IN_SIGHT)
    ddl_scope.read_scope_once()


def downgrade() -> None:
    ddl_scope.read_scope_per_row()
    op.execute("-- squawk-ignore ban-drop-function\nDROP FUNCTION rollbook_students_in_sight()")
