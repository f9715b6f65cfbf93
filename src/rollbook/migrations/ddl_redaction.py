"""How an erasure takes values out of the audit's logs while seals still prove the rest. Frozen like ddl."""

from typing import Final

# A change that was redacted is nothing but the SHA-256 of what it was, and the erasure's number. The leaf of
# a row takes each change by its SHA-256, so that it is the same before and after: who, when, which table and
# every other change stay proven, and what was taken out cannot be replaced by anything else.
REDACTIONS: Final = """
CREATE FUNCTION rollbook_is_redaction(said jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(
    jsonb_typeof(said) = 'object' AND said - 'redacted' - 'erasure' = '{}'
    AND said ->> 'redacted' ~ '^[0-9a-f]{64}$' AND jsonb_typeof(said -> 'erasure') = 'number',
    false
);

CREATE FUNCTION rollbook_leaf_changes(changes jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT encode(
        sha256(coalesce(string_agg(
            CASE
                WHEN rollbook_is_redaction(said) THEN decode(said ->> 'redacted', 'hex')
                ELSE sha256(convert_to(said::text, 'UTF8'))
            END, ''::bytea ORDER BY place
        ), ''::bytea)), 'hex'
    )
    FROM jsonb_array_elements(changes) WITH ORDINALITY AS change (said, place)
    WHERE changes IS NOT NULL
);

CREATE FUNCTION rollbook_leaf_purpose(purpose text, redaction jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN purpose IS NULL AND rollbook_is_redaction(redaction) THEN redaction ->> 'redacted'
    WHEN redaction IS NOT NULL THEN encode(sha256(convert_to(redaction::text, 'UTF8')), 'hex')
    WHEN purpose IS NOT NULL THEN encode(sha256(convert_to(purpose, 'UTF8')), 'hex')
END;

CREATE OR REPLACE VIEW audit_leaves WITH (security_invoker = true) AS
SELECT
    tenant_id, 'writes' AS log, write_id AS row_id,
    sha256(convert_to(jsonb_build_array(
        tenant_id, extract(epoch FROM at), transaction_id, session_role, acting_role, who, user_id,
        request_id, purpose, table_name, command, row_count, by_import, changes, digest
    )::text, 'UTF8')) AS leaf,
    sha256(convert_to(jsonb_build_array(
        tenant_id, extract(epoch FROM at), transaction_id, session_role, acting_role, who, user_id,
        request_id, purpose, table_name, command, row_count, by_import, changes IS NULL,
        rollbook_leaf_changes(changes), digest
    )::text, 'UTF8')) AS leaf_2
FROM audit_writes
UNION ALL
SELECT
    tenant_id, 'disclosures' AS log, disclosure_id AS row_id,
    sha256(convert_to(jsonb_build_array(
        tenant_id, extract(epoch FROM at), transaction_id, student_id, who, user_id, request_id, what,
        interest, purpose
    )::text, 'UTF8')) AS leaf,
    sha256(convert_to(jsonb_build_array(
        tenant_id, extract(epoch FROM at), transaction_id, student_id, who, user_id, request_id, what,
        interest, rollbook_leaf_purpose(purpose, redaction)
    )::text, 'UTF8')) AS leaf_2
FROM disclosures;

CREATE OR REPLACE FUNCTION rollbook_seal_hash(seal audit_seals) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(convert_to((
    jsonb_build_array(
        (seal).tenant_id, (seal).seal_no, (seal).log, (seal).after_id, (seal).last_id, (seal).row_count,
        encode((seal).root, 'hex'), (seal).row_ids, (seal).marks, encode((seal).previous_hash, 'hex'),
        extract(epoch FROM (seal).sealed_at)
    )
    || CASE WHEN (seal).leaf_version = 1 THEN '[]'::jsonb ELSE jsonb_build_array((seal).leaf_version) END
)::text, 'UTF8'));

-- As before, with leaves of version 2.
CREATE OR REPLACE FUNCTION rollbook_seal_log(of_log text, of_tenant integer, until bigint) RETURNS integer
LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    newest audit_seals;
    block audit_seals;
    sealed bigint;
    made integer := 0;
BEGIN
    SELECT coalesce(max(last_id), -9223372036854775808) INTO sealed
    FROM audit_seals WHERE tenant_id = of_tenant AND log = of_log;
    SELECT * INTO newest FROM audit_seals WHERE tenant_id = of_tenant ORDER BY seal_no DESC LIMIT 1;
    LOOP
        SELECT count(*), max(row_id),
            sha256(string_agg(int8send(row_id) || leaf_2, ''::bytea ORDER BY row_id)),
            array_agg(row_id ORDER BY row_id),
            array_agg(('x' || encode(substr(leaf_2, 1, 8), 'hex'))::bit(64)::bigint ORDER BY row_id)
        INTO block.row_count, block.last_id, block.root, block.row_ids, block.marks
        FROM (
            SELECT row_id, leaf_2 FROM audit_leaves
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
        block.leaf_version := 2;
        block.hash := rollbook_seal_hash(block);
        INSERT INTO audit_seals SELECT block.*;
        newest := block;
        sealed := block.last_id;
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
"""
