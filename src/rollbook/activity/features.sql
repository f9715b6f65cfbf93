-- Activity's inputs to risk. Contract: see rollbook/risk/__init__.py.

-- name: engagement
-- How often and how lately a student was active, as known then.
-- A section counts as observed if an event of its last 7 days was known; in one that is not, nothing is known of
-- anybody (no rows here), and in one that is, a student without events did nothing (zeros).
WITH events AS (
    SELECT
        student_id,
        section_id,
        event_on,
        event_count,
        known_at,
        cast('infinity' AS timestamptz) AS superseded_at
    FROM analytics_events
    UNION ALL
    SELECT
        student_id,
        section_id,
        event_on,
        event_count,
        known_at,
        superseded_at
    FROM analytics_events_history
),

moments AS (
    SELECT DISTINCT
        section_id,
        as_of,
        known_until
    FROM cohort_sections
),

observed AS (
    SELECT moments.*
    FROM moments
    WHERE EXISTS (
            SELECT 1
            FROM events
            WHERE
                events.section_id = moments.section_id
                AND events.event_on > moments.as_of - 7
                AND events.event_on <= moments.as_of
                AND events.known_at < moments.known_until
                AND events.superseded_at >= moments.known_until
        )
),

daily AS (
    SELECT
        cohort.subject,
        cohort.section_id,
        cohort.as_of,
        cohort.starts_on,
        events.event_on,
        sum(events.event_count) AS clicks
    FROM cohort_sections AS cohort
    INNER JOIN observed ON cohort.section_id = observed.section_id AND cohort.as_of = observed.as_of
    LEFT JOIN events
        ON
            cohort.student_id = events.student_id
            AND cohort.section_id = events.section_id
            AND cohort.as_of >= events.event_on
            AND cohort.known_until > events.known_at
            AND cohort.known_until <= events.superseded_at
    GROUP BY cohort.subject, cohort.section_id, cohort.as_of, cohort.starts_on, events.event_on
),

by_section AS (
    SELECT
        subject,
        section_id,
        as_of,
        coalesce(sum(clicks), 0) AS clicks,
        coalesce(sum(clicks) FILTER (WHERE event_on < starts_on), 0) AS clicks_before_start,
        coalesce(sum(clicks) FILTER (WHERE event_on > as_of - 7), 0) AS clicks_7,
        coalesce(sum(clicks) FILTER (WHERE event_on > as_of - 14), 0) AS clicks_14,
        coalesce(sum(clicks) FILTER (WHERE event_on > as_of - 28), 0) AS clicks_28,
        count(event_on) FILTER (WHERE event_on >= starts_on) AS active_days,
        count(event_on) FILTER (WHERE event_on > as_of - 7) AS active_days_7,
        count(event_on) FILTER (WHERE event_on > as_of - 14) AS active_days_14,
        count(event_on) FILTER (WHERE event_on > as_of - 28) AS active_days_28,
        count(event_on) FILTER (WHERE event_on < starts_on) AS active_days_before_start,
        max(as_of - starts_on) AS days_elapsed,
        min(as_of - event_on) AS days_since_active
    FROM daily
    GROUP BY subject, section_id, as_of
),

placed AS (
    SELECT
        *,
        percent_rank() OVER (PARTITION BY as_of, section_id ORDER BY clicks) AS clicks_standing,
        percent_rank() OVER (PARTITION BY as_of, section_id ORDER BY clicks_14) AS clicks_14_standing,
        percent_rank() OVER (PARTITION BY as_of, section_id ORDER BY active_days) AS active_standing
    FROM by_section
)

SELECT
    subject,
    cast(sum(clicks) AS double precision) AS clicks,
    cast(sum(clicks_before_start) AS double precision) AS clicks_before_start,
    cast(sum(clicks_7) AS double precision) AS clicks_7,
    cast(sum(clicks_14) AS double precision) AS clicks_14,
    cast(sum(clicks_28) AS double precision) AS clicks_28,
    max(active_days) AS active_days,
    cast(max(active_days) AS double precision) / (max(days_elapsed) + 1) AS active_share,
    max(active_days_7) AS active_days_7,
    max(active_days_14) AS active_days_14,
    max(active_days_28) AS active_days_28,
    max(active_days_before_start) AS active_days_before_start,
    cast(avg(cast(clicks_standing AS numeric)) AS double precision) AS clicks_standing,
    cast(avg(cast(clicks_14_standing AS numeric)) AS double precision) AS clicks_14_standing,
    cast(avg(cast(active_standing AS numeric)) AS double precision) AS active_standing,
    min(days_since_active) AS days_since_active
FROM placed
GROUP BY subject
ORDER BY subject;
