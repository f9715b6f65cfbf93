-- Curriculum's inputs to risk. Contract: see rollbook/risk/__init__.py.

-- name: courses
-- What a student entered with, takes at the same time and ended before, as known then.
-- returns  subject int and the features of room "curriculum" in risk/catalogue.py
WITH enrollments AS (
    SELECT
        student_id,
        section_id,
        withdrawn_on,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM course_enrollments
    UNION ALL
    SELECT
        student_id,
        section_id,
        withdrawn_on,
        known_at,
        superseded_at
    FROM course_enrollments_history
),

outcomes AS (
    SELECT
        student_id,
        section_id,
        result,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM course_outcomes
    UNION ALL
    SELECT
        student_id,
        section_id,
        result,
        known_at,
        superseded_at
    FROM course_outcomes_history
),

others AS (
    SELECT
        cohort.subject,
        cohort.student_id,
        cohort.as_of,
        cohort.known_until,
        enrollments.section_id,
        enrollments.withdrawn_on <= cohort.as_of AS is_left,
        cohort.as_of BETWEEN sections.starts_on AND sections.ends_on AS is_running
    FROM cohort
    INNER JOIN enrollments
        ON
            cohort.student_id = enrollments.student_id
            AND cohort.known_until > enrollments.known_at
            AND cohort.known_until <= enrollments.superseded_at
    INNER JOIN sections ON enrollments.section_id = sections.section_id
    LEFT JOIN cohort_sections AS own
        ON cohort.subject = own.subject AND enrollments.section_id = own.section_id
    WHERE own.subject IS NULL
),

elsewhere AS (
    SELECT
        others.subject,
        count(*) FILTER (WHERE outcomes.result IS NULL AND is_running AND is_left IS NOT TRUE)
            AS courses_beside,
        count(*) FILTER (WHERE outcomes.result IN ('pass', 'distinction')) AS courses_passed,
        count(*) FILTER (WHERE outcomes.result = 'fail') AS courses_failed,
        count(*) FILTER (WHERE outcomes.result = 'withdrawn' OR is_left) AS courses_left
    FROM others
    LEFT JOIN outcomes
        ON
            others.student_id = outcomes.student_id
            AND others.section_id = outcomes.section_id
            AND others.known_until > outcomes.known_at
            AND others.known_until <= outcomes.superseded_at
    GROUP BY others.subject
),

entry AS (
    SELECT
        subject,
        count(*) AS courses_open,
        max(as_of - starts_on) AS days_elapsed,
        max((as_of - starts_on)::double precision / (ends_on - starts_on)) AS share_elapsed,
        avg(starts_on - enrolled_on)::double precision AS enrolled_days_before,
        max(prior_attempts) AS prior_attempts,
        max(load_credits)::double precision AS load_credits,
        max(CASE entry_facts ->> 'highest_education'
            WHEN 'No Formal quals' THEN 0
            WHEN 'Lower Than A Level' THEN 1
            WHEN 'A Level or Equivalent' THEN 2
            WHEN 'HE Qualification' THEN 3
            WHEN 'Post Graduate Qualification' THEN 4
        END) AS prior_education
    FROM cohort_sections
    GROUP BY subject
)

SELECT
    entry.*,
    coalesce(elsewhere.courses_beside, 0) AS courses_beside,
    coalesce(elsewhere.courses_passed, 0) AS courses_passed,
    coalesce(elsewhere.courses_failed, 0) AS courses_failed,
    coalesce(elsewhere.courses_left, 0) AS courses_left
FROM entry
LEFT JOIN elsewhere ON entry.subject = elsewhere.subject;
