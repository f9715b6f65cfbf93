"""What migrations give to tables for the audit: triggers, and the functions that write both logs.

Frozen like ddl.
"""

from typing import Final

from alembic import op

# Three triggers, each with the primary key's columns after tenant_id as arguments.
_AUDIT: Final = """
DO $$
DECLARE
    keys text;
BEGIN
    SELECT string_agg(quote_literal(attname), ', ' ORDER BY array_position(indkey::int2[], attnum))
    INTO keys
    FROM pg_index INNER JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indrelid = '{table}'::regclass AND indisprimary;
    EXECUTE format('CREATE TRIGGER audit_inserted AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION rollbook_audit(%s)', keys);
    EXECUTE format('CREATE TRIGGER audit_updated AFTER UPDATE ON {table}'
        ' REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION rollbook_audit(%s)', keys);
    EXECUTE format('CREATE TRIGGER audit_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS old_rows'
        ' FOR EACH STATEMENT EXECUTE FUNCTION rollbook_audit(%s)', keys);
END
$$
"""


def audit(*tables: str) -> None:
    """Note every statement that writes ``tables`` in audit_writes: what it did, who and why."""
    for table in tables:
        op.execute(_AUDIT.format(table=table))


def forget_audit(*tables: str) -> None:
    """Take back ``audit``."""
    for table in tables:
        for trigger in ("audit_inserted", "audit_updated", "audit_deleted"):
            op.execute(f"DROP TRIGGER {trigger} ON {table}")


NOTES: Final = """
-- Not the columns' own: a month could not be attached then.
CREATE SEQUENCE audit_write_ids;
CREATE SEQUENCE disclosure_ids;

-- A moment's month has to be there before a row of it is; where nobody has made it ahead, it is made now.
CREATE FUNCTION rollbook_ensure_audit_month(log text, moment timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF to_regclass(log || to_char(moment, '_YYYY_MM')) IS NULL THEN
        PERFORM rollbook_ensure_months(log::regclass, moment::date, moment::date);
    END IF;
END
$$;

-- Make the months ahead, so that no writer has to.
CREATE FUNCTION rollbook_ensure_audit_months() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    RETURN rollbook_ensure_months('audit_writes', current_date, current_date + 70)
        + rollbook_ensure_months('disclosures', current_date, current_date + 70);
END
$$;

CREATE FUNCTION rollbook_is_secret(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN name ~ '(password|passphrase|secret|token|totp|otp_|_hash$|api_key|key_hash|ciphertext)';

-- What of a row may stand in the audit: of a secret, that there is one.
CREATE FUNCTION rollbook_audit_shown(fields jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(
        jsonb_object_agg(key, CASE WHEN rollbook_is_secret(key) THEN '"(secret)"'::jsonb ELSE value END), '{}'
    )
    FROM jsonb_each(fields)
);

-- The fields of a key, of a row as it is.
CREATE FUNCTION rollbook_audit_key(fields jsonb, key text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_object_agg(name, fields -> name), '{}')
    FROM unnest(key) AS name
    WHERE name <> 'tenant_id'
);

-- Old and new values of the fields that differ.
CREATE FUNCTION rollbook_audit_difference(before jsonb, after jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT jsonb_build_object(
        'old', rollbook_audit_shown(jsonb_object_agg(key, o.value) FILTER (WHERE before IS NOT NULL)),
        'new', rollbook_audit_shown(jsonb_object_agg(key, n.value) FILTER (WHERE after IS NOT NULL))
    )
    FROM jsonb_each(before) AS o FULL JOIN jsonb_each(after) AS n USING (key)
    WHERE o.value IS DISTINCT FROM n.value
);

-- Note rows of one tenant that a statement wrote.
CREATE FUNCTION rollbook_audit_note(
    of_tenant integer, of_table text, done text, written bigint, what jsonb, summed text
) RETURNS void
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
BEGIN
    PERFORM rollbook_ensure_audit_month('audit_writes', moment);
    INSERT INTO audit_writes (
        tenant_id, write_id, at, transaction_id, session_role, acting_role, who, user_id, request_id, purpose,
        table_name, command, row_count, by_import, changes, digest
    ) VALUES (
        of_tenant, nextval('audit_write_ids'), moment, pg_current_xact_id()::text::bigint, session_user,
        coalesce(nullif(current_setting('role'), 'none'), session_user),
        coalesce(current_setting('rollbook.who', true), ''),
        nullif(current_setting('rollbook.user', true), '')::uuid,
        coalesce(current_setting('rollbook.request', true), ''),
        coalesce(current_setting('rollbook.purpose', true), ''),
        of_table, done, written, nullif(current_setting('rollbook.import', true), '')::integer, what, summed
    );
END
$$;

-- Of few rows their changes, of many their number and a digest of their keys: the same for the same rows
-- in any order. Old and new row are matched by key; where the key itself changed, one is without the other.
CREATE FUNCTION rollbook_audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    most CONSTANT integer := 1000;
    is_bulk boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        is_bulk := EXISTS (SELECT FROM old_rows OFFSET most);
    ELSE
        is_bulk := EXISTS (SELECT FROM new_rows OFFSET most);
    END IF;
    IF is_bulk THEN
        EXECUTE format(
            'SELECT rollbook_audit_note(tenant_id, %L, %L, count(*), NULL,'
            ' lpad(to_hex(bit_xor(hash_record_extended((%3$s), 0))), 16, ''0'')'
            ' || lpad(to_hex(bit_xor(hash_record_extended((%3$s), 1))), 16, ''0''))'
            ' FROM %4$s GROUP BY tenant_id',
            TG_TABLE_NAME, TG_OP,
            (SELECT string_agg(quote_ident(name), ', ') || ', 0' FROM unnest(TG_ARGV) AS name),
            CASE TG_OP WHEN 'DELETE' THEN 'old_rows' ELSE 'new_rows' END
        );
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM rollbook_audit_note(tenant_id, TG_TABLE_NAME, TG_OP, count(*), jsonb_agg(change), NULL)
        FROM (
            SELECT
                n.tenant_id,
                jsonb_build_object(
                    'key', rollbook_audit_shown(rollbook_audit_key(to_jsonb(n), TG_ARGV))
                ) AS change
            FROM new_rows AS n
        ) AS rows
        GROUP BY tenant_id;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM rollbook_audit_note(tenant_id, TG_TABLE_NAME, TG_OP, count(*), jsonb_agg(change), NULL)
        FROM (
            SELECT
                o.tenant_id,
                jsonb_build_object(
                    'key', rollbook_audit_shown(rollbook_audit_key(to_jsonb(o), TG_ARGV)),
                    'old', rollbook_audit_shown(to_jsonb(o))
                ) AS change
            FROM old_rows AS o
        ) AS rows
        GROUP BY tenant_id;
    ELSE
        PERFORM rollbook_audit_note(tenant_id, TG_TABLE_NAME, TG_OP, count(*), jsonb_agg(change), NULL)
        FROM (
            SELECT
                tenant_id,
                jsonb_build_object('key', rollbook_audit_shown(key))
                || rollbook_audit_difference(o.fields, n.fields) AS change
            FROM (
                SELECT tenant_id, to_jsonb(old_rows) AS fields,
                    rollbook_audit_key(to_jsonb(old_rows), TG_ARGV) AS key
                FROM old_rows
            ) AS o
            FULL JOIN (
                SELECT tenant_id, to_jsonb(new_rows) AS fields,
                    rollbook_audit_key(to_jsonb(new_rows), TG_ARGV) AS key
                FROM new_rows
            ) AS n USING (tenant_id, key)
        ) AS rows
        GROUP BY tenant_id;
    END IF;
    RETURN NULL;
END
$$;

-- Note whose records are shown, once each; the transaction's settings say to whom.
CREATE FUNCTION rollbook_disclose(students uuid[], what text, interest text, purpose text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    tenant integer := nullif(current_setting('rollbook.tenant', true), '')::integer;
    mine bigint := pg_current_xact_id()::text::bigint;
    noted bigint;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'a disclosure is of a tenant' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM rollbook_ensure_audit_month('disclosures', moment);
    INSERT INTO disclosures (
        tenant_id, disclosure_id, at, transaction_id, student_id, who, user_id, request_id, what, interest,
        purpose
    )
    SELECT
        tenant, nextval('disclosure_ids'), moment, mine, student_id,
        coalesce(current_setting('rollbook.who', true), ''),
        nullif(current_setting('rollbook.user', true), '')::uuid,
        coalesce(current_setting('rollbook.request', true), ''), what, interest, purpose
    FROM (SELECT DISTINCT unnest(students) AS student_id) AS shown;
    GET DIAGNOSTICS noted = ROW_COUNT;
    RETURN noted;
END
$$;
"""
