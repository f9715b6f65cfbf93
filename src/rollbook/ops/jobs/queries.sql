-- Schedules and jobs, as the owner's role. Procrastinate writes its tables itself; here they are read.

-- name: now
-- What time it is for the database: two workers may have clocks that differ.
-- returns  at timestamptz
SELECT clock_timestamp() AS at;

-- name: keep_schedules
-- Note schedules that were not seen before: what was due until now is not made up for.
-- params   names text[]
-- returns  nothing
INSERT INTO operations.schedules (name)
SELECT unnest(cast(:names AS text[]))
ON CONFLICT (name) DO NOTHING;

-- name: schedules
-- What was chosen of each schedule.
-- returns  name text, cron text, is_off boolean, since timestamptz
SELECT
    name,
    cron,
    is_off,
    since
FROM operations.schedules;

-- name: change_schedule
-- Choose when a schedule runs, and whether; what was due until now is not made up for.
-- params   name text, cron text (null: as released), is_off boolean (null: as released), changed_by text
-- returns  nothing
INSERT INTO operations.schedules AS kept (name, cron, is_off, changed_by)
VALUES (cast(:name AS text), cast(:cron AS text), cast(:is_off AS boolean), cast(:changed_by AS text))
ON CONFLICT (name) DO UPDATE
    SET
        cron = excluded.cron,
        is_off = excluded.is_off,
        changed_by = excluded.changed_by,
        since = clock_timestamp();

-- name: busy
-- Schedules that have a job under way, or waiting.
-- returns  name text
SELECT DISTINCT task_name AS name
FROM operations.procrastinate_jobs
WHERE status IN ('todo', 'doing');

-- name: deferred
-- Up to which slot each schedule was handed to workers.
-- returns  name text, slot bigint (seconds since 1970)
SELECT
    task_name AS name,
    max(defer_timestamp) AS slot
FROM operations.procrastinate_periodic_defers
GROUP BY task_name;

-- name: ended_well
-- Whether a run of a job ended well: it need not run again, though its worker died before it could say so.
-- params   verb text, job_id text
-- returns  ended_well boolean
SELECT
    EXISTS(
        SELECT 1 FROM operations.runs
        WHERE
            verb = cast(:verb AS text)
            AND facts ->> 'job' = cast(:job_id AS text)
            AND outcome IN ('done', 'findings')
    ) AS ended_well;

-- name: take_turn
-- Take the lock that a schedule's run holds; it ends with its connection.
-- params   name text
-- returns  is_taken boolean
SELECT pg_try_advisory_lock(hashtextextended('rollbook worker ' || cast(:name AS text), 0)) AS is_taken;

-- name: jobs
-- Jobs, the newest first, with what went wrong in their latest run.
-- params   states text[] (null: all), most int
-- returns  job_id bigint, name text, state text, attempts int, changed_at timestamptz, retry_at timestamptz,
--          error text
SELECT
    jobs.id AS job_id,
    jobs.task_name AS name,
    cast(jobs.status AS text) AS state,
    jobs.attempts,
    changes.at AS changed_at,
    CASE WHEN jobs.status = 'todo' THEN jobs.scheduled_at END AS retry_at,
    ends.error
FROM operations.procrastinate_jobs AS jobs
LEFT JOIN LATERAL (
    SELECT max(events.at) AS at
    FROM operations.procrastinate_events AS events
    WHERE events.job_id = jobs.id AND events.type <> 'scheduled'
) AS changes ON TRUE
LEFT JOIN LATERAL (
    SELECT runs.facts ->> 'error' AS error
    FROM operations.runs AS runs
    WHERE runs.verb = 'worker.' || jobs.task_name AND runs.facts ->> 'job' = cast(jobs.id AS text)
    ORDER BY runs.began_at DESC
    LIMIT 1
) AS ends ON TRUE
WHERE cast(:states AS text[]) IS NULL OR cast(jobs.status AS text) = ANY(cast(:states AS text[]))
ORDER BY jobs.id DESC
LIMIT cast(:most AS int);

-- name: retry
-- Let a job that failed run again.
-- params   job_id bigint
-- returns  nothing
SELECT operations.procrastinate_retry_job_v2(cast(:job_id AS bigint), clock_timestamp(), NULL, NULL, NULL);

-- name: is_failed
-- Whether there is such a job, and it failed.
-- params   job_id bigint
-- returns  is_failed boolean
SELECT
    EXISTS(
        SELECT 1 FROM operations.procrastinate_jobs
        WHERE id = cast(:job_id AS bigint) AND status = 'failed'
    ) AS is_failed;

-- name: state
-- What the worker's health is judged from.
-- returns  was_run boolean, beat_at timestamptz, failed bigint
SELECT
    EXISTS (SELECT 1 FROM operations.procrastinate_workers)
    OR EXISTS (SELECT 1 FROM operations.procrastinate_periodic_defers) AS was_run,
    (SELECT max(last_heartbeat) FROM operations.procrastinate_workers) AS beat_at,
    (SELECT count(*) FROM operations.procrastinate_jobs WHERE status = 'failed') AS failed;

-- name: slow
-- Jobs that have run, or waited though they are due, for longer than so; the longest first.
-- params   running_s float, waiting_s float
-- returns  job_id bigint, name text, is_running boolean, seconds float
WITH unended AS (
    SELECT
        jobs.id AS job_id,
        jobs.task_name AS name,
        jobs.status = 'doing' AS is_running,
        clock_timestamp() - greatest(max(events.at), jobs.scheduled_at) AS span
    FROM operations.procrastinate_jobs AS jobs
    INNER JOIN operations.procrastinate_events AS events ON jobs.id = events.job_id
    WHERE jobs.status IN ('todo', 'doing') AND events.type <> 'scheduled'
    GROUP BY jobs.id
)

SELECT
    job_id,
    name,
    is_running,
    cast(extract(EPOCH FROM span) AS float) AS seconds
FROM unended
WHERE
    (is_running AND span > make_interval(secs => cast(:running_s AS float)))
    OR (NOT is_running AND span > make_interval(secs => cast(:waiting_s AS float)))
ORDER BY span DESC, job_id ASC;

-- name: take_back
-- Let the jobs of workers that gave no sign for so long run again, the later the more often they were begun;
-- one that was begun too often has failed. So too those that their worker was done with, without being heard.
-- params   dead_s float, unheard bigint[], most int
-- returns  job_id bigint, name text, is_given_up boolean
UPDATE operations.procrastinate_jobs AS jobs
SET
    status = cast(
        CASE WHEN jobs.attempts + 1 < cast(:most AS int) THEN 'todo' ELSE 'failed' END
        AS operations.procrastinate_job_status
    ),
    worker_id = NULL,
    attempts = jobs.attempts + 1,
    scheduled_at = clock_timestamp() + make_interval(secs => least(jobs.attempts * jobs.attempts, 600))
WHERE
    jobs.status = 'doing'
    AND (
        jobs.id = ANY(cast(:unheard AS bigint[]))
        OR NOT EXISTS (
            SELECT 1 FROM operations.procrastinate_workers AS workers
            WHERE
                workers.id = jobs.worker_id
                AND workers.last_heartbeat > clock_timestamp() - make_interval(secs => cast(:dead_s AS float))
        )
    )
RETURNING jobs.id AS job_id, jobs.task_name AS name, jobs.status = 'failed' AS is_given_up;

-- name: forget_jobs
-- Forget jobs that ended well, or were called off, so many days ago.
-- params   days int
-- returns  nothing
DELETE FROM operations.procrastinate_jobs AS jobs
WHERE
    jobs.status IN ('succeeded', 'cancelled', 'aborted')
    AND NOT EXISTS (
        SELECT 1 FROM operations.procrastinate_events AS events
        WHERE
            events.job_id = jobs.id
            AND events.at > clock_timestamp() - make_interval(days => cast(:days AS int))
    );

-- name: forget_runs
-- Forget what was noted so many days ago of jobs that ended well, but not the last of each: there are many.
-- params   days int
-- returns  nothing
DELETE FROM operations.runs AS runs
WHERE
    starts_with(runs.verb, 'worker.')
    AND runs.outcome = 'done'
    AND runs.began_at < clock_timestamp() - make_interval(days => cast(:days AS int))
    AND EXISTS (
        SELECT 1 FROM operations.runs AS later
        WHERE later.verb = runs.verb AND later.outcome = 'done' AND later.began_at > runs.began_at
    );
