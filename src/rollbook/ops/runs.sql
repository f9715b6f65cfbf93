-- What was done with the database itself: when, with what outcome. Written as the owner's role.

-- name: begin
-- Note that an operation begins.
-- params   verb text
-- returns  run_id uuid
INSERT INTO operations.runs (verb) VALUES (cast(:verb AS text))
RETURNING run_id;

-- name: hold
-- Hold the lock that says that a run is still at work, until its connection ends.
-- params   run_id uuid
-- returns  held void
SELECT pg_advisory_lock(hashtextextended(cast(cast(:run_id AS uuid) AS text), 0)) AS held;

-- name: finish
-- Note how an operation ended.
-- params   run_id uuid, outcome text, facts jsonb
-- returns  nothing
UPDATE operations.runs
SET outcome = cast(:outcome AS text), facts = cast(:facts AS jsonb), ended_at = clock_timestamp()
WHERE run_id = cast(:run_id AS uuid);

-- name: is_kept
-- Whether there is a table to note runs in: before the first migration there is none.
-- returns  is_kept bool
SELECT to_regclass('operations.runs') IS NOT NULL AS is_kept;

-- name: record
-- Note an operation that has ended.
-- params   verb text, began_at timestamptz, outcome text, facts jsonb
-- returns  nothing
INSERT INTO operations.runs (verb, began_at, ended_at, outcome, facts)
VALUES (
    cast(:verb AS text),
    cast(:began_at AS timestamptz),
    clock_timestamp(),
    cast(:outcome AS text),
    cast(:facts AS jsonb)
);

-- name: last_runs
-- The latest runs, newest first; one whose process is gone without a word was abandoned.
-- params   verbs text[] (null: all), most int
-- returns  run_id uuid, verb text, began_at timestamptz, ended_at timestamptz, outcome text, facts jsonb
SELECT
    run_id,
    verb,
    began_at,
    ended_at,
    CASE
        WHEN
            outcome = 'running'
            AND NOT EXISTS (
                SELECT 1 FROM pg_locks
                WHERE locktype = 'advisory' AND objsubid = 1
                    AND (cast(classid AS bigint) << 32) | cast(objid AS bigint)
                    = hashtextextended(cast(run_id AS text), 0)
            )
            THEN 'abandoned'
        ELSE outcome
    END AS outcome,
    facts
FROM operations.runs
WHERE cast(:verbs AS text[]) IS NULL OR verb = ANY(cast(:verbs AS text[]))
ORDER BY began_at DESC, run_id DESC
LIMIT cast(:most AS int);

-- name: last_ended
-- The latest run of each verb that ended so.
-- params   outcome text
-- returns  run_id uuid, verb text, began_at timestamptz, ended_at timestamptz, facts jsonb
SELECT DISTINCT ON (verb)
    run_id,
    verb,
    began_at,
    ended_at,
    facts
FROM operations.runs
WHERE outcome = cast(:outcome AS text)
ORDER BY verb ASC, began_at DESC;

-- name: last_of_each
-- The latest run of each verb that begins so, however it ended.
-- params   prefix text
-- returns  run_id uuid, verb text, began_at timestamptz, ended_at timestamptz, outcome text, facts jsonb
SELECT DISTINCT ON (verb)
    run_id,
    verb,
    began_at,
    ended_at,
    CASE
        WHEN
            outcome = 'running'
            AND NOT EXISTS (
                SELECT 1 FROM pg_locks
                WHERE locktype = 'advisory' AND objsubid = 1
                    AND (cast(classid AS bigint) << 32) | cast(objid AS bigint)
                    = hashtextextended(cast(run_id AS text), 0)
            )
            THEN 'abandoned'
        ELSE outcome
    END AS outcome,
    facts
FROM operations.runs
WHERE starts_with(verb, cast(:prefix AS text))
ORDER BY verb ASC, began_at DESC;
