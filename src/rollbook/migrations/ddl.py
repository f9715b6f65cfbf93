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
# An enumeration's column is a varchar with a check; of a version only the text is kept.
_TEXTS: Final = """
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT attname FROM pg_attribute
        WHERE attrelid = '{history}'::regclass AND atttypid = 'varchar'::regtype
    LOOP
        EXECUTE format('ALTER TABLE {history} ALTER %I TYPE text', name);
    END LOOP;
END
$$
"""
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
    keep_by_triggers(table, *key)


# Who sees a row of a table that has no student_id, when not everybody in the tenant: those who see the whole
# tenant, or also those who see one of the students whom another table ties to it.
WHOLE: Final = f"{_TENANT} AND current_setting('rollbook.scope', true) = 'tenant'"


def seen_through(table: str, key: str) -> str:
    """Return the rule: a row is seen with those of ``table``, itself walled, that have the same key."""
    seen = f"{key} IN (SELECT {key} FROM {table})"  # noqa: S608 -- names of ours
    return f"{_TENANT} AND (current_setting('rollbook.scope', true) = 'tenant' OR {seen})"


def protect_by(table: str, rule: str, *, check: str = _TENANT, may: str = "SELECT, INSERT, UPDATE") -> None:
    """Force row-level security on ``table``: rows are seen by ``rule`` and written by ``check``."""
    force_rls(table)
    op.execute(f"CREATE POLICY walled_rows ON {table} USING ({rule}) WITH CHECK ({check})")
    op.execute(f"GRANT {may} ON {table} TO {APP_ROLE}")


def keep_versions(table: str, *key: str, scope: Scope = "student", rule: str | None = None) -> None:
    """Make a history of ``table``, seen by ``rule`` or as ``scope`` says, and triggers that fill it."""
    history = f"{table}_history"
    op.execute(
        f"CREATE TABLE {history} (LIKE {table} INCLUDING COMMENTS, superseded_at timestamptz NOT NULL,"
        " superseded_by_import integer, history_id bigint GENERATED ALWAYS AS IDENTITY,"
        f" CONSTRAINT pk_{history} PRIMARY KEY (tenant_id, history_id))"
    )
    op.execute(_TEXTS.format(history=history))
    columns = ", ".join(("tenant_id", *key, "superseded_at"))
    op.execute(f"CREATE INDEX ix_{history}_key ON {history} ({columns})")
    if rule:
        protect_by(history, rule, may="SELECT")
    else:
        protect(history, scope, may="SELECT")
    keep_by_triggers(table, *key)


def drop_versions(*tables: str) -> None:
    """Forget the histories of ``tables``."""
    for table in tables:
        for trigger in ("keep_updated", "keep_deleted"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")
        op.drop_table(f"{table}_history")


def add_constraint(table: str, name: str, rule: str) -> None:
    """Add a check or key to a table small enough to be looked through while its writers wait."""
    accepted = "-- squawk-ignore constraint-missing-not-valid, adding-foreign-key-constraint"
    op.execute(f"{accepted}\nALTER TABLE {table} ADD CONSTRAINT {name} {rule}")


def add_index(table: str, name: str, *columns: str) -> None:
    """Index a table small enough to be read through while its writers wait."""
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"
        f"CREATE INDEX {name} ON {table} ({', '.join(columns)})"
    )


def complete_history(table: str, column: str, kind: str, value: str) -> None:
    """Add a column without a default; the versions kept so far get ``value``."""
    op.execute(f"ALTER TABLE {table}_history ADD {column} {kind} NOT NULL DEFAULT {value}")
    op.execute(f"-- squawk-ignore ban-drop-default\nALTER TABLE {table}_history ALTER {column} DROP DEFAULT")


def allow_delete(*tables: str) -> None:
    """Let the app delete rows of ``tables``: an import that is undone takes back what it brought."""
    op.execute(f"GRANT DELETE ON {', '.join(tables)} TO {APP_ROLE}")


def forbid_delete(*tables: str) -> None:
    """Take back ``allow_delete``."""
    op.execute(f"REVOKE DELETE ON {', '.join(tables)} FROM {APP_ROLE}")


def date_by_creation(*tables: str) -> None:
    """Say of the rows of ``tables``, which have a new known_at, that they were known when they were made."""
    for table in tables:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"UPDATE {table} SET known_at = created_at")  # noqa: S608 -- names of ours
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def keep_by_triggers(table: str, *key: str) -> None:
    """Let the triggers of ``rollbook_keep_updated`` and ``rollbook_keep_deleted`` fill the history."""
    columns = ", ".join(f"'{name}'" for name in ("tenant_id", *key))
    for event, tables, call in (
        ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows", f"rollbook_keep_updated({columns})"),
        ("DELETE", "OLD TABLE AS old_rows", "rollbook_keep_deleted()"),
    ):
        name = "keep_updated" if event == "UPDATE" else "keep_deleted"
        op.execute(
            f"CREATE TRIGGER {name} AFTER {event} ON {table} REFERENCING {tables}"
            f" FOR EACH STATEMENT EXECUTE FUNCTION {call}"
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

# From 20261121_0800 on, a version also says which import superseded it: the one that the transaction's
# setting `rollbook.import` names. Months begin in UTC, whatever the caller's time zone.
IMPORTS: Final = """
CREATE OR REPLACE FUNCTION rollbook_columns(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
    FROM pg_attribute
    WHERE attrelid = relation AND attnum > 0 AND NOT attisdropped
        AND attname NOT IN ('superseded_at', 'superseded_by_import', 'history_id')
$$;

CREATE OR REPLACE FUNCTION rollbook_keep_updated() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    history regclass := format('%I', TG_TABLE_NAME || '_history')::regclass;
    columns text := rollbook_columns(history);
    same_key text;
BEGIN
    SELECT string_agg(format('o.%1$I = n.%1$I', key), ' AND ') INTO same_key FROM unnest(TG_ARGV) AS key;
    EXECUTE format(
        'INSERT INTO %1$s (%2$s, superseded_at, superseded_by_import)'
        ' SELECT %3$s, coalesce(greatest(n.known_at, o.known_at), now()), %5$L::int'
        ' FROM old_rows o LEFT JOIN new_rows n ON %4$s WHERE o.* IS DISTINCT FROM n.*',
        history, columns, regexp_replace(columns, '(^|, )', '\\1o.', 'g'), same_key,
        nullif(current_setting('rollbook.import', true), '')
    );
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION rollbook_keep_deleted() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    history regclass := format('%I', TG_TABLE_NAME || '_history')::regclass;
    columns text := rollbook_columns(history);
BEGIN
    EXECUTE format(
        'INSERT INTO %1$s (%2$s, superseded_at, superseded_by_import)'
        ' SELECT %2$s, now(), %3$L::int FROM old_rows',
        history, columns, nullif(current_setting('rollbook.import', true), '')
    );
    RETURN NULL;
END
$$;

ALTER FUNCTION rollbook_ensure_months(regclass, date, date) SET timezone = 'UTC';
"""
_KEEPERS: Final = FUNCTIONS[: FUNCTIONS.index("-- Make the monthly")]
NO_IMPORTS: Final = (
    _KEEPERS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    + "ALTER FUNCTION rollbook_ensure_months(regclass, date, date) RESET timezone;"
)

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
