-- Students' weeks. A week is known by its Monday; 0001-01-01 was one.

-- name: lock_weeks
-- Wait until nobody else refreshes the tenant's weeks; plan for sets, as each query takes a whole district.
-- params   tenant_id int
SELECT
    pg_advisory_xact_lock(hashtext('rollbook_attendance_weeks'), :tenant_id),
    set_config('enable_mergejoin', 'off', TRUE),
    set_config('work_mem', '64MB', TRUE);

-- name: take_stale_weeks
-- Which weeks changed, of those that can have attendance at all; their notes go.
-- params   tenant_id int
-- returns  week date
WITH stale AS (
    DELETE FROM attendance_stale_weeks
    WHERE tenant_id = :tenant_id
    RETURNING since, until
),

days AS (
    SELECT
        least(
            (SELECT min(date) FROM attendance_records WHERE tenant_id = :tenant_id),
            (SELECT min(date) FROM school_calendar_days WHERE tenant_id = :tenant_id),
            (SELECT min(week) FROM attendance_weeks WHERE tenant_id = :tenant_id)
        ) AS first_day,
        greatest(
            (SELECT max(date) FROM attendance_records WHERE tenant_id = :tenant_id),
            (SELECT max(date) FROM school_calendar_days WHERE tenant_id = :tenant_id),
            (SELECT max(week) FROM attendance_weeks WHERE tenant_id = :tenant_id)
        ) AS last_day
)

SELECT weeks.week
FROM days
CROSS JOIN
    LATERAL (
        SELECT days.first_day - (days.first_day - date '0001-01-01') % 7 + 7 * nth.n AS week
        FROM generate_series(0, (days.last_day - days.first_day) / 7 + 1) AS nth (n)
    ) AS weeks
WHERE
    weeks.week <= days.last_day
    AND EXISTS (SELECT FROM stale WHERE stale.since <= weeks.week + 6 AND stale.until >= weeks.week);

-- name: forget_weeks
-- Take away what was kept of some weeks.
-- params   tenant_id int, since, until date (Mondays, both inclusive)
DELETE FROM attendance_weeks
WHERE tenant_id = :tenant_id AND week BETWEEN :since AND :until;

-- name: count_weeks
-- Count some weeks anew.
-- params   tenant_id int, since, until date (Mondays, both inclusive)
INSERT INTO attendance_weeks (
    tenant_id, week, student_id, school_id, grade_level, days, missed, unexcused, tardy
)
SELECT
    :tenant_id,
    days.date - (days.date - date '0001-01-01') % 7 AS week,
    days.student_id,
    days.school_id,
    max(days.grade_level) AS grade_level,
    count(*) AS days,
    sum(days.missed) AS missed,
    count(*) FILTER (WHERE days.is_unexcused AND days.missed > 0) AS unexcused,
    count(*) FILTER (WHERE days.is_tardy) AS tardy
FROM rollbook_attendance_days(NULL, :since, cast(:until AS date) + 6, 'infinity') AS days
WHERE days.school_id IS NOT NULL
GROUP BY week, days.student_id, days.school_id;

-- name: note_months
-- Note that whole months changed, as a load does that no trigger sees.
-- params   tenant_id int, months date[] (first days)
INSERT INTO attendance_stale_weeks (tenant_id, since, until)
SELECT
    :tenant_id,
    months.first_day AS since,
    (months.first_day + interval '1 month')::date - 1 AS until
FROM unnest(cast(:months AS date[])) AS months (first_day);

-- name: students_in_sight
-- The students whom this transaction may see; null = those of the whole tenant. What is asked next adds up a whole
-- district, in memory.
-- returns  one row: students uuid[] or null, work_mem text
SELECT
    CASE
        WHEN coalesce(current_setting('rollbook.scope', TRUE), '') <> 'tenant'
            THEN
                string_to_array(
                    trim('{}' FROM coalesce(current_setting('rollbook.students', TRUE), '')), ','
                )::uuid[]
    END AS students,
    set_config('work_mem', '64MB', TRUE) AS work_mem;
