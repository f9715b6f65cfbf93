-- How students do in activities, what they like, and what is measured in routines.

-- name: record_performances
-- Keep performances; one that is there already (student, activity, day, attempt) is corrected.
-- params   tenant_id int, student_ids uuid[], activity_ids uuid[], days date[], attempts int[], scores numeric[],
--          minutes numeric[], notes text[] (all of one length)
INSERT INTO student_activity_performances AS kept (
    tenant_id,
    student_id,
    activity_id,
    performed_on,
    attempt,
    score,
    duration_minutes,
    notes
)
SELECT
    :tenant_id,
    given.*
FROM unnest(
        cast(:student_ids AS uuid[]),
        cast(:activity_ids AS uuid[]),
        cast(:days AS date[]),
        cast(:attempts AS int[]),
        cast(:scores AS numeric[]),
        cast(:minutes AS numeric[]),
        cast(:notes AS text[])
    ) AS given
ON CONFLICT (tenant_id, student_id, activity_id, performed_on, attempt) DO UPDATE SET
    score = excluded.score,
    duration_minutes = excluded.duration_minutes,
    notes = excluded.notes,
    known_at = now(),
    import_id = NULL
WHERE
(kept.score, kept.duration_minutes, kept.notes)
IS DISTINCT FROM (excluded.score, excluded.duration_minutes, excluded.notes);

-- name: performances
-- A student's performances, the newest first.
-- params   tenant_id int, student_id uuid, activity_code text or null, since date, until date (both inclusive),
--          page_size int
-- returns  performance_id uuid, activity_code, name, activity_type text, performed_on date, attempt int,
--          score, max_score, duration_minutes numeric, notes text
SELECT
    performances.performance_id,
    activities.activity_code,
    activities.name,
    activities.activity_type,
    performances.performed_on,
    performances.attempt,
    performances.score,
    activities.max_score,
    performances.duration_minutes,
    performances.notes
FROM student_activity_performances AS performances
INNER JOIN activities USING (tenant_id, activity_id)
WHERE
    performances.tenant_id = :tenant_id
    AND performances.student_id = :student_id
    AND performances.performed_on BETWEEN :since AND :until
    AND (cast(:activity_code AS text) IS NULL OR activities.activity_code = :activity_code)
ORDER BY performances.performed_on DESC, activities.activity_code ASC, performances.attempt DESC
LIMIT :page_size;

-- name: improvement
-- How a student came on in each activity: from the first scored performance to the last, and the straight line
-- through all of them.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive)
-- returns  activity_code, name text, performances int, first_on, last_on date, first_percent, last_percent numeric,
--          change_per_30_days numeric or null (all on one day)
SELECT
    activities.activity_code,
    activities.name,
    count(*) AS performances,
    min(performances.performed_on) AS first_on,
    max(performances.performed_on) AS last_on,
    (
        array_agg(
            100 * performances.score / nullif(activities.max_score, 0)
            ORDER BY performances.performed_on, performances.attempt
        )
    )[1] AS first_percent,
    (
        array_agg(
            100 * performances.score / nullif(activities.max_score, 0)
            ORDER BY performances.performed_on DESC, performances.attempt DESC
        )
    )[1] AS last_percent,
    30 * regr_slope(
        100 * performances.score / nullif(activities.max_score, 0),
        performances.performed_on - date '2000-01-01'
    ) AS change_per_30_days
FROM student_activity_performances AS performances
INNER JOIN activities USING (tenant_id, activity_id)
WHERE
    performances.tenant_id = :tenant_id
    AND performances.student_id = :student_id
    AND performances.performed_on BETWEEN :since AND :until
    AND performances.score IS NOT NULL
GROUP BY activities.activity_code, activities.name
ORDER BY activities.activity_code;

-- name: activity_list
-- The catalogue of activities, with how the students in sight did in each.
-- params   tenant_id int, since date, until date (both inclusive)
-- returns  activity_id uuid, activity_code, name, activity_type text, difficulty_level int or null, max_score numeric,
--          performances, students int, mean_percent numeric or null
SELECT
    activities.activity_id,
    activities.activity_code,
    activities.name,
    activities.activity_type,
    activities.difficulty_level,
    activities.max_score,
    count(performances.performance_id) AS performances,
    count(DISTINCT performances.student_id) AS students,
    avg(100 * performances.score / nullif(activities.max_score, 0)) AS mean_percent
FROM activities
LEFT JOIN student_activity_performances AS performances
    ON
        activities.tenant_id = performances.tenant_id
        AND activities.activity_id = performances.activity_id
        AND performances.performed_on BETWEEN :since AND :until
WHERE activities.tenant_id = :tenant_id
GROUP BY activities.tenant_id, activities.activity_id
ORDER BY activities.activity_code;

-- name: set_preference
-- Keep how much a student likes a kind of activity.
-- params   tenant_id int, student_id uuid, activity_type text, preference_level int, notes text or null
INSERT INTO pe_activity_preferences AS kept (tenant_id, student_id, activity_type, preference_level, notes)
VALUES (:tenant_id, :student_id, :activity_type, :preference_level, :notes)
ON CONFLICT (tenant_id, student_id, activity_type) DO UPDATE SET
    preference_level = excluded.preference_level,
    notes = excluded.notes,
    known_at = now(),
    import_id = NULL
WHERE
(kept.preference_level, kept.notes) IS DISTINCT FROM (excluded.preference_level, excluded.notes);

-- name: preferences
-- What a student likes, best first.
-- params   tenant_id int, student_id uuid
-- returns  activity_type text, preference_level int, notes text
SELECT
    activity_type,
    preference_level,
    notes
FROM pe_activity_preferences
WHERE tenant_id = :tenant_id AND student_id = :student_id
ORDER BY preference_level DESC, activity_type ASC;

-- name: record_metrics
-- Keep what was measured when a student did a routine; a value that is there already is corrected.
-- params   tenant_id int, student_id uuid, routine_id uuid, performed_on date, names text[], metric_values numeric[]
INSERT INTO routine_performance_metrics AS kept (
    tenant_id,
    student_id,
    routine_id,
    performed_on,
    metric_name,
    metric_value
)
SELECT
    :tenant_id,
    :student_id,
    :routine_id,
    :performed_on,
    given.*
FROM unnest(cast(:names AS text[]), cast(:metric_values AS numeric[])) AS given
ON CONFLICT (tenant_id, student_id, routine_id, performed_on, metric_name) DO UPDATE SET
    metric_value = excluded.metric_value,
    known_at = now(),
    import_id = NULL
WHERE kept.metric_value IS DISTINCT FROM excluded.metric_value;

-- name: metrics
-- What was measured when a student did routines, the newest first.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive)
-- returns  routine_code, name text, performed_on date, metric_name text, metric_value numeric
SELECT
    routines.routine_code,
    routines.name,
    metrics.performed_on,
    metrics.metric_name,
    metrics.metric_value
FROM routine_performance_metrics AS metrics
INNER JOIN routines USING (tenant_id, routine_id)
WHERE
    metrics.tenant_id = :tenant_id
    AND metrics.student_id = :student_id
    AND metrics.performed_on BETWEEN :since AND :until
ORDER BY metrics.performed_on DESC, routines.routine_code ASC, metrics.metric_name ASC;
