"""Create the audit: what was written, what was shown to whom, and seals over both.

The app adds to the logs only through triggers and through functions that run as the owner: it cannot write a
row by hand, nor change or take one away. The owner can, and that is what the seals are for.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from rollbook.migrations import ddl

revision = "20261121_1010"
down_revision = "20261121_1002"
branch_labels = None
depends_on = None

# The owner writes for whatever tenant a row is of; it sees no more than the transaction's.
OWNER_WRITES = "CREATE POLICY owner_writes ON {table} FOR INSERT TO CURRENT_USER WITH CHECK (true)"
LOGS = """
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

-- What of a row is sealed: all of it but its id, which the seal has beside it. Times as numbers, since a text
-- of them would depend on the reader's settings.
CREATE VIEW audit_leaves WITH (security_invoker = true) AS
SELECT
    tenant_id, 'writes' AS log, write_id AS row_id,
    sha256(convert_to(jsonb_build_array(
        tenant_id, extract(epoch FROM at), transaction_id, session_role, acting_role, who, user_id,
        request_id, purpose, table_name, command, row_count, by_import, changes, digest
    )::text, 'UTF8')) AS leaf
FROM audit_writes
UNION ALL
SELECT
    tenant_id, 'disclosures' AS log, disclosure_id AS row_id,
    sha256(convert_to(jsonb_build_array(
        tenant_id, extract(epoch FROM at), transaction_id, student_id, who, user_id, request_id, what,
        interest, purpose
    )::text, 'UTF8')) AS leaf
FROM disclosures;

CREATE FUNCTION rollbook_seal_hash(seal audit_seals) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(convert_to(jsonb_build_array(
    (seal).tenant_id, (seal).seal_no, (seal).log, (seal).after_id, (seal).last_id, (seal).row_count,
    encode((seal).root, 'hex'), (seal).row_ids, (seal).marks, encode((seal).previous_hash, 'hex'),
    extract(epoch FROM (seal).sealed_at)
)::text, 'UTF8'));

-- Seal what both logs of the tenant hold, up to now. A row gets its id after its transaction got its number,
-- and both before we get ours: when all lower transactions have ended, no id below can appear any more.
CREATE FUNCTION rollbook_audit_seal(patience interval) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    tenant integer := nullif(current_setting('rollbook.tenant', true), '')::integer;
    ends bigint[];
    mine xid8;
    made integer := 0;
BEGIN
    IF tenant IS NULL OR current_setting('rollbook.scope', true) IS DISTINCT FROM 'tenant' THEN
        RAISE EXCEPTION 'sealing needs a transaction that sees a whole tenant'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF pg_current_xact_id_if_assigned() IS NOT NULL
        OR current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'sealing needs a transaction of its own' USING ERRCODE = 'active_sql_transaction';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('rollbook_audit_seal'), tenant);
    SELECT ARRAY[
        coalesce(pg_sequence_last_value('audit_write_ids'::regclass), 0),
        coalesce(pg_sequence_last_value('disclosure_ids'::regclass), 0)
    ] INTO ends;
    mine := pg_current_xact_id();
    WHILE pg_snapshot_xmin(pg_current_snapshot()) < mine LOOP
        IF clock_timestamp() > transaction_timestamp() + patience THEN
            RAISE EXCEPTION 'another transaction is under way' USING ERRCODE = 'lock_not_available';
        END IF;
        PERFORM pg_sleep(0.05);
    END LOOP;
    made := made + rollbook_seal_log('writes', tenant, ends[1]);
    made := made + rollbook_seal_log('disclosures', tenant, ends[2]);
    RETURN made;
END
$$;

-- Close what a log holds up to an id in blocks of 50,000 ids.
CREATE FUNCTION rollbook_seal_log(of_log text, of_tenant integer, until bigint) RETURNS integer
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    newest audit_seals;
    block audit_seals;
    sealed bigint;
    made integer := 0;
BEGIN
    -- the first block begins below any id, so that nothing can be slipped in before it
    SELECT coalesce(max(last_id), -9223372036854775808) INTO sealed
    FROM audit_seals WHERE tenant_id = of_tenant AND log = of_log;
    SELECT * INTO newest FROM audit_seals WHERE tenant_id = of_tenant ORDER BY seal_no DESC LIMIT 1;
    LOOP
        SELECT count(*), max(row_id), sha256(string_agg(int8send(row_id) || leaf, ''::bytea ORDER BY row_id)),
            array_agg(row_id ORDER BY row_id),
            array_agg(('x' || encode(substr(leaf, 1, 8), 'hex'))::bit(64)::bigint ORDER BY row_id)
        INTO block.row_count, block.last_id, block.root, block.row_ids, block.marks
        FROM (
            SELECT row_id, leaf FROM audit_leaves
            WHERE tenant_id = of_tenant AND log = of_log AND row_id > sealed AND row_id <= until
            ORDER BY row_id
            LIMIT 50000
        ) AS leaves;
        EXIT WHEN block.row_count = 0;
        block.tenant_id := of_tenant;
        block.seal_no := coalesce(newest.seal_no, 0) + 1;
        block.log := of_log;
        block.after_id := sealed;
        block.previous_hash := coalesce(newest.hash, ''::bytea);
        block.sealed_at := clock_timestamp();
        block.hash := rollbook_seal_hash(block);
        INSERT INTO audit_seals SELECT block.*;
        newest := block;
        sealed := block.last_id;
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

REVOKE EXECUTE ON FUNCTION
    rollbook_ensure_audit_month(text, timestamptz), rollbook_ensure_audit_months(), rollbook_audit(),
    rollbook_audit_note(integer, text, text, bigint, jsonb, text),
    rollbook_disclose(uuid[], text, text, text), rollbook_audit_seal(interval),
    rollbook_seal_log(text, integer, bigint)
FROM public;
"""


def upgrade() -> None:
    op.create_table(
        "audit_writes",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("write_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "session_role", sa.Text(), nullable=False, comment="the database's role that was connected"
        ),
        sa.Column(
            "acting_role", sa.Text(), nullable=False, comment="the role that it had taken on, if another"
        ),
        sa.Column("who", sa.Text(), nullable=False, comment="the account on the machine, of a command"),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="who was signed in"),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False, comment="the command, or the route"),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column(
            "command", sa.Text(), nullable=False, comment="INSERT, UPDATE, DELETE, or LOAD of whole months"
        ),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("by_import", sa.Integer(), nullable=True, comment="the import that wrote"),
        sa.Column("changes", postgresql.JSONB(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True, comment="of the rows' keys, in any order"),
        sa.PrimaryKeyConstraint("tenant_id", "write_id", "at", name=op.f("pk_audit_writes")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "disclosures",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("disclosure_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("student_id", sa.Uuid(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False, comment="the account on the machine, of a command"),
        sa.Column("user_id", sa.Uuid(), nullable=True, comment="who was signed in"),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="the page, endpoint or file"),
        sa.Column("interest", sa.Text(), nullable=False, comment="by which rule they may see the student"),
        sa.Column("purpose", sa.Text(), nullable=True, comment="what they said they need it for"),
        sa.PrimaryKeyConstraint("tenant_id", "disclosure_id", "at", name=op.f("pk_disclosures")),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index(
        op.f("ix_disclosures_tenant_id_student_id_at"), "disclosures", ["tenant_id", "student_id", "at"]
    )
    op.create_table(
        "audit_seals",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("seal_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("log", sa.Text(), nullable=False, comment="writes or disclosures"),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False, comment="SHA-256 over ids and rows in order"),
        sa.Column(
            "row_ids",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="to tell which row was tampered with",
        ),
        sa.Column(
            "marks",
            postgresql.ARRAY(sa.BigInteger()),
            nullable=False,
            comment="8 bytes of each row's SHA-256",
        ),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False, comment="SHA-256 over all of the above"),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.tenant_id"], name=op.f("fk_audit_seals_tenant_id")),
        sa.PrimaryKeyConstraint("tenant_id", "seal_no", name=op.f("pk_audit_seals")),
    )
    ddl.protect_by("audit_writes", ddl.WHOLE, check=ddl.WHOLE, may="SELECT")
    ddl.protect_by("audit_seals", ddl.WHOLE, check=ddl.WHOLE, may="SELECT")
    # who looked at a student is told to those who see the whole tenant
    seen = f"{ddl.WHOLE} AND {ddl.STUDENT}"
    ddl.protect_by("disclosures", seen, check=seen, may="SELECT")
    for table in ("audit_writes", "disclosures"):
        op.execute(OWNER_WRITES.format(table=table))
    op.execute(LOGS)
    op.execute(f"GRANT SELECT ON audit_leaves TO {ddl.APP_ROLE}")
    op.execute(
        "GRANT EXECUTE ON FUNCTION rollbook_disclose(uuid[], text, text, text),"
        f" rollbook_audit_seal(interval), rollbook_ensure_audit_months() TO {ddl.APP_ROLE}"
    )
    op.execute("SELECT rollbook_ensure_audit_months()")


def downgrade() -> None:
    op.execute("DROP VIEW audit_leaves")
    op.execute("DROP FUNCTION rollbook_seal_log(text, integer, bigint), rollbook_audit_seal(interval)")
    op.execute("DROP FUNCTION rollbook_seal_hash(audit_seals)")
    op.execute(
        "DROP FUNCTION rollbook_disclose(uuid[], text, text, text), rollbook_audit(),"
        " rollbook_audit_note(integer, text, text, bigint, jsonb, text),"
        " rollbook_audit_difference(jsonb, jsonb), rollbook_audit_key(jsonb, text[]),"
        " rollbook_audit_shown(jsonb), rollbook_is_secret(text), rollbook_ensure_audit_months(),"
        " rollbook_ensure_audit_month(text, timestamptz)"
    )
    for table in ("audit_seals", "disclosures", "audit_writes"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE audit_write_ids, disclosure_ids")
