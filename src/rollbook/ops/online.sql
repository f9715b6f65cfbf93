-- Who is in a migration's way. Read as the owner's role, from the catalogue alone.

-- name: holders
-- Processes, but this one, that hold locks on tables that are called one of these words, or on parts of them. One
-- whose kind this role may not see, and that acts for nobody, is autovacuum.
-- params   words text[]
-- returns  pid int, name text (empty where it told none), is_autovacuum bool, schema text, table_name text
WITH named AS (
    SELECT oid FROM pg_class
    WHERE relkind IN ('r', 'p', 'm', 'v') AND relname = ANY(cast(:words AS text[]))
),

concerned AS (
    SELECT oid FROM named
    UNION
    SELECT pg_inherits.inhrelid
    FROM pg_inherits
    INNER JOIN named ON pg_inherits.inhparent = named.oid
)

SELECT DISTINCT
    pg_locks.pid,
    coalesce(pg_stat_activity.application_name, '') AS name,
    coalesce(
        pg_stat_activity.backend_type = 'autovacuum worker',
        pg_stat_activity.pid IS NOT NULL AND pg_stat_activity.usesysid IS NULL
    ) AS is_autovacuum,
    cast(pg_namespace.nspname AS text) AS schema,
    cast(pg_class.relname AS text) AS table_name
FROM pg_locks
INNER JOIN concerned ON pg_locks.relation = concerned.oid
INNER JOIN pg_class ON concerned.oid = pg_class.oid
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
LEFT JOIN pg_stat_activity ON pg_locks.pid = pg_stat_activity.pid
WHERE
    pg_locks.granted
    AND pg_locks.pid <> pg_backend_pid()
    AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY pg_locks.pid, schema, table_name
LIMIT 100;

-- name: own_pid
-- The process that serves this connection.
-- params   none
-- returns  pid int
SELECT pg_backend_pid() AS pid;

-- name: waiting
-- What a process does, if it waits for a lock just now, and when its transaction began.
-- params   pid int
-- returns  transaction_began timestamptz, statement text
SELECT
    xact_start AS transaction_began,
    query AS statement
FROM pg_stat_activity
WHERE
    pid = cast(:pid AS int)
    AND EXISTS (SELECT FROM pg_locks WHERE pg_locks.pid = pg_stat_activity.pid AND NOT pg_locks.granted);

-- name: cancel
-- End what a process does, if it still waits for a lock.
-- params   pid int
-- returns  is_told bool
SELECT bool_or(pg_cancel_backend(pg_locks.pid)) AS is_told
FROM pg_locks
WHERE pg_locks.pid = cast(:pid AS int) AND NOT pg_locks.granted;
