-- The OULAD import up to the typed rows: staged text (stage_*) -> temporary tables of typed rows (oulad_*).

-- name: lock_import
-- One import per tenant at a time, until the end of the transaction; the tenant need not exist yet.
-- params   slug text
SELECT pg_advisory_xact_lock(hashtext('rollbook.import'), hashtext(:slug));

-- name: try_lock_import
-- The same without waiting.
-- params   slug text
-- returns  locked bool
SELECT pg_try_advisory_xact_lock(hashtext('rollbook.import'), hashtext(:slug)) AS locked;

-- name: plan_for_sets
-- Tables filled in this transaction have no statistics, and policies hide how many rows they let through; only
-- hash joins, which use every column of the key, are safe from a wrong guess.
SELECT
    set_config('enable_nestloop', 'off', TRUE),
    set_config('enable_mergejoin', 'off', TRUE),
    set_config('work_mem', '64MB', TRUE),
    set_config('jit', 'off', TRUE);

-- name: use_time_zone
-- From here on a day begins at midnight in this zone, for every cast of a date to an instant.
-- params   time_zone text
SELECT set_config('timezone', :time_zone, TRUE);

-- name: submissions_of_strangers
-- Submissions by students who are not registered in the assessment's presentation.
-- params   shown int
-- returns  total bigint, line bigint
WITH gone AS (
    DELETE FROM stage_student_assessment AS work
    USING stage_assessments AS assessment
    WHERE
        assessment.id_assessment = work.id_assessment
        AND NOT EXISTS (
            SELECT FROM stage_student_info AS student
            WHERE
                student.code_module = assessment.code_module
                AND student.code_presentation = assessment.code_presentation
                AND student.id_student = work.id_student
        )
    RETURNING work.line_number AS line
)

SELECT
    count(*) OVER () AS total,
    line
FROM gone
ORDER BY line
LIMIT :shown;

-- name: type_sections
-- Exact first days are not published: B is 1 February, J is 1 October.
CREATE TEMP TABLE IF NOT EXISTS oulad_sections ON COMMIT DROP AS
WITH presentations AS (
    SELECT
        code_module,
        code_presentation,
        module_presentation_length::int AS days,
        left(code_presentation, 4)::int AS year,
        CASE right(code_presentation, 1) WHEN 'B' THEN 2 ELSE 10 END AS month
    FROM stage_courses
)

SELECT
    row_number() OVER (ORDER BY code_module, code_presentation)::int AS section_no,
    code_module,
    code_presentation,
    make_date(year, month, 1) AS starts_on,
    make_date(year, month, 1) + days AS ends_on
FROM presentations;

-- name: type_enrollments
-- A registration is known on its day; without a date, by the first day or the withdrawal. A withdrawal is known
-- on its day, any other result at the end.
CREATE TEMP TABLE IF NOT EXISTS oulad_enrollments ON COMMIT DROP AS
WITH dated AS (
    SELECT
        info.*,
        section_no,
        starts_on,
        ends_on,
        starts_on + date_registration::int AS enrolled_on,
        starts_on + date_unregistration::int AS withdrawn_on
    FROM stage_student_info AS info
    INNER JOIN stage_student_registration USING (code_module, code_presentation, id_student)
    INNER JOIN oulad_sections USING (code_module, code_presentation)
)

SELECT
    section_no,
    id_student::int AS id_student,
    gender,
    enrolled_on,
    withdrawn_on,
    num_of_prev_attempts::smallint AS prior_attempts,
    studied_credits::numeric(6, 1) AS load_credits,
    jsonb_build_object(
        'region', region,
        'highest_education', highest_education,
        'imd_band', CASE imd_band WHEN '10-20' THEN '10-20%' ELSE imd_band END,
        'age_band', age_band,
        'disability', disability::boolean
    ) AS entry_facts,
    coalesce(enrolled_on, least(starts_on, withdrawn_on))::timestamptz AS first_known_at,
    greatest(coalesce(enrolled_on, least(starts_on, withdrawn_on)), withdrawn_on)::timestamptz AS known_at,
    lower(final_result) AS result,
    CASE
        WHEN final_result = 'Withdrawn' THEN coalesce(withdrawn_on, ends_on) ELSE ends_on
    END::timestamptz AS result_known_at
FROM dated;

-- name: type_students
-- One row per person: as first seen.
CREATE TEMP TABLE IF NOT EXISTS oulad_students ON COMMIT DROP AS
SELECT DISTINCT ON (id_student)
    id_student,
    gender,
    first_known_at AS known_at
FROM oulad_enrollments
ORDER BY id_student ASC, first_known_at ASC, section_no ASC;

-- name: type_assignments
-- Titles count the assignments of a kind by their day: TMA 1, TMA 2.
CREATE TEMP TABLE IF NOT EXISTS oulad_assignments ON COMMIT DROP AS
SELECT
    section_no,
    starts_on,
    id_assessment,
    CASE assessment_type
        WHEN 'TMA' THEN 'tutor_marked' WHEN 'CMA' THEN 'computer_marked' ELSE 'exam'
    END AS assignment_type,
    assessment_type || ' ' || row_number() OVER (
        PARTITION BY section_no, assessment_type ORDER BY date::int ASC NULLS LAST, id_assessment::int ASC
    ) AS title,
    weight::numeric(6, 3) AS weight_percent,
    starts_on + date::int AS due_on
FROM stage_assessments
INNER JOIN oulad_sections USING (code_module, code_presentation);

-- name: type_grades
-- A submission is known on the day it was handed in; an empty score is work that was not marked.
CREATE TEMP TABLE IF NOT EXISTS oulad_grades ON COMMIT DROP AS
SELECT
    id_assessment,
    work.id_student::int AS id_student,
    work.score::numeric(8, 2) AS grade_value,
    assignment.starts_on + work.date_submitted::int AS submitted_on,
    work.is_banked::boolean AS is_carried_over,
    (assignment.starts_on + work.date_submitted::int)::timestamptz AS known_at
FROM stage_student_assessment AS work
INNER JOIN oulad_assignments AS assignment USING (id_assessment);

-- name: type_events
-- A day's clicks over all sites.
CREATE TEMP TABLE IF NOT EXISTS oulad_events ON COMMIT DROP AS
SELECT
    section_no,
    id_student::int AS id_student,
    starts_on + date::int AS event_on,
    sum(sum_click::int) AS event_count
FROM stage_student_vle
INNER JOIN oulad_sections USING (code_module, code_presentation)
GROUP BY section_no, id_student::int, starts_on + date::int;

-- name: index_events
-- They are written month by month.
CREATE INDEX ON oulad_events (event_on);

-- name: span_of_events
-- Which months the events need, and whether a day's sum can be stored.
-- returns  since date, until date (inclusive; both null without events), most bigint
SELECT
    min(event_on) AS since,
    max(event_on) AS until,
    max(event_count) AS most
FROM oulad_events;
