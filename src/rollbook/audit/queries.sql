-- Queries of audit. Writing goes through functions of the owner; the migration that makes them says why.

-- name: disclose
-- Note that these students' records are shown to the one whom the transaction acts for.
-- params   students uuid[], what text, interest text, purpose text
-- returns  one row: disclosed bigint
SELECT rollbook_disclose(cast(:students AS uuid[]), :what, :interest, :purpose) AS disclosed;

-- name: disclose_everybody
-- Note that the records of all students of the transaction's tenant are shown.
-- params   what text, interest text, purpose text
-- returns  one row: disclosed bigint
SELECT rollbook_disclose(array(SELECT student_id FROM students), :what, :interest, :purpose) AS disclosed;

-- name: make_months
-- Make the months of both logs that come next.
-- returns  one row: made int
SELECT rollbook_ensure_audit_months() AS made;

-- name: seal
-- Seal what both logs hold up to now, waiting for other transactions to end.
-- params   patience_s int
-- returns  one row: made int
SELECT rollbook_audit_seal(make_interval(secs => :patience_s)) AS made;

-- name: newest_seals
-- The newest seal of each log.
-- params   tenant_id int
-- returns  log text, seal_no int, last_id bigint, sealed_at timestamptz, hash bytea
SELECT DISTINCT ON (log)
    log,
    seal_no,
    last_id,
    sealed_at,
    hash
FROM audit_seals
WHERE tenant_id = :tenant_id
ORDER BY log ASC, seal_no DESC;

-- name: count_sealed
-- How many rows the seals close.
-- params   tenant_id int, since timestamptz
-- returns  one row: seals bigint, rows bigint
SELECT
    count(*) AS seals,
    coalesce(sum(row_count), 0) AS rows
FROM audit_seals
WHERE tenant_id = :tenant_id AND (cast(:since AS timestamptz) IS NULL OR sealed_at >= :since);

-- name: count_unsealed
-- How many rows no seal closes yet, of each log.
-- params   tenant_id int
-- returns  log text, rows bigint
SELECT
    'writes' AS log,
    count(*) AS rows
FROM audit_writes
WHERE
    tenant_id = :tenant_id
    AND write_id > coalesce(
        (SELECT max(last_id) FROM audit_seals WHERE tenant_id = :tenant_id AND log = 'writes'), 0
    )
UNION ALL
SELECT
    'disclosures' AS log,
    count(*) AS rows
FROM disclosures
WHERE
    tenant_id = :tenant_id
    AND disclosure_id > coalesce(
        (SELECT max(last_id) FROM audit_seals WHERE tenant_id = :tenant_id AND log = 'disclosures'), 0
    );

-- name: oldest_unsealed
-- When the oldest row was written that no seal closes yet.
-- params   tenant_id int
-- returns  one row: at timestamptz or null
SELECT
    least(
        (
            SELECT min(at)
            FROM audit_writes
            WHERE
                tenant_id = :tenant_id
                AND write_id > coalesce(
                    (SELECT max(last_id) FROM audit_seals WHERE tenant_id = :tenant_id AND log = 'writes'), 0
                )
        ),
        (
            SELECT min(at)
            FROM disclosures
            WHERE
                tenant_id = :tenant_id
                AND disclosure_id > coalesce(
                    (
                        SELECT max(last_id) FROM audit_seals
                        WHERE tenant_id = :tenant_id AND log = 'disclosures'
                    ),
                    0
                )
        )
    ) AS at;

-- name: has_seal
-- Is this the hash of one of the seals?
-- params   tenant_id int, hash bytea
-- returns  one row: has_seal bool
SELECT exists(SELECT 1 FROM audit_seals WHERE tenant_id = :tenant_id AND hash = :hash) AS has_seal;

-- name: broken_seals
-- Seals that are not what they were, or that do not follow the one before: one is missing there.
-- params   tenant_id int, since timestamptz
-- returns  seal_no int, is_edited bool, is_cut_off bool
WITH chained AS (
    SELECT
        seals.seal_no,
        seals.sealed_at,
        seals.after_id,
        seals.previous_hash,
        seals.hash,
        rollbook_seal_hash(seals) AS hash_now,
        coalesce(lag(seals.seal_no) OVER (ORDER BY seals.seal_no), 0) + 1 AS next_no,
        coalesce(lag(seals.hash) OVER (ORDER BY seals.seal_no), '') AS hash_before,
        coalesce(
            lag(seals.last_id) OVER (PARTITION BY seals.log ORDER BY seals.seal_no), -9223372036854775808
        ) AS id_before
    FROM audit_seals AS seals
    WHERE seals.tenant_id = :tenant_id
),

judged AS (
    SELECT
        seal_no,
        sealed_at,
        hash_now <> hash AS is_edited,
        (seal_no <> next_no OR previous_hash <> hash_before OR after_id <> id_before) AS is_cut_off
    FROM chained
)

SELECT
    seal_no,
    is_edited,
    is_cut_off
FROM judged
WHERE (is_edited OR is_cut_off) AND (cast(:since AS timestamptz) IS NULL OR sealed_at >= :since)
ORDER BY seal_no;

-- name: broken_blocks
-- Blocks whose rows are not what was sealed.
-- params   tenant_id int, log text, since timestamptz
-- returns  seal_no int
SELECT seals.seal_no
FROM audit_seals AS seals
CROSS JOIN
    LATERAL (
        SELECT
            sha256(
                string_agg(
                    int8send(leaves.row_id)
                    || CASE WHEN seals.leaf_version = 1 THEN leaves.leaf ELSE leaves.leaf_2 END,
                    '' ORDER BY leaves.row_id
                )
            ) AS root
        FROM audit_leaves AS leaves
        WHERE
            leaves.tenant_id = :tenant_id
            AND leaves.log = :log
            AND leaves.row_id > seals.after_id
            AND leaves.row_id <= seals.last_id
    ) AS now
WHERE
    seals.tenant_id = :tenant_id
    AND seals.log = :log
    AND (cast(:since AS timestamptz) IS NULL OR seals.sealed_at >= :since)
    AND now.root IS DISTINCT FROM seals.root
ORDER BY seals.seal_no;

-- name: tampered_rows
-- What is wrong in these blocks, row by row: the ids and marks that were sealed against those that are there. A
-- row that is there under another id was moved; rows missing after the last that is left were cut off.
-- params   tenant_id int, log text, seal_nos int[]
-- returns  row_id bigint, kind text (edited, deleted, inserted, reordered, cut; redacted = an erasure took values out
--          of a row whose seal is older than erasures, so that the rest of the row is not proven any more)
WITH sealed AS (
    SELECT
        seals.seal_no,
        seals.leaf_version,
        marked.row_id,
        marked.mark
    FROM audit_seals AS seals
    CROSS JOIN unnest(seals.row_ids, seals.marks) AS marked (row_id, mark)
    WHERE
        seals.tenant_id = :tenant_id
        AND seals.log = :log
        AND seals.seal_no = ANY(cast(:seal_nos AS int[]))
),

there AS (
    SELECT
        leaves.row_id,
        cast(
            cast(
                'x'
                || encode(
                    substr(
                        CASE WHEN seals.leaf_version = 1 THEN leaves.leaf ELSE leaves.leaf_2 END, 1, 8
                    ),
                    'hex'
                ) AS bit(64)
            ) AS bigint
        ) AS mark
    FROM audit_seals AS seals
    INNER JOIN audit_leaves AS leaves
        ON
            seals.tenant_id = leaves.tenant_id
            AND seals.after_id < leaves.row_id
            AND seals.last_id >= leaves.row_id
    WHERE
        seals.tenant_id = :tenant_id
        AND seals.log = :log
        AND leaves.log = :log
        AND seals.seal_no = ANY(cast(:seal_nos AS int[]))
),

last_left AS (
    SELECT coalesce(max(row_id), 0) AS row_id
    FROM audit_leaves
    WHERE tenant_id = :tenant_id AND log = :log
),

differing AS (
    SELECT
        coalesce(sealed.row_id, there.row_id) AS row_id,
        sealed.mark AS was,
        there.mark AS now,
        sealed.leaf_version = 1 AS is_old
    FROM sealed
    FULL JOIN there ON sealed.row_id = there.row_id
    WHERE sealed.mark IS DISTINCT FROM there.mark
)

SELECT
    differing.row_id,
    CASE
        WHEN
            differing.now IN (SELECT others.was FROM differing AS others)
            OR differing.was IN (SELECT others.now FROM differing AS others)
            THEN 'reordered'
        WHEN differing.was IS NULL THEN 'inserted'
        WHEN differing.now IS NULL AND differing.row_id > last_left.row_id THEN 'cut'
        WHEN differing.now IS NULL THEN 'deleted'
        WHEN
            differing.is_old AND EXISTS (
                SELECT 1 FROM audit_redactions AS redacted
                WHERE
                    redacted.tenant_id = :tenant_id
                    AND redacted.log = :log
                    AND redacted.row_id = differing.row_id
            )
            THEN 'redacted'
        ELSE 'edited'
    END AS kind
FROM differing
CROSS JOIN last_left
ORDER BY differing.row_id;

-- name: unlawful_redactions
-- Entries whose values were taken out, and no erasure says so with the same digest; and erasures that the log of
-- writes does not know, or not with so many redactions.
-- params   tenant_id int
-- returns  log text, row_id bigint
WITH redacted AS (
    SELECT
        'writes' AS log,
        written.write_id AS row_id,
        change.place,
        change.said
    FROM audit_writes AS written
    CROSS JOIN
        LATERAL (
            SELECT
                each.place,
                each.said
            FROM jsonb_array_elements(written.changes) WITH ORDINALITY AS each (said, place)
            WHERE rollbook_is_redaction(each.said)
        ) AS change
    WHERE written.tenant_id = :tenant_id AND jsonb_path_exists(written.changes, '$[*].redacted')
    UNION ALL
    SELECT
        'disclosures' AS log,
        disclosure_id AS row_id,
        1 AS place,
        redaction AS said
    FROM disclosures
    WHERE tenant_id = :tenant_id AND redaction IS NOT NULL
),

noted AS (
    SELECT
        erasures.erasure_id,
        erasures.redactions,
        (
            SELECT max(written.transaction_id)
            FROM audit_writes AS written
            WHERE
                written.tenant_id = :tenant_id
                AND written.table_name = 'erasures'
                AND written.command = 'INSERT'
                AND written.changes @> jsonb_build_array(
                    jsonb_build_object('key', jsonb_build_object('erasure_id', erasures.erasure_id))
                )
        ) AS transaction_id
    FROM erasures
    WHERE erasures.tenant_id = :tenant_id
),

lawful AS (
    SELECT noted.erasure_id
    FROM noted
    WHERE
        noted.redactions = (
            SELECT coalesce(sum(written.row_count), 0)
            FROM audit_writes AS written
            WHERE
                written.tenant_id = :tenant_id
                AND written.transaction_id = noted.transaction_id
                AND written.table_name = 'audit_redactions'
                AND written.command = 'INSERT'
        )
        AND noted.redactions = (
            SELECT count(*)
            FROM audit_redactions AS listed
            WHERE listed.tenant_id = :tenant_id AND listed.erasure_id = noted.erasure_id
        )
)

SELECT DISTINCT
    redacted.log,
    redacted.row_id
FROM redacted
LEFT JOIN audit_redactions AS listed
    ON
        listed.tenant_id = :tenant_id
        AND redacted.log = listed.log
        AND redacted.row_id = listed.row_id
        AND redacted.place = listed.place
        AND redacted.said ->> 'redacted' = listed.digest
        AND redacted.said ->> 'erasure' = cast(listed.erasure_id AS text)
LEFT JOIN lawful ON listed.erasure_id = lawful.erasure_id
WHERE lawful.erasure_id IS NULL
ORDER BY redacted.log, redacted.row_id;

-- name: count_redactions
-- How many values erasures took out of the logs.
-- params   tenant_id int
-- returns  one row: redacted bigint
SELECT count(*) AS redacted
FROM audit_redactions
WHERE tenant_id = :tenant_id;
