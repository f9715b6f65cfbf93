-- name: student_weeks
-- What a student did online, by week.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive)
-- returns  week date (its Monday), active_days int, events int, last_on date
SELECT
    event_on - (extract(ISODOW FROM event_on)::int - 1) AS week,
    count(DISTINCT event_on) AS active_days,
    sum(event_count)::bigint AS events,
    max(event_on) AS last_on
FROM analytics_events
WHERE
    tenant_id = :tenant_id
    AND student_id = :student_id
    AND event_on >= :since
    AND event_on <= :until
GROUP BY week
ORDER BY week;
