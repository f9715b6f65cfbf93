"""Know which months of which tables were archived, so that no row is there twice.

`archives` is what the files hold, by tenant. A month that is being taken out, and files that are to be
removed, are the installation's own business, and name no tenant.
"""

from importlib import import_module

import sqlalchemy as sa
from alembic import op

from rollbook.migrations import ddl, ddl_audit

revision = "20261121_2600"
down_revision = "20261121_2400"
branch_labels = None
depends_on = None

# Tables by month that may be archived, and the column that says the month. Not the audit's logs: seals chain
# whole logs.
MONTHLY = {"attendance_records": "date", "analytics_events": "event_on", "activity_logs": "logged_at"}
GUARD = """
-- Refuse new rows of a month that is archived: they would be there twice once it is restored.
CREATE FUNCTION rollbook_refuse_archived() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    archived date;
BEGIN
    IF NOT EXISTS (SELECT FROM archives WHERE table_name = TG_TABLE_NAME) THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'SELECT min(a.month) FROM archives AS a WHERE a.table_name = %L AND EXISTS ('
        ' SELECT FROM new_rows AS n WHERE n.tenant_id = a.tenant_id'
        ' AND n.%2$I >= a.month AND n.%2$I < (a.month + interval ''1 month''))',
        TG_TABLE_NAME, TG_ARGV[0]
    ) INTO archived;
    IF archived IS NOT NULL THEN
        RAISE EXCEPTION '% of % is archived', TG_TABLE_NAME, to_char(archived, 'YYYY-MM')
            USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = format(
                'First: rollbook archive restore %s %s', TG_TABLE_NAME, to_char(archived, 'YYYY-MM')
            );
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION rollbook_refuse_archived() FROM public;
"""
# A load attaches months without a trigger; a month that is archived stays in the load, and is refused then.
THERE = """    IF to_regclass('public.' || partition) IS NULL THEN
        RETURN true;
"""
UNLESS_ARCHIVED = """    IF EXISTS (
        SELECT FROM public.archives
        WHERE table_name = 'attendance_records' AND month = to_date(right(partition, 7), 'YYYY_MM')
    ) THEN
        RETURN false;
    END IF;
"""


# Going back forgets what lies in the archive: not while anything does.
REFUSE_LOSS = """
DO $$
BEGIN
    ALTER TABLE archives NO FORCE ROW LEVEL SECURITY;
    IF EXISTS (SELECT FROM archives) OR EXISTS (SELECT FROM operations.detached_months) THEN
        RAISE EXCEPTION 'months are archived: first run rollbook archive restore for each';
    END IF;
END
$$
"""


def upgrade() -> None:
    op.create_table(
        "archives",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False, comment="its first day"),
        sa.Column("file", sa.Text(), nullable=False, comment="its place in the archive"),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False, comment="SHA-256 over the rows in order"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the file"),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False, comment="of the key ring"),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("month = date_trunc('month', month)", name=op.f("ck_archives_month_first_day")),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_archives_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "table_name", "month", name=op.f("pk_archives")),
    )
    ddl.protect("archives", "tenant", may="SELECT")
    ddl_audit.audit("archives")
    op.execute(
        "CREATE TABLE operations.detached_months (table_name text, month date, relation text NOT NULL,"
        " began_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (table_name, month))"
    )
    op.execute(
        "CREATE TABLE operations.archive_trash"
        " (file text PRIMARY KEY, since timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    op.execute("GRANT SELECT ON operations.detached_months, operations.archive_trash TO rollbook_app")
    op.execute(GUARD)
    for table, column in MONTHLY.items():
        op.execute(
            f"CREATE TRIGGER refuse_archived AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows"
            f" FOR EACH STATEMENT EXECUTE FUNCTION rollbook_refuse_archived('{column}')"
        )
    op.execute(_make_way().replace(THERE, UNLESS_ARCHIVED + THERE))


def downgrade() -> None:
    op.execute(REFUSE_LOSS)
    op.execute(_make_way())
    for table in MONTHLY:
        op.execute(f"DROP TRIGGER refuse_archived ON {table}")
    op.execute("DROP FUNCTION rollbook_refuse_archived()")
    op.execute("DROP TABLE operations.archive_trash")
    op.execute("DROP TABLE operations.detached_months")
    op.drop_table("archives")


def _make_way() -> str:
    module = import_module("rollbook.migrations.versions.20261121_0960_load_months_of_attendance")
    functions: str = module.FUNCTIONS
    begin = functions.index("CREATE FUNCTION rollbook_make_way_for_load(")
    text = functions[begin : functions.index("-- Forget what is left", begin)]
    return text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
