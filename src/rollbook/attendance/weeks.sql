-- Students' weeks. A week is known by its Monday; 0001-01-01 was one.

-- name: lock_weeks
-- Wait until nobody else refreshes the tenant's weeks; plan for sets, as each query takes a whole district: of rows that
-- came just now there may be no statistics yet, and a loop for each of them never ends.
-- params   tenant_id int
SELECT
    pg_advisory_xact_lock(hashtext('rollbook_attendance_weeks'), :tenant_id),
    set_config('enable_mergejoin', 'off', TRUE),
    set_config('enable_nestloop', 'off', TRUE),
    set_config('work_mem', '64MB', TRUE);

-- name: take_stale_weeks
-- Which weeks changed for everybody, of those that can have attendance at all; their notes go.
-- params   tenant_id int
-- returns  week date
WITH stale AS (
    DELETE FROM attendance_stale_weeks
    WHERE tenant_id = :tenant_id AND student_id IS NULL
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

-- name: take_stale_students
-- Which students changed, together with those who changed in the same weeks; their notes go.
-- params   tenant_id int
-- returns  since, until date (Mondays, both inclusive; until is before since where no week can have attendance),
--          students uuid[]
WITH stale AS (
    DELETE FROM attendance_stale_weeks
    WHERE tenant_id = :tenant_id AND student_id IS NOT NULL
    RETURNING student_id, since, until
),

days AS (
    SELECT
        coalesce(
            least(
                (SELECT min(date) FROM attendance_records WHERE tenant_id = :tenant_id),
                (SELECT min(date) FROM school_calendar_days WHERE tenant_id = :tenant_id),
                (SELECT min(week) FROM attendance_weeks WHERE tenant_id = :tenant_id)
            ),
            date '0001-01-01'
        ) AS first_day,
        coalesce(
            greatest(
                (SELECT max(date) FROM attendance_records WHERE tenant_id = :tenant_id),
                (SELECT max(date) FROM school_calendar_days WHERE tenant_id = :tenant_id),
                (SELECT max(week) FROM attendance_weeks WHERE tenant_id = :tenant_id)
            ),
            date '0001-01-01'
        ) AS last_day
),

spans AS (
    SELECT
        stale.student_id,
        least(greatest(min(stale.since), days.first_day), days.last_day + 7) AS since,
        greatest(least(max(stale.until), days.last_day), days.first_day) AS until
    FROM stale
    CROSS JOIN days
    GROUP BY stale.student_id, days.first_day, days.last_day
)

SELECT
    since - (since - date '0001-01-01') % 7 AS since,
    until - (until - date '0001-01-01') % 7 AS until,
    array_agg(student_id) AS students
FROM spans
GROUP BY since - (since - date '0001-01-01') % 7, until - (until - date '0001-01-01') % 7;

-- name: forget_weeks
-- Take away what was kept of some weeks, also from their sums.
-- params   tenant_id int, weeks date[], students uuid[] or null (all)
WITH gone AS (
    DELETE FROM attendance_weeks
    WHERE
        tenant_id = :tenant_id
        AND week = ANY(:weeks)
        AND (cast(:students AS uuid[]) IS NULL OR student_id = ANY(:students))
    RETURNING week, school_id, coalesce(grade_level, -1) AS grade_level, days, missed
),

summed AS (
    SELECT
        week,
        school_id,
        grade_level,
        sum(days) AS days,
        sum(missed) AS missed
    FROM gone
    GROUP BY week, school_id, grade_level
)

UPDATE attendance_week_sums AS sums
SET
    days = sums.days - summed.days,
    missed = sums.missed - summed.missed
FROM summed
WHERE
    sums.tenant_id = :tenant_id
    AND sums.week = summed.week
    AND sums.school_id = summed.school_id
    AND sums.grade_level = summed.grade_level;

-- name: count_weeks
-- Count some weeks anew, and their sums.
-- params   tenant_id int, since, until date (Mondays, both inclusive), students uuid[] or null (all)
WITH kept AS (
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
    FROM rollbook_attendance_days(:students, :since, cast(:until AS date) + 6, 'infinity') AS days
    WHERE days.school_id IS NOT NULL
    GROUP BY week, days.student_id, days.school_id
    RETURNING week, school_id, coalesce(grade_level, -1) AS grade_level, days, missed
)

INSERT INTO attendance_week_sums AS sums (tenant_id, week, school_id, grade_level, days, missed)
SELECT
    :tenant_id,
    week,
    school_id,
    grade_level,
    sum(days) AS days,
    sum(missed) AS missed
FROM kept
GROUP BY week, school_id, grade_level
ON CONFLICT (tenant_id, week, school_id, grade_level) DO UPDATE
    SET
        days = sums.days + excluded.days,
        missed = sums.missed + excluded.missed;

-- name: forget_totals
-- Take away the totals of some students.
-- params   tenant_id int, students uuid[] or null (all)
DELETE FROM attendance_totals
WHERE tenant_id = :tenant_id AND (cast(:students AS uuid[]) IS NULL OR student_id = ANY(:students));

-- name: count_totals
-- Add up the weeks of some students.
-- params   tenant_id int, students uuid[] or null (all), apart uuid[], since, until date, kept date[],
--          counted_since, counted_until date (what they mean is said of rollbook_attendance_weeks)
INSERT INTO attendance_totals (tenant_id, student_id, school_id, grade_level, days, missed, unexcused)
SELECT
    :tenant_id,
    totals.student_id,
    totals.school_id,
    totals.grade_level,
    totals.days,
    totals.missed,
    totals.unexcused
FROM
    rollbook_attendance_totals(
        :students, :apart, :since, :until, :kept, :counted_since, :counted_until
    ) AS totals;

-- name: forget_window
-- Say that there are no totals.
-- params   tenant_id int
DELETE FROM attendance_total_windows
WHERE tenant_id = :tenant_id;

-- name: keep_window
-- Say what the totals add up.
-- params   tenant_id int, since, through date
INSERT INTO attendance_total_windows (tenant_id, since, through)
VALUES (:tenant_id, :since, :through);

-- name: standing
-- How far a window can be answered from what is kept. Weeks are kept whole: one that the window cuts will do if few
-- students have marks in the days outside, who then stand apart, and nobody's silence there means present. The same of
-- totals that end before the window does.
-- params   since, until date (both inclusive), first_day date (since or its Monday), last_day date (until or its
--          Sunday), most int
-- returns  one row: noted, before, after, later uuid[] (students noted; marked in [first_day, since); in
--          (until, last_day]; marked or entered after the totals), each with more than most if it cannot be answered;
--          silent_before, silent_after, silent_later bool; has_totals bool (of just this window, believed);
--          kept date[] (Mondays of whole weeks that are not noted of everybody)
WITH totals AS (
    SELECT
        totals.through,
        totals.since = :since
        AND totals.through <= :until
        AND NOT EXISTS (
            SELECT FROM attendance_stale_weeks AS stale
            WHERE stale.student_id IS NULL AND stale.since <= :until AND stale.until >= :since
        ) AS are_believed
    FROM attendance_total_windows AS totals
),

silent AS MATERIALIZED (
    SELECT days.date
    FROM attendance_submissions AS submissions
    INNER JOIN school_calendar_days AS days USING (tenant_id, school_id)
    WHERE
        submissions.is_by_exception
        AND days.is_instructional
        AND days.date <= submissions.submitted_through
        AND days.date >= least(:first_day, (SELECT totals.through FROM totals))
        AND days.date <= :last_day
)

SELECT
    array(
        SELECT DISTINCT student_id
        FROM attendance_stale_weeks
        WHERE student_id IS NOT NULL AND since <= :last_day AND until >= :first_day
    ) AS noted,
    array(
        SELECT student_id
        FROM attendance_records
        WHERE date >= :first_day AND date < :since
        LIMIT :most + 1
    ) AS before,
    array(
        SELECT student_id
        FROM attendance_records
        WHERE date > :until AND date <= :last_day
        LIMIT :most + 1
    ) AS after,
    array(
        SELECT student_id
        FROM attendance_records
        WHERE date > (SELECT through FROM totals WHERE are_believed) AND date <= :until
        LIMIT :most + 1
    )
    || array(
        SELECT student_id
        FROM student_school_enrollments
        WHERE entry_on > (SELECT through FROM totals WHERE are_believed) AND entry_on <= :until
        LIMIT :most + 1
    ) AS later,
    (SELECT count(*) > 0 FROM silent WHERE date < :since) AS silent_before,
    (SELECT count(*) > 0 FROM silent WHERE date > :until) AS silent_after,
    (
        SELECT count(*) > 0
        FROM silent
        WHERE date > (SELECT through FROM totals) AND date <= :until
    ) AS silent_later,
    coalesce((SELECT are_believed FROM totals), FALSE) AS has_totals,
    array(
        SELECT weeks.week
        FROM (
            SELECT :first_day + (7 - (:first_day - date '0001-01-01') % 7) % 7 + 7 * nth.n AS week
            FROM generate_series(0, (:last_day - cast(:first_day AS date)) / 7) AS nth (n)
        ) AS weeks
        WHERE
            weeks.week + 6 <= :last_day
            AND NOT EXISTS (
                SELECT FROM attendance_stale_weeks AS stale
                WHERE stale.student_id IS NULL AND stale.since <= weeks.week + 6 AND stale.until >= weeks.week
            )
    ) AS kept;

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
-- The students whom this transaction may see; null = those of the whole tenant.
-- returns  one row: students uuid[] or null
SELECT
    CASE
        WHEN coalesce(current_setting('rollbook.scope', TRUE), '') <> 'tenant'
            THEN
                string_to_array(
                    trim('{}' FROM coalesce(current_setting('rollbook.students', TRUE), '')), ','
                )::uuid[]
    END AS students;

-- name: plan_for_sets
-- Say whether what is asked next adds up a district, in memory. A loop through the calendar for each mark, which the
-- planner likes where it expects few, took half a minute for 100 students.
-- params   loops text (off, or on again)
SELECT
    set_config('work_mem', '64MB', TRUE),
    set_config('enable_nestloop', :loops, TRUE);
