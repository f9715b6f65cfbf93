-- The months that tables are divided into, by their real bounds. Read and changed as the owner's role.

-- name: partitions
-- Every partition of our tables by month; first day null: its bounds are no month. Asked in UTC.
-- params   table_name text or null (all)
-- returns  table_name text, relation text, first_day date, bytes bigint, is_detaching bool
SELECT
    parent.relname AS table_name,
    child.relname AS relation,
    CASE
        WHEN
            bounds.ends = bounds.begins + interval '1 month'
            AND bounds.begins = date_trunc('month', bounds.begins)
            THEN cast(bounds.begins AS date)
    END AS first_day,
    pg_total_relation_size(child.oid) AS bytes,
    links.inhdetachpending AS is_detaching
FROM pg_class AS parent
INNER JOIN pg_inherits AS links ON parent.oid = links.inhparent
INNER JOIN pg_class AS child ON links.inhrelid = child.oid
LEFT JOIN
    LATERAL regexp_match(
        pg_get_expr(child.relpartbound, child.oid), '^FOR VALUES FROM \(''([^'']+)''\) TO \(''([^'']+)''\)$'
    ) AS said (texts)
    ON TRUE
LEFT JOIN
    LATERAL (
        SELECT
            cast(said.texts[1] AS timestamptz) AS begins,
            cast(said.texts[2] AS timestamptz) AS ends
    ) AS bounds
    ON TRUE
WHERE
    parent.relkind = 'p'
    AND parent.relnamespace = to_regnamespace('public')
    AND (cast(:table_name AS text) IS NULL OR parent.relname = :table_name)
ORDER BY parent.relname, first_day;

-- name: monthly_tables
-- Our tables that are divided.
-- returns  table_name text
SELECT relname AS table_name
FROM pg_class
WHERE
    relkind = 'p'
    AND relnamespace = to_regnamespace('public')
    AND pg_get_userbyid(relowner) = current_user
ORDER BY relname;

-- name: ensure_months
-- Make the partitions of a table that cover these days.
-- params   relation text; since, until date (inclusive)
-- returns  made int
SELECT rollbook_ensure_months(cast(:relation AS regclass), :since, :until) AS made;

-- name: wait_briefly
-- Do not let others wait behind us for a lock.
SELECT set_config('lock_timeout', '2s', TRUE);

-- name: wait_briefly_for_the_session
-- The same, outside of a transaction.
SELECT set_config('lock_timeout', '2s', FALSE);

-- name: detached
-- Months that a run began to take out.
-- returns  table_name text, month date, relation text, began_at timestamptz
SELECT
    table_name,
    month,
    relation,
    began_at
FROM operations.detached_months
ORDER BY table_name, month;

-- name: note_detached
-- Remember a month before it is taken out: afterwards nothing says where it belonged.
-- params   table_name text, month date, relation text
INSERT INTO operations.detached_months (table_name, month, relation)
VALUES (:table_name, :month, :relation)
ON CONFLICT (table_name, month) DO NOTHING;

-- name: forget_detached
-- It is taken out and in files, or empty and gone.
-- params   table_name text, month date
DELETE FROM operations.detached_months
WHERE table_name = :table_name AND month = :month;

-- name: standing
-- How a month that is being taken out stands: attached, detaching, detached, or gone.
-- params   relation text
-- returns  state text
SELECT
    CASE
        WHEN to_regclass(format('public.%I', cast(:relation AS text))) IS NULL THEN 'gone'
        WHEN
            EXISTS (
                SELECT 1 FROM pg_inherits
                WHERE inhrelid = to_regclass(format('public.%I', cast(:relation AS text)))
                    AND inhdetachpending
            )
            THEN 'detaching'
        WHEN
            EXISTS (
                SELECT 1 FROM pg_inherits
                WHERE inhrelid = to_regclass(format('public.%I', cast(:relation AS text)))
            )
            THEN 'attached'
        ELSE 'detached'
    END AS state;

-- name: is_alone
-- Take the lock that lets one process at a time archive, until its connection ends.
-- returns  taken bool
SELECT pg_try_advisory_lock(hashtext('rollbook_archive')) AS taken;
