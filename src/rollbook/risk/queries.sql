-- Several of these fill or read the temporary tables that __init__.py describes.

-- name: make_cohort_days
-- The days that a cohort is wanted of; empty.
CREATE TEMPORARY TABLE IF NOT EXISTS cohort_days (
    as_of date PRIMARY KEY,
    known_until timestamptz NOT NULL
) ON COMMIT DROP;

-- name: make_cohort_sections
-- The sections of each subject; empty.
CREATE TEMPORARY TABLE IF NOT EXISTS cohort_sections (
    subject int NOT NULL,
    tenant_id int NOT NULL,
    student_id uuid NOT NULL,
    section_id uuid NOT NULL,
    course_code text NOT NULL,
    section_code text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL,
    as_of date NOT NULL,
    known_until timestamptz NOT NULL,
    enrolled_on date,
    prior_attempts int,
    load_credits numeric,
    entry_facts jsonb NOT NULL,
    PRIMARY KEY (subject, section_id)
) ON COMMIT DROP;

-- name: make_cohort
-- The subjects; empty.
CREATE TEMPORARY TABLE IF NOT EXISTS cohort (
    subject int PRIMARY KEY,
    tenant_id int NOT NULL,
    student_id uuid NOT NULL,
    section_id uuid,
    as_of date NOT NULL,
    since date NOT NULL,
    known_until timestamptz NOT NULL
) ON COMMIT DROP;

-- name: first_start
-- When the first section starts.
-- returns  first date (null = there are no sections)
SELECT min(starts_on) AS first FROM sections;

-- name: days_of_sections
-- The dates that lie so many days after the start of a section, before its end.
-- params   elapsed int[] (days since the start), ended_by date (of sections that ended by then)
-- returns  as_of date
SELECT DISTINCT sections.starts_on + elapsed.days AS as_of
FROM sections
CROSS JOIN unnest(cast(:elapsed AS int[])) AS elapsed (days)
WHERE sections.starts_on + elapsed.days <= sections.ends_on AND sections.ends_on <= :ended_by
ORDER BY as_of;

-- name: elapsed_days
-- How many days the sections that run on a day have run.
-- params   as_of date
-- returns  days int
SELECT DISTINCT cast(:as_of AS date) - starts_on AS days
FROM sections
WHERE :as_of BETWEEN starts_on AND ends_on
ORDER BY days;

-- name: add_cohort_days
-- Ask for these days.
-- params   days date[], closes timestamptz[] (the close of each day)
INSERT INTO cohort_days (as_of, known_until)
SELECT
    days.as_of,
    days.known_until
FROM unnest(cast(:days AS date[]), cast(:closes AS timestamptz[])) AS days (as_of, known_until);

-- name: fill_cohort_sections
-- Who is in which section, running and undecided, as each day of cohort_days knew it.
-- Subjects are numbered by day, student number and codes, never by id: a fresh import numbers them alike.
-- params   by_section bool (a subject is a student in a section), elapsed int[] (only these days; null = all)
INSERT INTO cohort_sections (
    subject,
    tenant_id,
    student_id,
    section_id,
    course_code,
    section_code,
    starts_on,
    ends_on,
    as_of,
    known_until,
    enrolled_on, prior_attempts, load_credits, entry_facts
)
WITH known AS (
    SELECT
        enrollments.tenant_id,
        enrollments.student_id,
        enrollments.section_id,
        enrollments.enrolled_on,
        enrollments.withdrawn_on,
        enrollments.prior_attempts,
        enrollments.load_credits,
        enrollments.entry_facts,
        days.as_of,
        days.known_until
    FROM course_enrollments AS enrollments
    INNER JOIN cohort_days AS days ON enrollments.known_at < days.known_until
    UNION ALL
    SELECT
        enrollments.tenant_id,
        enrollments.student_id,
        enrollments.section_id,
        enrollments.enrolled_on,
        enrollments.withdrawn_on,
        enrollments.prior_attempts,
        enrollments.load_credits,
        enrollments.entry_facts,
        days.as_of,
        days.known_until
    FROM course_enrollments_history AS enrollments
    INNER JOIN cohort_days AS days
        ON enrollments.known_at < days.known_until AND enrollments.superseded_at >= days.known_until
),

decided AS (
    SELECT
        outcomes.student_id,
        outcomes.section_id,
        days.as_of
    FROM course_outcomes AS outcomes
    INNER JOIN cohort_days AS days ON outcomes.known_at < days.known_until
    UNION ALL
    SELECT
        outcomes.student_id,
        outcomes.section_id,
        days.as_of
    FROM course_outcomes_history AS outcomes
    INNER JOIN cohort_days AS days
        ON outcomes.known_at < days.known_until AND outcomes.superseded_at >= days.known_until
),

open AS (
    SELECT
        known.*,
        sections.section_code,
        sections.starts_on,
        sections.ends_on,
        courses.course_code,
        students.student_number
    FROM known
    INNER JOIN sections ON known.tenant_id = sections.tenant_id AND known.section_id = sections.section_id
    INNER JOIN courses ON sections.tenant_id = courses.tenant_id AND sections.course_id = courses.course_id
    INNER JOIN students ON known.tenant_id = students.tenant_id AND known.student_id = students.student_id
    LEFT JOIN decided
        ON
            known.student_id = decided.student_id
            AND known.section_id = decided.section_id
            AND known.as_of = decided.as_of
    WHERE
        decided.as_of IS NULL
        AND known.as_of BETWEEN sections.starts_on AND sections.ends_on
        AND (known.enrolled_on IS NULL OR known.enrolled_on <= known.as_of)
        AND (known.withdrawn_on IS NULL OR known.withdrawn_on > known.as_of)
        AND (
            cast(:elapsed AS int[]) IS NULL
            OR NOT :by_section
            OR known.as_of - sections.starts_on = any(cast(:elapsed AS int[]))
        )
)

SELECT
    dense_rank() OVER (
        ORDER BY
            as_of,
            student_number COLLATE "C",
            CASE WHEN :by_section THEN course_code END COLLATE "C",
            CASE WHEN :by_section THEN section_code END COLLATE "C"
    ) AS subject,
    tenant_id,
    student_id,
    section_id,
    course_code,
    section_code,
    starts_on,
    ends_on,
    as_of,
    known_until,
    enrolled_on,
    prior_attempts,
    load_credits,
    entry_facts
FROM open;

-- name: fill_cohort
-- The subjects of cohort_sections.
-- params   by_section bool (a subject is a student in a section)
INSERT INTO cohort (subject, tenant_id, student_id, section_id, as_of, since, known_until)
SELECT
    subject,
    tenant_id,
    student_id,
    CASE WHEN :by_section THEN section_id END AS section_id,
    as_of,
    min(starts_on) AS since,
    known_until
FROM cohort_sections
GROUP BY subject, tenant_id, student_id, CASE WHEN :by_section THEN section_id END, as_of, known_until;

-- name: subjects
-- The cohort in its order, with what a report groups by.
-- returns  subject int, student_id uuid, section_id uuid, student_number text, course_code text, section_code text,
--          starts_on date, as_of date (course_code, section_code: null where the subject has several sections)
SELECT
    cohort.subject,
    cohort.student_id,
    cohort.section_id,
    students.student_number,
    sections.course_code,
    sections.section_code,
    cohort.since AS starts_on,
    cohort.as_of
FROM cohort
INNER JOIN students ON cohort.tenant_id = students.tenant_id AND cohort.student_id = students.student_id
LEFT JOIN cohort_sections AS sections
    ON cohort.subject = sections.subject AND cohort.section_id = sections.section_id
ORDER BY cohort.subject;

-- name: labels
-- How it ended for each subject, as learned after the day and before a later instant.
-- A subject with a section still running on that later day has no label, not even a bad one: else those who
-- left early would be the only ones with a known end.
-- params   learned_until timestamptz, ended_by date
-- returns  subject int, is_at_risk bool (null = not known)
WITH learned AS (
    SELECT
        student_id,
        section_id,
        result,
        known_at
    FROM course_outcomes
    WHERE known_at < :learned_until
    UNION ALL
    SELECT
        student_id,
        section_id,
        result,
        known_at
    FROM course_outcomes_history
    WHERE known_at < :learned_until AND superseded_at >= :learned_until
)

SELECT
    sections.subject,
    CASE
        WHEN bool_or(sections.ends_on > :ended_by OR learned.result IS NULL) THEN NULL
        ELSE bool_or(learned.result IN ('fail', 'withdrawn'))
    END AS is_at_risk
FROM cohort_sections AS sections
LEFT JOIN learned
    ON
        sections.student_id = learned.student_id
        AND sections.section_id = learned.section_id
        AND sections.known_until <= learned.known_at
GROUP BY sections.subject
ORDER BY sections.subject;

-- name: make_staged_features
-- A day's features on their way in.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_features (
    student_id uuid NOT NULL,
    section_id uuid,
    feature_vector jsonb NOT NULL
) ON COMMIT DROP;

-- name: make_staged_predictions
-- A day's predictions on their way in.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_predictions (
    student_id uuid NOT NULL,
    section_id uuid,
    risk_score double precision NOT NULL,
    risk_category text NOT NULL,
    confidence double precision NOT NULL,
    rank int NOT NULL,
    risk_factors jsonb NOT NULL
) ON COMMIT DROP;

-- name: drop_old_features
-- A subject that is no longer in the day's cohort has no features on it.
-- params   tenant_id int, as_of date, feature_set_version text
DELETE FROM student_features AS kept
WHERE
    kept.tenant_id = :tenant_id
    AND kept.feature_date = :as_of
    AND kept.feature_set_version = :feature_set_version
    AND NOT EXISTS (
        SELECT 1
        FROM staged_features AS staged
        WHERE
            staged.student_id = kept.student_id
            AND staged.section_id IS NOT DISTINCT FROM kept.section_id
    );

-- name: merge_features
-- Keep a day's features where they are new or differ.
-- params   tenant_id int, as_of date, feature_set_version text
INSERT INTO student_features AS kept (
    tenant_id,
    student_id,
    section_id,
    feature_date,
    feature_set_version,
    attendance_rate,
    gpa_current,
    discipline_incidents,
    feature_vector
)
SELECT
    :tenant_id AS tenant_id,
    student_id,
    section_id,
    :as_of AS feature_date,
    :feature_set_version AS feature_set_version,
    1 - (feature_vector ->> 'missed_rate')::double precision AS attendance_rate,
    (feature_vector ->> 'gpa_current')::double precision AS gpa_current,
    (feature_vector ->> 'incidents')::double precision::int AS discipline_incidents,
    feature_vector
FROM staged_features
ON CONFLICT ON CONSTRAINT uq_student_features_subject DO UPDATE
    SET
        attendance_rate = excluded.attendance_rate,
        gpa_current = excluded.gpa_current,
        discipline_incidents = excluded.discipline_incidents,
        feature_vector = excluded.feature_vector
    WHERE kept.feature_vector IS DISTINCT FROM excluded.feature_vector;

-- name: drop_old_predictions
-- A subject that is no longer in the day's cohort has no prediction on it; one that somebody judged is kept.
-- params   tenant_id int, as_of date, model_version text
DELETE FROM predictions AS kept
WHERE
    kept.tenant_id = :tenant_id
    AND kept.as_of = :as_of
    AND kept.model_version = :model_version
    AND NOT EXISTS (
        SELECT 1
        FROM staged_predictions AS staged
        WHERE
            staged.student_id = kept.student_id
            AND staged.section_id IS NOT DISTINCT FROM kept.section_id
    )
    AND NOT EXISTS (
        SELECT 1
        FROM training_feedback AS feedback
        WHERE feedback.tenant_id = kept.tenant_id AND feedback.prediction_id = kept.prediction_id
    );

-- name: merge_predictions
-- Keep a day's predictions where they are new or differ.
-- params   tenant_id int, as_of date, model_version text, feature_set_version text
INSERT INTO predictions AS kept (
    tenant_id,
    student_id,
    section_id,
    as_of,
    risk_score,
    risk_category,
    confidence,
    rank,
    cohort_size,
    risk_factors,
    model_version, feature_set_version
)
SELECT
    :tenant_id AS tenant_id,
    student_id,
    section_id,
    :as_of AS as_of,
    risk_score,
    risk_category,
    confidence,
    rank,
    count(*) OVER () AS cohort_size,
    risk_factors,
    :model_version AS model_version,
    :feature_set_version AS feature_set_version
FROM staged_predictions
ON CONFLICT ON CONSTRAINT uq_predictions_subject DO UPDATE
    SET
        risk_score = excluded.risk_score,
        risk_category = excluded.risk_category,
        confidence = excluded.confidence,
        rank = excluded.rank,
        cohort_size = excluded.cohort_size,
        risk_factors = excluded.risk_factors
    WHERE
    (kept.risk_score, kept.risk_category, kept.confidence, kept.rank, kept.cohort_size, kept.risk_factors)
    IS DISTINCT FROM (
        excluded.risk_score, excluded.risk_category, excluded.confidence, excluded.rank, excluded.cohort_size,
        excluded.risk_factors
    );

-- name: presentation_ends
-- When the sections that share a code have all ended.
-- returns  section_code text, ends_on date
SELECT
    section_code,
    max(ends_on) AS ends_on
FROM sections
GROUP BY section_code;
