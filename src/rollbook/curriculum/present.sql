-- name: last_day_kept
-- The last day that the tenant's calendar, sessions and sections reach; without any, the end of the last school year
-- that somebody was enrolled in.
-- params   tenant_id int
-- returns  one row: last_day date or null
SELECT
    coalesce(
        greatest(
            (SELECT max(date) FROM school_calendar_days WHERE tenant_id = :tenant_id),
            (SELECT max(ends_on) FROM academic_sessions WHERE tenant_id = :tenant_id),
            (SELECT max(ends_on) FROM sections WHERE tenant_id = :tenant_id)
        ),
        (
            SELECT make_date(max(school_year), 6, 30)
            FROM student_school_enrollments
            WHERE tenant_id = :tenant_id
        )
    ) AS last_day;
