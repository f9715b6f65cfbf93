"""How blocks of the audit's logs are sealed, in the database, as its owner. Frozen like ddl."""

from typing import Final

SEALS: Final = """
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
"""
