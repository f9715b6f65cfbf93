-- The server as a whole: what it writes, archives, reads and keeps. Columns that only some versions have are read
-- from the row as JSON, so that a query is the same on each of them.

-- name: present
-- Which of these relations and functions this server has.
-- params   names text[]
-- returns  name text
SELECT name
FROM unnest(cast(:names AS text[])) AS name
WHERE CASE WHEN name LIKE '%(%' THEN to_regprocedure(name) IS NOT NULL ELSE to_regclass(name) IS NOT NULL END;

-- name: held
-- Which of these predefined roles the current role has the rights of.
-- params   names text[]
-- returns  name text
SELECT cast(rolname AS text) AS name
FROM pg_roles
WHERE rolname = ANY(cast(:names AS text[])) AND pg_has_role(current_user, oid, 'USAGE');

-- name: server
-- What runs here, since when, and whether it would survive a power failure.
-- returns  version text, role text, started_seconds float8, is_durable bool, has_checksums bool, vacuums bool
SELECT
    current_setting('server_version') AS version,
    cast(current_user AS text) AS role,
    cast(extract(EPOCH FROM pg_postmaster_start_time()) AS float8) AS started_seconds,
    current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on' AS is_durable,
    current_setting('data_checksums') = 'on' AS has_checksums,
    current_setting('autovacuum') = 'on' AND current_setting('track_counts') = 'on' AS vacuums;

-- name: wal
-- What was written to the write-ahead log since its statistics began.
-- returns  bytes float8, records float8, full_page_images float8
SELECT
    cast(wal_bytes AS float8) AS bytes,
    cast(wal_records AS float8) AS records,
    cast(wal_fpi AS float8) AS full_page_images
FROM pg_stat_wal;

-- name: wal_files
-- How much of the write-ahead log is kept.
-- returns  files int, bytes float8
SELECT
    cast(count(*) AS int) AS files,
    cast(coalesce(sum(size), 0) AS float8) AS bytes
FROM pg_ls_waldir();

-- name: archiver
-- Whether the log is archived, and whether that succeeds.
-- returns  is_on bool, archived float8, failed float8, failed_last bool, last_seconds float8
SELECT
    current_setting('archive_mode') <> 'off' AS is_on,
    cast(archived_count AS float8) AS archived,
    cast(failed_count AS float8) AS failed,
    coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), FALSE) AS failed_last,
    cast(extract(EPOCH FROM clock_timestamp() - last_archived_time) AS float8) AS last_seconds
FROM pg_stat_archiver;

-- name: archive_waiting
-- How many files of the log wait to be archived.
-- returns  files int
SELECT cast(count(*) FILTER (WHERE name LIKE '%.ready') AS int) AS files
FROM pg_ls_archive_statusdir();

-- name: checkpoints
-- Checkpoints by what asked for them, and the time and pages they took.
-- returns  timed float8, requested float8, write_seconds float8, sync_seconds float8, buffers float8
SELECT
    cast(num_timed AS float8) AS timed,
    cast(num_requested AS float8) AS requested,
    write_time / 1000 AS write_seconds,
    sync_time / 1000 AS sync_seconds,
    cast(buffers_written AS float8) AS buffers
FROM pg_stat_checkpointer;

-- name: checkpoints_by_writer
-- The same where the background writer's statistics hold it (before 17).
-- returns  timed float8, requested float8, write_seconds float8, sync_seconds float8, buffers float8
SELECT
    cast(said ->> 'checkpoints_timed' AS float8) AS timed,
    cast(said ->> 'checkpoints_req' AS float8) AS requested,
    cast(said ->> 'checkpoint_write_time' AS float8) / 1000 AS write_seconds,
    cast(said ->> 'checkpoint_sync_time' AS float8) / 1000 AS sync_seconds,
    cast(said ->> 'buffers_checkpoint' AS float8) AS buffers
FROM pg_stat_bgwriter, to_jsonb(pg_stat_bgwriter) AS said;

-- name: database
-- What this database did since its statistics began, and how large it is.
-- returns  bytes float8, commits float8, rollbacks float8, blocks_hit float8, blocks_read float8, deadlocks float8,
--          temporary_bytes float8
SELECT
    cast(pg_database_size(datid) AS float8) AS bytes,
    cast(xact_commit AS float8) AS commits,
    cast(xact_rollback AS float8) AS rollbacks,
    cast(blks_hit AS float8) AS blocks_hit,
    cast(blks_read AS float8) AS blocks_read,
    cast(deadlocks AS float8) AS deadlocks,
    cast(temp_bytes AS float8) AS temporary_bytes
FROM pg_stat_database
WHERE datname = current_database();

-- name: checksums
-- Pages of any database that did not match their checksum.
-- returns  failures float8
SELECT cast(coalesce(sum(checksum_failures), 0) AS float8) AS failures
FROM pg_stat_database;

-- name: io
-- What each kind of process read, wrote and added to files.
-- returns  backend text, read_bytes float8, write_bytes float8, read_seconds float8, write_seconds float8
SELECT
    backend_type AS backend,
    coalesce(
        sum(
            coalesce(
                cast(said ->> 'read_bytes' AS float8),
                cast(said ->> 'reads' AS float8) * cast(said ->> 'op_bytes' AS float8)
            )
        ),
        0
    ) AS read_bytes,
    coalesce(
        sum(
            coalesce(
                cast(said ->> 'write_bytes' AS float8),
                cast(said ->> 'writes' AS float8) * cast(said ->> 'op_bytes' AS float8)
            )
        ),
        0
    ) AS write_bytes,
    coalesce(sum(read_time), 0) / 1000 AS read_seconds,
    coalesce(sum(write_time), 0) / 1000 AS write_seconds
FROM pg_stat_io, to_jsonb(pg_stat_io) AS said
GROUP BY backend_type
ORDER BY backend_type;

-- name: wraparound
-- How many transactions and multixacts are used up since the oldest that a database still keeps.
-- returns  database text, transactions float8, multixacts float8
SELECT
    cast(datname AS text) AS database,
    cast(age(datfrozenxid) AS float8) AS transactions,
    cast(mxid_age(datminmxid) AS float8) AS multixacts
FROM pg_database
ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC
LIMIT 1;
