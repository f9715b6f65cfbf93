-- Receipts, the quarantine, and turns: what every import does, whatever its format.

-- name: lock_tenant
-- One import per tenant at a time, until the end of the transaction; the tenant need not exist yet.
-- params   slug text
SELECT pg_advisory_xact_lock(hashtext('rollbook.import'), hashtext(:slug));

-- name: try_lock_tenant
-- The same without waiting.
-- params   slug text
-- returns  locked bool
SELECT pg_try_advisory_xact_lock(hashtext('rollbook.import'), hashtext(:slug)) AS locked;

-- name: lock_receipt
-- Show, until the end of the transaction, that the process of this import lives.
-- params   import_id int
SELECT pg_advisory_xact_lock(hashtext('rollbook.import_id'), :import_id);

-- name: living_imports
-- Imports that a process is working on: those whose lock is held.
-- returns  import_id int
SELECT objid::int AS import_id
FROM pg_locks
WHERE
    locktype = 'advisory'
    AND objsubid = 2
    AND granted
    AND classid::bigint = (hashtext('rollbook.import_id')::bigint & 4294967295)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database());

-- name: plan_for_sets
-- Tables filled in this transaction have no statistics, and policies hide how many rows they let through; only
-- hash joins, which use every column of the key, are safe from a wrong guess. To tell large from small, a small
-- sample of what is staged is enough.
SELECT
    set_config('enable_nestloop', 'off', TRUE),
    set_config('enable_mergejoin', 'off', TRUE),
    set_config('work_mem', '64MB', TRUE),
    set_config('jit', 'off', TRUE),
    set_config('default_statistics_target', '20', TRUE);

-- name: use_time_zone
-- From here on a day begins at midnight in this zone, for every cast of a date to an instant.
-- params   time_zone text
SELECT set_config('timezone', :time_zone, TRUE);

-- name: ensure_months
-- Make the partitions of a table that cover these days.
-- params   relation text; since, until date (inclusive)
SELECT rollbook_ensure_months(cast(:relation AS regclass), :since, :until);

-- name: analyze_table
-- Tell the planner about new rows.
-- params   relation text
SELECT rollbook_analyze(cast(:relation AS regclass));

-- name: make_rejected
-- Where each fault of a rejected line waits, with the whole line, until the import ends.
CREATE TEMP TABLE IF NOT EXISTS intake_rejected (
    file text NOT NULL,
    line bigint NOT NULL,
    column_name text,
    reason text NOT NULL,
    is_code boolean NOT NULL DEFAULT FALSE,
    fields jsonb NOT NULL
) ON COMMIT DROP;

-- name: make_faults
-- The same with its root cause.
CREATE TEMP TABLE IF NOT EXISTS intake_faults (
    file text NOT NULL,
    line bigint NOT NULL,
    column_name text,
    value_class text NOT NULL,
    reason text NOT NULL,
    cause text NOT NULL,
    fields jsonb NOT NULL
) ON COMMIT DROP;

-- name: find_causes
-- Say of each fault what it has in common with others. A wrong value is named only where it is a code, short,
-- there at least five times, and one of few: what a shift of columns brings (names, numbers) is none of that.
WITH faults AS (
    SELECT
        *,
        fields ->> column_name AS value
    FROM intake_rejected
),

uses AS (
    SELECT
        file,
        column_name,
        reason,
        value,
        count(*) AS times,
        count(*) OVER (PARTITION BY file, column_name) AS kinds
    FROM faults
    WHERE is_code
    GROUP BY file, column_name, reason, value
),

codes AS (
    SELECT * FROM uses
    WHERE times >= 5 AND kinds <= 20 AND value ~ '^[A-Za-z0-9_.:/+-]{1,20}$'
)

INSERT INTO intake_faults (file, line, column_name, value_class, reason, cause, fields)
SELECT
    faults.file,
    faults.line,
    faults.column_name,
    CASE
        WHEN faults.column_name IS NULL OR faults.column_name LIKE '%, %' THEN 'row'
        WHEN coalesce(faults.value, '') = '' THEN 'empty'
        WHEN faults.value ~ '^[0-9]+$' THEN 'digits'
        WHEN faults.value ~ '^[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([ T].*)?$' THEN 'date-like'
        WHEN faults.value ~ '^[+-]?[0-9]*[.,]?[0-9]+$' THEN 'number'
        WHEN faults.value ~ '[0-9_]' THEN 'mixed'
        WHEN faults.value ~ '^\w+$' THEN 'letters'
        WHEN faults.value ~ '^[\w\s]+$' THEN 'words'
        ELSE 'mixed'
    END AS value_class,
    faults.reason,
    concat_ws(
        ' ',
        faults.column_name,
        '''' || codes.value || '''',
        regexp_replace(faults.reason, 'line [0-9]+', 'an earlier line')
    ) AS cause,
    faults.fields
FROM faults
LEFT JOIN codes
    ON
        faults.is_code
        AND faults.file = codes.file
        AND faults.column_name = codes.column_name
        AND faults.reason = codes.reason
        AND faults.value = codes.value;

-- name: group_faults
-- The root causes of this import's rejects, the most frequent first.
-- returns  file, column_name, cause text, row_count bigint, first_line bigint
SELECT
    file,
    column_name,
    cause,
    count(DISTINCT line) AS row_count,
    min(line) AS first_line
FROM intake_faults
GROUP BY file, column_name, cause
ORDER BY row_count DESC, file ASC, first_line ASC
LIMIT 1000;

-- name: keep_faults
-- Put the rejects of this import into the quarantine.
-- params   tenant_id int, import_id int
INSERT INTO intake_rejects (
    tenant_id, import_id, file, line, column_name, value_class, reason, cause, fields
)
SELECT
    :tenant_id,
    :import_id,
    file,
    line,
    column_name,
    value_class,
    reason,
    cause,
    fields
FROM intake_faults
ORDER BY file, line;

-- name: group_rejects
-- The root causes of the rejects of an earlier import, the most frequent first.
-- params   import_id int
-- returns  file, column_name, cause text, row_count bigint, first_line bigint
SELECT
    file,
    column_name,
    cause,
    count(DISTINCT line) AS row_count,
    min(line) AS first_line
FROM intake_rejects
WHERE import_id = :import_id
GROUP BY file, column_name, cause
ORDER BY row_count DESC, file ASC, first_line ASC
LIMIT 1000;

-- name: latest_with_rejects
-- The latest import of which lines wait in the quarantine.
-- returns  import_id int
SELECT max(import_id) AS import_id FROM intake_rejects;

-- name: forget_old_rejects
-- What nobody fixed in time goes.
-- params   days int
DELETE FROM intake_rejects
USING imports
WHERE
    imports.tenant_id = intake_rejects.tenant_id
    AND imports.import_id = intake_rejects.import_id
    AND imports.started_at < now() - make_interval(days => :days);

-- name: make_retried
-- Which rejected lines of an earlier import are brought in anew.
CREATE TEMP TABLE IF NOT EXISTS intake_retried (
    import_id int NOT NULL,
    file text NOT NULL,
    line bigint NOT NULL
) ON COMMIT DROP;

-- name: forget_retried
-- Rejects that were brought in anew are done with; those that are wrong again wait as the retry's own.
DELETE FROM intake_rejects
USING intake_retried AS retried
WHERE
    intake_rejects.import_id = retried.import_id
    AND intake_rejects.file = retried.file
    AND intake_rejects.line = retried.line;

-- name: retried_imports
-- The imports whose rejects are brought in anew: one, if the fix-up files are of one.
-- returns  import_id int
SELECT DISTINCT import_id FROM intake_retried;

-- name: importable_tables
-- Every table whose rows name the import that wrote them, and whose versions are kept.
-- returns  name text, key text[], columns text[] (key and import_id too), refers_to text[] (without itself)
SELECT
    tables.relname::text AS name,
    (
        SELECT array_agg(pg_attribute.attname::text ORDER BY keys.nr)
        FROM unnest(primary_key.conkey) WITH ORDINALITY AS keys (attnum, nr)
        INNER JOIN pg_attribute ON keys.attnum = pg_attribute.attnum
        WHERE pg_attribute.attrelid = tables.oid
    ) AS key,
    (
        SELECT array_agg(pg_attribute.attname::text ORDER BY pg_attribute.attnum)
        FROM pg_attribute
        WHERE
            pg_attribute.attrelid = tables.oid
            AND pg_attribute.attnum > 0
            AND NOT pg_attribute.attisdropped
            AND pg_attribute.attgenerated = ''
    ) AS columns,
    array(
        SELECT DISTINCT referenced.relname::text AS name
        FROM pg_constraint
        INNER JOIN pg_class AS referenced ON pg_constraint.confrelid = referenced.oid
        WHERE
            pg_constraint.conrelid = tables.oid
            AND pg_constraint.contype = 'f'
            AND NOT referenced.relispartition
            AND referenced.oid <> tables.oid
        ORDER BY name
    ) AS refers_to
FROM pg_class AS tables
INNER JOIN pg_constraint AS primary_key
    ON tables.oid = primary_key.conrelid AND primary_key.contype = 'p'
INNER JOIN pg_attribute AS stamp
    ON tables.oid = stamp.attrelid AND stamp.attname = 'import_id' AND NOT stamp.attisdropped
WHERE
    tables.relnamespace = 'public'::regnamespace
    AND NOT tables.relispartition
    AND to_regclass(quote_ident(tables.relname || '_history')) IS NOT NULL
ORDER BY tables.relname;

-- name: undone_imports
-- Imports that were undone: what they superseded is what it was.
-- returns  import_id int
SELECT import_id FROM imports
WHERE state = 'undone';

-- name: files_with_rejects
-- The files of an import of which lines wait in the quarantine.
-- params   import_id int
-- returns  file text, row_count bigint
SELECT
    file,
    count(DISTINCT line) AS row_count
FROM intake_rejects
WHERE import_id = :import_id
GROUP BY file
ORDER BY file;

-- name: rejected_lines
-- The rejected lines of a file, whole, each with all that is wrong with it.
-- params   import_id int, file text
-- returns  line bigint, columns text, reasons text, fields jsonb
SELECT
    line,
    string_agg(DISTINCT column_name, '; ') AS columns,
    string_agg(concat_ws(' ', column_name, reason), '; ' ORDER BY reject_id) AS reasons,
    (array_agg(fields))[1] AS fields
FROM intake_rejects
WHERE import_id = :import_id AND file = :file
GROUP BY line
ORDER BY line;

-- name: archived_since
-- Months that are archived and have rows that were written since an import began, or are on their way there.
-- params   import_id int, started_at timestamptz
-- returns  month text
SELECT format('%s %s', table_name, to_char(month, 'YYYY-MM')) AS month
FROM (
    SELECT
        table_name,
        month
    FROM archives
    WHERE last_import_id >= :import_id OR last_hand_at >= :started_at
    UNION
    SELECT
        table_name,
        month
    FROM operations.detached_months
) AS months
ORDER BY month;
