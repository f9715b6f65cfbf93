-- Roster's inputs to risk. Contract: see rollbook/risk/__init__.py.
-- Who a student is (gender, race, income, disability, language, age) is no input, here or elsewhere.

-- name: schools
-- Which grade a student is in, and how settled they are, as known then.
-- returns  subject int and the features of room "roster" in risk/catalogue.py
WITH enrollments AS (
    SELECT
        student_id,
        enrollment_id,
        school_id,
        grade_level,
        entry_on,
        exit_on,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM student_school_enrollments
    UNION ALL
    SELECT
        student_id,
        enrollment_id,
        school_id,
        grade_level,
        entry_on,
        exit_on,
        known_at,
        superseded_at
    FROM student_school_enrollments_history
)

SELECT
    cohort.subject,
    max(enrollments.grade_level)
    FILTER (WHERE enrollments.exit_on IS NULL OR enrollments.exit_on > cohort.as_of)
        AS grade_level,
    count(DISTINCT enrollments.school_id) AS schools_past_year,
    max(cohort.as_of - enrollments.entry_on)
    FILTER (WHERE enrollments.exit_on IS NULL OR enrollments.exit_on > cohort.as_of)
        AS days_at_school
FROM cohort
INNER JOIN enrollments
    ON
        cohort.student_id = enrollments.student_id
        AND cohort.known_until > enrollments.known_at
        AND cohort.known_until <= enrollments.superseded_at
        AND cohort.as_of >= enrollments.entry_on
        AND (enrollments.exit_on IS NULL OR enrollments.exit_on > cohort.as_of - 365)
GROUP BY cohort.subject;
