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
