-- Conduct's inputs to risk. Contract: see rollbook/risk/__init__.py.

-- name: incidents
-- How many incidents a student brought about and how grave, as known then: who met or saw one is at no risk by it.
-- Where none was known of anybody, nobody is known to be free of them: no rows.
-- returns  subject int and the features of room "conduct" in risk/catalogue.py
WITH events AS (
    SELECT
        incident_id,
        incident_on,
        severity_level,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM discipline_incidents
    UNION ALL
    SELECT
        incident_id,
        incident_on,
        severity_level,
        known_at,
        superseded_at
    FROM discipline_incidents_history
),

perpetrators AS (
    SELECT
        incident_id,
        student_id,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM incident_participants
    WHERE participant_role = 'perpetrator'
    UNION ALL
    SELECT
        incident_id,
        student_id,
        known_at,
        superseded_at
    FROM incident_participants_history
    WHERE participant_role = 'perpetrator'
),

suspensions AS (
    SELECT
        incident_id,
        student_id,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM discipline_actions
    WHERE action_type ILIKE '%suspen%'
    UNION ALL
    SELECT
        incident_id,
        student_id,
        known_at,
        superseded_at
    FROM discipline_actions_history
    WHERE action_type ILIKE '%suspen%'
),

recorded AS (
    SELECT min(known_at) AS first_known_at FROM events
),

suspended AS (
    SELECT DISTINCT
        cohort.subject,
        suspensions.incident_id
    FROM cohort
    INNER JOIN suspensions
        ON
            cohort.student_id = suspensions.student_id
            AND cohort.known_until > suspensions.known_at
            AND cohort.known_until <= suspensions.superseded_at
),

known AS (
    SELECT
        cohort.subject,
        events.incident_id,
        events.incident_on,
        events.severity_level,
        suspended.incident_id IS NOT NULL AS is_suspended
    FROM cohort
    INNER JOIN perpetrators
        ON
            cohort.student_id = perpetrators.student_id
            AND cohort.known_until > perpetrators.known_at
            AND cohort.known_until <= perpetrators.superseded_at
    INNER JOIN events
        ON
            perpetrators.incident_id = events.incident_id
            AND cohort.known_until > events.known_at
            AND cohort.known_until <= events.superseded_at
            AND events.incident_on BETWEEN cohort.as_of - 365 AND cohort.as_of
    LEFT JOIN suspended
        ON cohort.subject = suspended.subject AND events.incident_id = suspended.incident_id
)

SELECT
    cohort.subject,
    count(known.incident_id) FILTER (WHERE known.incident_on >= cohort.since) AS incidents,
    count(known.incident_id) FILTER (WHERE known.incident_on > cohort.as_of - 30) AS incidents_30,
    count(known.incident_id) AS incidents_year,
    coalesce(max(known.severity_level), 0) AS worst_severity,
    count(known.incident_id) FILTER (WHERE known.is_suspended) AS suspensions
FROM cohort
INNER JOIN recorded ON cohort.known_until > recorded.first_known_at
LEFT JOIN known ON cohort.subject = known.subject
GROUP BY cohort.subject;
