"""Let the app ANALYZE the tables that it loads: it owns none, and MAINTAIN exists only from PostgreSQL 17."""

from alembic import op

from rollbook.migrations import ddl

revision = "20261120_2310"
down_revision = "20261120_2308"
branch_labels = None
depends_on = None

ANALYZE = """
CREATE FUNCTION rollbook_analyze(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM 1 FROM pg_class
    WHERE oid = relation AND relkind IN ('r', 'p') AND pg_get_userbyid(relowner) = current_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not one of Rollbook''s tables', relation;
    END IF;
    EXECUTE format('ANALYZE %s', relation);
END
$$;
REVOKE EXECUTE ON FUNCTION rollbook_analyze(regclass) FROM public;
"""


def upgrade() -> None:
    op.execute(ANALYZE)
    op.execute(f"GRANT EXECUTE ON FUNCTION rollbook_analyze TO {ddl.APP_ROLE}")


def downgrade() -> None:
    op.execute("DROP FUNCTION rollbook_analyze")
