-- What happened in the system, and what students did online.

-- name: ensure_log_month
-- Make the partition of the log for the month of a day.
-- params   day date
SELECT rollbook_ensure_months('activity_logs', :day, :day);

-- name: write_log
-- Add an entry to the log.
-- params   tenant_id int, action text, user_id uuid or null, student_id uuid or null, details jsonb
INSERT INTO activity_logs (tenant_id, action, user_id, student_id, details)
VALUES (:tenant_id, :action, :user_id, :student_id, cast(:details AS jsonb));

-- name: read_log
-- The newest entries of the log in [since, until): those about a student in sight; with the whole tenant in sight
-- also those about none.
-- params   tenant_id int, since timestamptz, until timestamptz, action text or null, student_id uuid or null,
--          page_size int
-- returns  logged_at timestamptz, action text, user_id, student_id uuid, details jsonb
SELECT
    logged_at,
    action,
    user_id,
    student_id,
    details
FROM activity_logs
WHERE
    tenant_id = :tenant_id
    AND logged_at >= :since
    AND logged_at < :until
    AND (cast(:action AS text) IS NULL OR action = :action)
    AND (cast(:student_id AS uuid) IS NULL OR student_id = :student_id)
ORDER BY logged_at DESC, log_id DESC
LIMIT :page_size;

-- name: event_days
-- What the students in sight did online, by day and kind.
-- params   tenant_id int, since date, until date (both inclusive)
-- returns  day date, event_type text, students int, events int
SELECT
    event_on AS day,
    event_type,
    count(DISTINCT student_id) AS students,
    sum(event_count)::bigint AS events
FROM analytics_events
WHERE tenant_id = :tenant_id AND event_on BETWEEN :since AND :until
GROUP BY event_on, event_type
ORDER BY event_on, event_type;
