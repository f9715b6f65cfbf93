-- Conduct's inputs to risk. Contract: see rollbook/risk/__init__.py.

-- name: incidents
-- How many incidents a student was part of and how grave, as known then. Where none was known of anybody, nobody
-- is known to be free of them: no rows.
-- returns  subject int and the features of room "conduct" in risk/catalogue.py
WITH versions AS (
    SELECT
        student_id,
        incident_id,
        incident_on,
        severity_level,
        action_taken,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM discipline_incidents
    UNION ALL
    SELECT
        student_id,
        incident_id,
        incident_on,
        severity_level,
        action_taken,
        known_at,
        superseded_at
    FROM discipline_incidents_history
),

recorded AS (
    SELECT min(known_at) AS first_known_at FROM versions
)

SELECT
    cohort.subject,
    count(versions.incident_id) FILTER (WHERE versions.incident_on >= cohort.since) AS incidents,
    count(versions.incident_id) FILTER (WHERE versions.incident_on > cohort.as_of - 30) AS incidents_30,
    count(versions.incident_id) AS incidents_year,
    coalesce(max(versions.severity_level), 0) AS worst_severity,
    count(versions.incident_id) FILTER (WHERE versions.action_taken ILIKE '%suspen%') AS suspensions
FROM cohort
INNER JOIN recorded ON cohort.known_until > recorded.first_known_at
LEFT JOIN versions
    ON
        cohort.student_id = versions.student_id
        AND cohort.known_until > versions.known_at
        AND cohort.known_until <= versions.superseded_at
        AND versions.incident_on BETWEEN cohort.as_of - 365 AND cohort.as_of
GROUP BY cohort.subject;
