-- Who is in a migration's way. Read as the owner's role, from the catalogue alone.

-- name: holders
-- Processes, but this one, that hold locks on tables that are called one of these words.
-- params   words text[]
-- returns  pid int, application_name text
SELECT DISTINCT
    pg_locks.pid,
    pg_stat_activity.application_name
FROM pg_locks
INNER JOIN pg_class ON pg_locks.relation = pg_class.oid
LEFT JOIN pg_stat_activity ON pg_locks.pid = pg_stat_activity.pid
WHERE
    pg_locks.granted
    AND pg_locks.pid <> pg_backend_pid()
    AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND pg_class.relkind IN ('r', 'p', 'm', 'v')
    AND pg_class.relname = ANY(cast(:words AS text[]))
ORDER BY pg_locks.pid
LIMIT 10;
