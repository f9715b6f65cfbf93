-- What copies of the server lag behind, and what slots keep for them.

-- name: replication
-- How many replicas stream from here, and how far the last of them is behind. What only keeps the log (pg_receivewal)
-- or copies the files (pg_basebackup) replays nothing: by replay_lag it would be ever further behind.
-- returns  replicas int, lag_bytes float8, lag_seconds float8
SELECT
    cast(count(*) AS int) AS replicas,
    cast(
        coalesce(
            max(
                pg_wal_lsn_diff(
                    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                    replay_lsn
                )
            ),
            0
        ) AS float8
    ) AS lag_bytes,
    cast(coalesce(max(extract(EPOCH FROM replay_lag)), 0) AS float8) AS lag_seconds
FROM pg_stat_replication
WHERE replay_lsn IS NOT NULL;

-- name: replicas
-- Each that streams from here: its state, and how far it is behind; of what replays nothing, with keeping the log.
-- returns  name text, state text, sync_state text, lag_bytes float8, lag_seconds float8
SELECT
    application_name AS name,
    state,
    sync_state,
    cast(
        pg_wal_lsn_diff(
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
            coalesce(replay_lsn, flush_lsn)
        ) AS float8
    ) AS lag_bytes,
    cast(
        coalesce(extract(EPOCH FROM CASE WHEN replay_lsn IS NULL THEN flush_lag ELSE replay_lag END), 0)
        AS float8
    ) AS lag_seconds
FROM pg_stat_replication
ORDER BY application_name;

-- name: standby
-- Whether this server is itself a copy, and how far it has replayed of what it has received.
-- returns  is_standby bool, lag_bytes float8, lag_seconds float8
SELECT
    pg_is_in_recovery() AS is_standby,
    cast(
        coalesce(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0) AS float8
    ) AS lag_bytes,
    cast(
        CASE
            WHEN
                pg_is_in_recovery()
                AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
                THEN coalesce(extract(EPOCH FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0)
            ELSE 0
        END AS float8
    ) AS lag_seconds;

-- name: slot_totals
-- How many replication slots there are, used or not, and what the worst of them keeps from being removed.
-- returns  active int, inactive int, lost int, retained_bytes float8
SELECT
    cast(count(*) FILTER (WHERE active) AS int) AS active,
    cast(count(*) FILTER (WHERE NOT active) AS int) AS inactive,
    cast(count(*) FILTER (WHERE wal_status = 'lost') AS int) AS lost,
    cast(
        coalesce(
            max(
                pg_wal_lsn_diff(
                    CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                    restart_lsn
                )
            ),
            0
        ) AS float8
    ) AS retained_bytes
FROM pg_replication_slots;

-- name: slots
-- Each replication slot: whether anybody uses it, what it keeps, and how much more it may keep.
-- returns  name text, type text, is_active bool, status text, retained_bytes float8, safe_bytes float8
SELECT
    cast(slot_name AS text) AS name,
    slot_type AS type,
    active AS is_active,
    wal_status AS status,
    cast(
        pg_wal_lsn_diff(
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
            restart_lsn
        ) AS float8
    ) AS retained_bytes,
    cast(safe_wal_size AS float8) AS safe_bytes
FROM pg_replication_slots
ORDER BY slot_name;
