-- Which days count, and what share of each was missed, is said once: by rollbook_attendance_days, of which the
-- view attendance_days shows what is known now. A week is known by its Monday; 0001-01-01 was one.

-- name: student_weeks
-- A student's school days by week. Days outside every enrollment count only of a student who has none then.
-- params   student_ids uuid[] (one), since, until date (both inclusive)
-- returns  week date (its Monday), days int, missed numeric (days), tardy int
SELECT
    days.date - (days.date - date '0001-01-01') % 7 AS week,
    count(*) AS days,
    sum(days.missed) AS missed,
    count(*) FILTER (WHERE days.is_tardy) AS tardy
FROM rollbook_attendance_days(:student_ids, :since, :until, 'infinity') AS days
WHERE
    days.school_id IS NOT NULL
    OR NOT EXISTS (
        SELECT FROM student_school_enrollments AS enrollments
        WHERE
            enrollments.student_id = ANY(:student_ids)
            AND enrollments.is_primary
            AND enrollments.entry_on <= :until
            AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :since)
    )
GROUP BY week
ORDER BY week;

-- name: student_marks
-- A student's last marks other than present, newest first.
-- params   tenant_id int, student_id uuid, since, until date (both inclusive), most int
-- returns  date, period int, status text, minutes_late int, reason text
SELECT
    date,
    period,
    status,
    minutes_late,
    reason
FROM attendance_records
WHERE
    tenant_id = :tenant_id
    AND student_id = :student_id
    AND date >= :since
    AND date <= :until
    AND status <> 'present'
ORDER BY date DESC, period ASC
LIMIT :most;

-- name: rule
-- When the tenant calls absence chronic, if it has said so.
-- params   tenant_id int
-- returns  at most one row: chronic_rate numeric 0..1, minimum_days int
SELECT
    chronic_rate,
    minimum_days
FROM attendance_rules
WHERE tenant_id = :tenant_id;

-- name: set_rule
-- Say when the tenant calls absence chronic; null leaves what was said, or the default.
-- params   tenant_id int, chronic_rate numeric or null, minimum_days int or null, default_rate numeric, default_days int
-- returns  chronic_rate numeric 0..1, minimum_days int
INSERT INTO attendance_rules AS rules (tenant_id, chronic_rate, minimum_days)
VALUES (
    :tenant_id,
    coalesce(cast(:chronic_rate AS numeric), :default_rate),
    coalesce(cast(:minimum_days AS int), :default_days)
)
ON CONFLICT (tenant_id) DO UPDATE
    SET
        chronic_rate = coalesce(cast(:chronic_rate AS numeric), rules.chronic_rate),
        minimum_days = coalesce(cast(:minimum_days AS int), rules.minimum_days)
RETURNING chronic_rate, minimum_days;

-- name: school_year_start
-- The first day of the school year that a day is in: its academic session's, else the first of July before.
-- params   on_day date
-- returns  one row: starts_on date
SELECT
    coalesce(
        (
            SELECT min(starts_on)
            FROM academic_sessions
            WHERE session_type = 'schoolYear' AND :on_day BETWEEN starts_on AND ends_on
        ),
        make_date(extract(YEAR FROM cast(:on_day AS date) - interval '6 months')::int, 7, 1)
    ) AS starts_on;

-- name: last_day
-- The last day, up to one, on which attendance is known.
-- params   today date
-- returns  one row: last_day date or null
SELECT
    greatest(
        (
            SELECT date FROM attendance_records
            WHERE tenant_id = nullif(current_setting('rollbook.tenant', TRUE), '')::int AND date <= :today
            ORDER BY tenant_id DESC, date DESC
            LIMIT 1
        ),
        (
            SELECT max(least(submitted_through, :today))
            FROM attendance_submissions
            WHERE is_by_exception AND submitted_through IS NOT NULL
        )
    ) AS last_day;

-- name: chronic_absence
-- Days missed of enrolled instructional days: a line for each school and grade, then the chronically absent, worst
-- first, all or a page of them. A student is counted once, with the days at all schools, where they were last. Totals
-- that are kept are taken as they are, but for those who stand apart.
-- params   has_totals bool (of this window), students uuid[] or null (all in sight; none if has_totals), apart uuid[],
--          since, until date, kept date[], counted_since, counted_until date (what they mean is said of
--          rollbook_attendance_weeks); school text or null (its code); chronic_rate numeric; minimum_days int; after uuid or null, page_size int or null (all)
-- returns  school_code, school text, grade_level int, students, chronic int, student_id uuid (null: a school and
--          grade), student_number, first_name, last_name, preferred_name text, days, missed, unexcused numeric (days),
--          rate numeric 0..1, place int (1 = the worst); with a page also the student whom it comes after, and the one
--          whom the page before comes after
WITH totals AS (
    SELECT
        student_id,
        school_id,
        grade_level,
        days,
        missed,
        unexcused
    FROM attendance_totals
    WHERE cast(:has_totals AS bool) AND student_id <> ALL(:apart)
    UNION ALL
    SELECT
        counted.student_id,
        counted.school_id,
        counted.grade_level,
        counted.days,
        counted.missed,
        counted.unexcused
    FROM
        rollbook_attendance_totals(
            :students, :apart, :since, :until, :kept, :counted_since, :counted_until
        ) AS counted
    WHERE NOT (cast(:has_totals AS bool) AND cardinality(cast(:apart AS uuid[])) = 0)
),

placed AS MATERIALIZED (
    SELECT
        totals.*,
        totals.days >= :minimum_days AND totals.missed >= :chronic_rate * totals.days AS is_chronic
    FROM totals
),

listed AS MATERIALIZED (
    SELECT
        placed.*,
        schools.school_code,
        schools.name AS school,
        students.student_number,
        students.first_name,
        students.last_name,
        students.preferred_name,
        placed.missed / placed.days AS rate,
        row_number() OVER (
            ORDER BY
                placed.missed / placed.days DESC,
                schools.school_code ASC,
                placed.grade_level ASC,
                students.student_number ASC
        ) AS place
    FROM placed
    INNER JOIN schools ON placed.school_id = schools.school_id
    INNER JOIN students ON placed.student_id = students.student_id
    WHERE placed.is_chronic AND (cast(:school AS text) IS NULL OR schools.school_code = :school)
),

begin AS (
    SELECT coalesce((SELECT listed.place FROM listed WHERE listed.student_id = :after), 0) AS place
)

SELECT
    schools.school_code,
    schools.name AS school,
    placed.grade_level,
    count(*) AS students,
    count(*) FILTER (WHERE placed.is_chronic) AS chronic,
    NULL::uuid AS student_id,
    NULL AS student_number,
    NULL AS first_name,
    NULL AS last_name,
    NULL AS preferred_name,
    sum(placed.days) AS days,
    sum(placed.missed) AS missed,
    sum(placed.unexcused) AS unexcused,
    sum(placed.missed) / sum(placed.days) AS rate,
    NULL::bigint AS place
FROM placed
INNER JOIN schools ON placed.school_id = schools.school_id
GROUP BY schools.school_code, schools.name, placed.grade_level
UNION ALL
SELECT
    listed.school_code,
    listed.school,
    listed.grade_level,
    NULL AS students,
    NULL AS chronic,
    listed.student_id,
    listed.student_number,
    listed.first_name,
    listed.last_name,
    listed.preferred_name,
    listed.days,
    listed.missed,
    listed.unexcused,
    listed.rate,
    listed.place
FROM listed
CROSS JOIN begin
WHERE
    cast(:page_size AS int) IS NULL
    OR listed.place BETWEEN begin.place AND begin.place + :page_size
    OR listed.place = begin.place - :page_size
ORDER BY place;

-- name: weekly_rates
-- Days missed by week and grade. Whoever sees the whole tenant is answered from the sums that are kept, less the kept
-- weeks of those who stand apart, who are counted anew.
-- params   sees_all bool, students uuid[] or null (all in sight), apart uuid[], since, until date, kept date[],
--          counted_since, counted_until date (what they mean is said of rollbook_attendance_weeks), school text or null
--          (its code)
-- returns  week date (its Monday), grade_level int or null, days int, missed numeric (days)
WITH weeks AS (
    SELECT
        week,
        school_id,
        nullif(grade_level, -1) AS grade_level,
        days,
        missed
    FROM attendance_week_sums
    WHERE
        cast(:sees_all AS bool)
        AND week = ANY(:kept)
    UNION ALL
    SELECT
        week,
        school_id,
        grade_level,
        -days AS days,
        -missed AS missed
    FROM attendance_weeks
    WHERE
        cast(:sees_all AS bool)
        AND week = ANY(:kept)
        AND student_id = ANY(:apart)
    UNION ALL
    SELECT
        counted.week,
        counted.school_id,
        counted.grade_level,
        counted.days,
        counted.missed
    FROM
        rollbook_attendance_weeks(
            :students,
            :apart,
            :since,
            :until,
            :kept,
            :counted_since,
            :counted_until,
            NOT cast(:sees_all AS bool)
        ) AS counted
)

SELECT
    weeks.week,
    weeks.grade_level,
    sum(weeks.days::int) AS days,
    sum(weeks.missed) AS missed
FROM weeks
INNER JOIN schools ON weeks.school_id = schools.school_id
WHERE cast(:school AS text) IS NULL OR schools.school_code = :school
GROUP BY weeks.week, weeks.grade_level
HAVING sum(weeks.days::int) > 0
ORDER BY weeks.week, weeks.grade_level;

-- name: enrolled_at
-- Where a student is enrolled on a day, whether that is a day of instruction, and whether its month can be written.
-- params   student_id uuid, on_day date
-- returns  at most one row: school_id uuid, is_instructional bool or null (the school has no calendar), has_month bool
SELECT
    enrollments.school_id,
    coalesce(
        (
            SELECT days.is_instructional
            FROM school_calendar_days AS days
            WHERE days.school_id = enrollments.school_id AND days.date = :on_day
        ),
        -- a calendar that leaves the day out says that there was no school
        (
            SELECT CASE WHEN :on_day BETWEEN min(days.date) AND max(days.date) THEN FALSE END
            FROM school_calendar_days AS days
            WHERE days.school_id = enrollments.school_id
        )
    ) AS is_instructional,
    to_regclass('attendance_records_' || to_char(cast(:on_day AS date), 'YYYY_MM')) IS NOT NULL AS has_month
FROM student_school_enrollments AS enrollments
WHERE
    enrollments.student_id = :student_id
    AND enrollments.is_primary
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day);

-- name: school_on
-- What is known of a school's day before its attendance is taken.
-- params   school_id uuid, on_day date
-- returns  one row: is_instructional bool or null (no calendar), has_month bool, is_by_exception bool, submitted_through
--          date or null, day_before date or null (the instructional day before)
SELECT
    coalesce(
        (
            SELECT days.is_instructional
            FROM school_calendar_days AS days
            WHERE days.school_id = :school_id AND days.date = :on_day
        ),
        (
            SELECT CASE WHEN :on_day BETWEEN min(days.date) AND max(days.date) THEN FALSE END
            FROM school_calendar_days AS days
            WHERE days.school_id = :school_id
        )
    ) AS is_instructional,
    to_regclass('attendance_records_' || to_char(cast(:on_day AS date), 'YYYY_MM')) IS NOT NULL AS has_month,
    coalesce(submissions.is_by_exception, FALSE) AS is_by_exception,
    submissions.submitted_through,
    (
        SELECT max(days.date)
        FROM school_calendar_days AS days
        WHERE days.school_id = :school_id AND days.is_instructional AND days.date < :on_day
    ) AS day_before
FROM (SELECT 1) AS always
LEFT JOIN attendance_submissions AS submissions ON submissions.school_id = :school_id;

-- name: mark
-- Write a student's mark; one that says the same stays as it is.
-- params   tenant_id int, student_id uuid, on_day date, period int, status text, minutes_late int, reason text or null
-- returns  one row if something was written
INSERT INTO attendance_records AS ours (tenant_id, student_id, date, period, status, minutes_late, reason)
VALUES (:tenant_id, :student_id, :on_day, :period, :status, :minutes_late, :reason)
ON CONFLICT (tenant_id, student_id, date, period) DO UPDATE
    SET
        status = excluded.status,
        minutes_late = excluded.minutes_late,
        reason = excluded.reason,
        known_at = excluded.known_at,
        import_id = NULL
    WHERE
    (ours.status, ours.minutes_late, ours.reason)
    IS DISTINCT FROM (excluded.status, excluded.minutes_late, excluded.reason)
RETURNING 1 AS written;

-- name: strangers
-- How many of some students are not enrolled at a school on a day, or out of sight.
-- params   student_ids uuid[], school_id uuid, on_day date
-- returns  one row: strangers int
SELECT count(*) AS strangers
FROM unnest(cast(:student_ids AS uuid[])) AS named (student_id)
WHERE
    NOT EXISTS (
        SELECT FROM student_school_enrollments AS enrollments
        WHERE
            enrollments.student_id = named.student_id
            AND enrollments.school_id = :school_id
            AND enrollments.is_primary
            AND enrollments.entry_on <= :on_day
            AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    );

-- name: take_back_marks
-- Marks of a school's day that its newest list does not have: whoever it does not name was there.
-- params   tenant_id int, school_id uuid, on_day date, student_ids uuid[], periods int[] (the list's)
-- returns  one row for each mark that is gone
DELETE FROM attendance_records AS ours
WHERE
    ours.tenant_id = :tenant_id
    AND ours.date = :on_day
    AND ours.student_id IN (
        SELECT enrollments.student_id
        FROM student_school_enrollments AS enrollments
        WHERE
            enrollments.tenant_id = :tenant_id
            AND enrollments.school_id = :school_id
            AND enrollments.is_primary
            AND enrollments.entry_on <= :on_day
            AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    )
    AND NOT EXISTS (
        SELECT
        FROM unnest(cast(:student_ids AS uuid[]), cast(:periods AS int[])) AS named (student_id, period)
        WHERE named.student_id = ours.student_id AND named.period = ours.period
    )
    AND NOT (
        ours.status = 'present' AND ours.period = 0 AND ours.student_id <> ALL(cast(:student_ids AS uuid[]))
    )
RETURNING 1 AS gone;

-- name: write_marks
-- Write a list of marks of one day; those that say the same stay as they are.
-- params   tenant_id int, on_day date, student_ids uuid[], periods int[], statuses text[], minutes int[], reasons text[]
-- returns  one row for each mark that was written
INSERT INTO attendance_records AS ours (tenant_id, student_id, date, period, status, minutes_late, reason)
SELECT
    :tenant_id,
    named.student_id,
    :on_day,
    named.period,
    named.status,
    named.minutes_late,
    named.reason
FROM
    unnest(
        cast(:student_ids AS uuid[]),
        cast(:periods AS int[]),
        cast(:statuses AS text[]),
        cast(:minutes AS int[]),
        cast(:reasons AS text[])
    ) AS named (student_id, period, status, minutes_late, reason)
ON CONFLICT (tenant_id, student_id, date, period) DO UPDATE
    SET
        status = excluded.status,
        minutes_late = excluded.minutes_late,
        reason = excluded.reason,
        known_at = excluded.known_at,
        import_id = NULL
    WHERE
    (ours.status, ours.minutes_late, ours.reason)
    IS DISTINCT FROM (excluded.status, excluded.minutes_late, excluded.reason)
RETURNING 1 AS written;

-- name: mark_present
-- Mark present for the whole day everyone enrolled at a school who has no mark; one that was taken back is corrected.
-- params   tenant_id int, school_id uuid, on_day date, student_ids uuid[] (of the list: they have marks of their own)
-- returns  one row for each mark that was written
INSERT INTO attendance_records AS ours (tenant_id, student_id, date, period, status)
SELECT
    enrollments.tenant_id,
    enrollments.student_id,
    :on_day,
    0,
    'present'
FROM student_school_enrollments AS enrollments
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.school_id = :school_id
    AND enrollments.is_primary
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    AND enrollments.student_id <> ALL(cast(:student_ids AS uuid[]))
ON CONFLICT (tenant_id, student_id, date, period) DO NOTHING
RETURNING 1 AS written;

-- name: submit_through
-- Say in what form a school sends attendance, and through which day it is complete.
-- params   tenant_id int, school_id uuid, is_by_exception bool, through date or null
INSERT INTO attendance_submissions AS ours (tenant_id, school_id, is_by_exception, submitted_through)
VALUES (:tenant_id, :school_id, :is_by_exception, cast(:through AS date))
ON CONFLICT (tenant_id, school_id) DO UPDATE SET
    is_by_exception = excluded.is_by_exception,
    submitted_through = excluded.submitted_through,
    known_at = excluded.known_at,
    import_id = NULL
WHERE
(ours.is_by_exception, ours.submitted_through)
IS DISTINCT FROM (excluded.is_by_exception, excluded.submitted_through);

-- name: school_ids
-- The schools of some codes.
-- params   codes text[]
-- returns  school_code text, school_id uuid
SELECT
    school_code,
    school_id
FROM schools
WHERE school_code = ANY(:codes);
