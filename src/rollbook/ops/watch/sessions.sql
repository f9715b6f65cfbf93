-- Who is connected, who waits for whom, and which transactions are old. Never what they asked: it may quote a row.

-- name: connections
-- Client connections by state; each state is there, if only with none.
-- returns  state text, connections int
SELECT
    states.state,
    cast(count(pid) AS int) AS connections
FROM
    (
        VALUES
        ('active'), ('idle'), ('idle in transaction'), ('idle in transaction (aborted)'), ('other')
    ) AS states (state)
LEFT JOIN pg_stat_activity
    ON
        backend_type = 'client backend'
        AND CASE
            WHEN pg_stat_activity.state IN ('fastpath function call', 'disabled') THEN 'other'
            ELSE coalesce(pg_stat_activity.state, 'other')
        END = states.state
GROUP BY states.state
ORDER BY states.state;

-- name: connection_limit
-- How many clients may connect that are not reserved to superusers, and how many do.
-- returns  most int, connections int
SELECT
    cast(current_setting('max_connections') AS int)
    - cast(current_setting('superuser_reserved_connections') AS int)
    - cast(coalesce(current_setting('reserved_connections', TRUE), '0') AS int) AS most,
    cast(count(*) AS int) AS connections
FROM pg_stat_activity
WHERE backend_type = 'client backend';

-- name: waits
-- How many sessions wait for a lock, and for how long the first of them.
-- returns  sessions int, oldest_seconds float8
SELECT
    cast(count(*) AS int) AS sessions,
    cast(coalesce(max(extract(EPOCH FROM clock_timestamp() - query_start)), 0) AS float8) AS oldest_seconds
FROM pg_stat_activity
WHERE wait_event_type = 'Lock';

-- name: blockers
-- Who waits for whom, the longest wait first.
-- returns  pid int, role text, application text, seconds float8, relation text, mode text, blocking_pid int,
--          blocking_role text, blocking_application text, blocking_state text
SELECT
    waiting.pid,
    cast(waiting.usename AS text) AS role,
    waiting.application_name AS application,
    cast(extract(EPOCH FROM clock_timestamp() - waiting.query_start) AS float8) AS seconds,
    cast(cast(wanted.relation AS regclass) AS text) AS relation,
    wanted.mode,
    blocking.pid AS blocking_pid,
    cast(blocker.usename AS text) AS blocking_role,
    blocker.application_name AS blocking_application,
    blocker.state AS blocking_state
FROM pg_stat_activity AS waiting
CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)
LEFT JOIN pg_stat_activity AS blocker ON blocking.pid = blocker.pid
LEFT JOIN pg_locks AS wanted ON waiting.pid = wanted.pid AND NOT wanted.granted
WHERE waiting.wait_event_type = 'Lock'
ORDER BY seconds DESC, waiting.pid ASC
LIMIT 20;

-- name: locks
-- Locks by mode, granted or waited for; each mode is there, if only with none.
-- returns  mode text, granted int, waiting int
SELECT
    modes.mode,
    cast(count(pg_locks.mode) FILTER (WHERE pg_locks.granted) AS int) AS granted,
    cast(count(pg_locks.mode) FILTER (WHERE NOT pg_locks.granted) AS int) AS waiting
FROM
    (
        VALUES
        ('AccessShareLock'),
        ('RowShareLock'),
        ('RowExclusiveLock'),
        ('ShareUpdateExclusiveLock'),
        ('ShareLock'),
        ('ShareRowExclusiveLock'), ('ExclusiveLock'), ('AccessExclusiveLock')
    ) AS modes (mode)
LEFT JOIN pg_locks ON modes.mode = pg_locks.mode
GROUP BY modes.mode
ORDER BY modes.mode;

-- name: transactions
-- How old the oldest transactions are, by what they do: active, idle in transaction, or prepared.
-- returns  kind text, transactions int, oldest_seconds float8
SELECT
    kinds.kind,
    cast(count(begun.at) AS int) AS transactions,
    cast(coalesce(max(extract(EPOCH FROM clock_timestamp() - begun.at)), 0) AS float8) AS oldest_seconds
FROM (VALUES ('active'), ('idle in transaction'), ('prepared')) AS kinds (kind)
LEFT JOIN
    (
        SELECT
            CASE WHEN state LIKE 'idle in transaction%' THEN 'idle in transaction' ELSE 'active' END AS kind,
            xact_start AS at
        FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
        UNION ALL
        SELECT
            'prepared' AS kind,
            prepared AS at
        FROM pg_prepared_xacts
    ) AS begun
    ON kinds.kind = begun.kind
GROUP BY kinds.kind
ORDER BY kinds.kind;

-- name: old_sessions
-- The sessions whose transactions are oldest.
-- returns  pid int, role text, application text, state text, seconds float8, waits_for text
SELECT
    pid,
    cast(usename AS text) AS role,
    application_name AS application,
    state,
    cast(extract(EPOCH FROM clock_timestamp() - xact_start) AS float8) AS seconds,
    wait_event AS waits_for
FROM pg_stat_activity
WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
ORDER BY xact_start ASC, pid ASC
LIMIT 10;
