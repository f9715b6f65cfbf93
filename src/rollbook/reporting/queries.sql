-- name: last_day_kept
-- The last day that the tenant's calendar, sessions and sections reach.
-- params   tenant_id int
-- returns  one row: last_day date or null
SELECT
    greatest(
        (SELECT max(date) FROM school_calendar_days WHERE tenant_id = :tenant_id),
        (SELECT max(ends_on) FROM academic_sessions WHERE tenant_id = :tenant_id),
        (SELECT max(ends_on) FROM sections WHERE tenant_id = :tenant_id)
    ) AS last_day;

-- name: has_month
-- Is there a partition of a table for the month of a day?
-- params   table_name text, day date
-- returns  one row: has_month bool
SELECT to_regclass(:table_name || '_' || to_char(cast(:day AS date), 'YYYY_MM')) IS NOT NULL AS has_month;

-- name: schools_in_sight
-- Schools that a student in sight is or was enrolled in.
-- params   tenant_id int
-- returns  school_id uuid
SELECT DISTINCT school_id
FROM student_school_enrollments
WHERE tenant_id = :tenant_id;
