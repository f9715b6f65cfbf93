"""Note which transactions changed what is added up, so that a sum kept elsewhere is known to be still right.

A transaction adds one row for each topic that it changes, whatever it writes: rows are only added, so no
writer waits for another. Who sees the same rows here sees the same data, and a sum that was kept with their
fingerprint is right for just those. The marks are drawn by chance, not counted: a database that was put back
to an earlier hour does not give one out again. A topic is a digest of a tenant's number and a word: nothing
here names a tenant, or tells of anybody.
"""

from alembic import op

revision = "20261121_2800"
down_revision = "20261121_2600"
branch_labels = None
depends_on = None

# Whatever changes a day of attendance notes its week, in the same transaction, a load of months too.
TOPICS = {
    "attendance_stale_weeks": "attendance",
    "attendance_rules": "attendance",
    "schools": "schools",
}

NOTES = """
CREATE FUNCTION rollbook_change_topic(tenant integer, topic text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN hashtextextended(topic, tenant::bigint);

-- Of a writer who names no tenant, the change is everybody's: tenant 0.
CREATE FUNCTION rollbook_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO operations.changes (topic)
    VALUES (rollbook_change_topic(
        coalesce(nullif(current_setting('rollbook.tenant', true), '')::int, 0), TG_ARGV[0]
    ))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
"""


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE operations.changes (
            topic bigint NOT NULL,
            transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
            mark bigint NOT NULL DEFAULT hashtextextended(gen_random_uuid()::text, 0),
            at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (topic, transaction_id)
        )
        """
    )
    op.execute("COMMENT ON TABLE operations.changes IS 'One topic that a transaction changed'")
    op.execute("GRANT SELECT ON operations.changes TO rollbook_app")
    op.execute(NOTES)
    op.execute("REVOKE EXECUTE ON FUNCTION rollbook_note_change() FROM public")
    op.execute("REVOKE EXECUTE ON FUNCTION rollbook_change_topic(integer, text) FROM public")
    op.execute("GRANT EXECUTE ON FUNCTION rollbook_change_topic(integer, text) TO rollbook_app")
    for table, topic in TOPICS.items():
        op.execute(
            f"CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION rollbook_note_change('{topic}')"
        )


def downgrade() -> None:
    for table in TOPICS:
        op.execute(f"DROP TRIGGER note_change ON {table}")
    op.execute("DROP FUNCTION rollbook_note_change(), rollbook_change_topic(integer, text)")
    op.execute("DROP TABLE operations.changes")
