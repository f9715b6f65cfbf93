"""What migrations give to tables: walls (row-level security and grants), history, months.

Frozen like the versions that call it: a new need gets a new function, an old one keeps its meaning.
"""

from typing import Final, Literal

from alembic import op

_TENANT: Final = "tenant_id = nullif(current_setting('rollbook.tenant', true), '')::int"
# The array is read once per statement, into a hash that each row is looked up in. "= ANY (array)" searches it
# from its start for each row: the caseload of a principal took 1.4 s instead of 0.05 s.
_STUDENT: Final = (
    "(current_setting('rollbook.scope', true) = 'tenant' OR student_id IN"
    " (SELECT unnest(nullif(current_setting('rollbook.students', true), '')::uuid[])))"
)
APP_ROLE: Final = "rollbook_app"

Scope = Literal["tenant", "student"]


def protect(table: str, scope: Scope, *, may: str = "SELECT, INSERT, UPDATE") -> None:
    """Force row-level security on ``table`` and let the app do what ``may`` lists within it."""
    rule = _TENANT if scope == "tenant" else f"{_TENANT} AND {_STUDENT}"
    force_rls(table)
    op.execute(f"CREATE POLICY {scope}_rows ON {table} USING ({rule}) WITH CHECK ({rule})")
    op.execute(f"GRANT {may} ON {table} TO {APP_ROLE}")


def force_rls(table: str) -> None:
    """Let nobody, not even the owner, see a row of ``table`` that no policy shows."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def keep_history(table: str, *key: str) -> None:
    """Copy each superseded version of ``table``'s rows to its history table; nobody else may write there."""
    history = f"{table}_history"
    protect(history, "student", may="SELECT")
    columns = ", ".join(f"'{name}'" for name in ("tenant_id", *key))
    op.execute(
        f"CREATE TRIGGER keep_updated AFTER UPDATE ON {table}"
        " REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"
        f" FOR EACH STATEMENT EXECUTE FUNCTION rollbook_keep_updated({columns})"
    )
    op.execute(
        f"CREATE TRIGGER keep_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows"
        " FOR EACH STATEMENT EXECUTE FUNCTION rollbook_keep_deleted()"
    )


FUNCTIONS: Final = """
CREATE FUNCTION rollbook_columns(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
    FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
        AND attname NOT IN ('superseded_at', 'history_id')
$$;

-- The new version was known at its known_at: until then the old one was current. A correction that
-- claims to have been known before the old version leaves the old one current for no time at all.
CREATE FUNCTION rollbook_keep_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    history regclass := format('%I', TG_TABLE_NAME || '_history')::regclass;
    columns text := rollbook_columns(history);
    same_key text;
BEGIN
    SELECT string_agg(format('o.%1$I = n.%1$I', key), ' AND ') INTO same_key FROM unnest(TG_ARGV) AS key;
    EXECUTE format(
        'INSERT INTO %1$s (%2$s, superseded_at)'
        ' SELECT %3$s, coalesce(greatest(n.known_at, o.known_at), now())'
        ' FROM old_rows o LEFT JOIN new_rows n ON %4$s WHERE o.* IS DISTINCT FROM n.*',
        history, columns, regexp_replace(columns, '(^|, )', '\\1o.', 'g'), same_key
    );
    RETURN NULL;
END
$$;

CREATE FUNCTION rollbook_keep_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    history regclass := format('%I', TG_TABLE_NAME || '_history')::regclass;
    columns text := rollbook_columns(history);
BEGIN
    EXECUTE format(
        'INSERT INTO %1$s (%2$s, superseded_at) SELECT %2$s, now() FROM old_rows', history, columns
    );
    RETURN NULL;
END
$$;

-- Make the monthly partitions of a table that cover [since, until]. Each forces row-level security and
-- has neither policy nor grant: rows are reached through the parent, whose policies apply, or not at all.
-- Attaching takes a weaker lock on the parent than CREATE ... PARTITION OF does.
CREATE FUNCTION rollbook_ensure_months(parent regclass, since date, until date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first_day date;
    partition text;
    made integer := 0;
BEGIN
    IF until > since + interval '100 years' THEN
        RAISE EXCEPTION 'refusing to make partitions for % to %: over 100 years', since, until;
    END IF;
    PERFORM 1 FROM pg_class
    WHERE oid = parent AND relkind = 'p' AND pg_get_userbyid(relowner) = current_user;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% is not one of Rollbook''s partitioned tables', parent;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('rollbook_ensure_months'), parent::oid::int);
    FOR first_day IN
        SELECT months::date
        FROM generate_series(date_trunc('month', since), date_trunc('month', until), '1 month') AS months
    LOOP
        partition := format('%s_%s', parent, to_char(first_day, 'YYYY_MM'));
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL)', partition, parent);
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', partition);
        EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', partition);
        EXECUTE format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
            parent, partition, first_day, (first_day + interval '1 month')::date
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
REVOKE EXECUTE ON FUNCTION rollbook_ensure_months(regclass, date, date) FROM public;
-- Who may execute these may hang them on a table of their own with a history table's name, and forge history.
REVOKE EXECUTE ON FUNCTION rollbook_keep_updated(), rollbook_keep_deleted() FROM public;
"""

# PostgreSQL 18 has uuidv7(); earlier servers get one of the same name and meaning.
UUIDV7: Final = """
DO $do$
BEGIN
    IF current_setting('server_version_num')::int < 180000 THEN
        CREATE FUNCTION public.uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $sql$
            SELECT encode(
                set_bit(set_bit(
                    overlay(
                        uuid_send(gen_random_uuid())
                        PLACING substring(
                            int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3
                        ) FROM 1 FOR 6
                    ), 52, 1), 53, 1), 'hex')::uuid
        $sql$;
    END IF;
END
$do$
"""
