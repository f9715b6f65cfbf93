-- The OULAD import: staged text (stage_*) -> typed temporary tables (oulad_*) -> the rooms' tables.
-- Runs with the tenant set. Each merge writes only rows that are new or differ, so a second run writes none.

-- name: lock_import
-- One import per tenant at a time, until the end of the transaction; the tenant need not exist yet.
-- params   slug text
SELECT pg_advisory_xact_lock(hashtext('rollbook.import'), hashtext(:slug));

-- name: try_lock_import
-- params   slug text
-- returns  locked bool
SELECT pg_try_advisory_xact_lock(hashtext('rollbook.import'), hashtext(:slug)) AS locked;

-- name: plan_for_sets
-- Tables filled in this transaction have no statistics; a nested loop over them takes hours.
SELECT
    set_config('enable_nestloop', 'off', true),
    set_config('work_mem', '64MB', true),
    set_config('jit', 'off', true);

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
CREATE TEMP TABLE oulad_sections ON COMMIT DROP AS
SELECT
    row_number() OVER (ORDER BY code_module, code_presentation)::int AS section_no,
    code_module,
    code_presentation,
    starts_on,
    starts_on + module_presentation_length::int AS ends_on
FROM stage_courses
CROSS JOIN LATERAL (
    SELECT
        make_date(
            left(code_presentation, 4)::int, CASE right(code_presentation, 1) WHEN 'B' THEN 2 ELSE 10 END, 1
        ) AS starts_on
) AS presentation;

-- name: type_enrollments
-- A registration is known on its day; without a date, by the first day or the withdrawal.
-- params   time_zone text (whose midnight begins a day)
CREATE TEMP TABLE oulad_enrollments ON COMMIT DROP AS
SELECT
    section_no,
    id_student::int AS id_student,
    gender,
    days.enrolled_on,
    days.withdrawn_on,
    num_of_prev_attempts::smallint AS prior_attempts,
    studied_credits::numeric(6, 1) AS load_credits,
    jsonb_build_object(
        'region', region,
        'highest_education', highest_education,
        'imd_band', CASE imd_band WHEN '10-20' THEN '10-20%' ELSE imd_band END,
        'age_band', age_band,
        'disability', disability::boolean
    ) AS entry_facts,
    lower(final_result) AS result,
    days.first_known_on::timestamp AT TIME ZONE :time_zone AS first_known_at,
    greatest(days.first_known_on, days.withdrawn_on)::timestamp AT TIME ZONE :time_zone AS known_at,
    CASE final_result WHEN 'Withdrawn' THEN coalesce(days.withdrawn_on, ends_on) ELSE ends_on END::timestamp
    AT TIME ZONE :time_zone AS result_known_at
FROM stage_student_info
INNER JOIN stage_student_registration USING (code_module, code_presentation, id_student)
INNER JOIN oulad_sections USING (code_module, code_presentation)
CROSS JOIN LATERAL (
    SELECT
        starts_on + date_registration::int AS enrolled_on,
        starts_on + date_unregistration::int AS withdrawn_on,
        coalesce(
            starts_on + date_registration::int, least(starts_on, starts_on + date_unregistration::int)
        ) AS first_known_on
) AS days;

-- name: type_students
-- One row per person: as first seen.
CREATE TEMP TABLE oulad_students ON COMMIT DROP AS
SELECT DISTINCT ON (id_student)
    id_student,
    gender,
    first_known_at AS known_at
FROM oulad_enrollments
ORDER BY id_student ASC, first_known_at ASC, section_no ASC;

-- name: type_assignments
CREATE TEMP TABLE oulad_assignments ON COMMIT DROP AS
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
-- params   time_zone text
CREATE TEMP TABLE oulad_grades ON COMMIT DROP AS
SELECT
    id_assessment,
    work.id_student::int AS id_student,
    work.score::numeric(8, 2) AS grade_value,
    assignment.starts_on + work.date_submitted::int AS submitted_on,
    work.is_banked::boolean AS is_carried_over,
    (assignment.starts_on + work.date_submitted::int)::timestamp AT TIME ZONE :time_zone AS known_at
FROM stage_student_assessment AS work
INNER JOIN oulad_assignments AS assignment USING (id_assessment);

-- name: type_events
-- A day's clicks over all sites.
CREATE TEMP TABLE oulad_events ON COMMIT DROP AS
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
-- returns  since date, until date (inclusive; both null without events), most bigint
SELECT
    min(event_on) AS since,
    max(event_on) AS until,
    max(event_count) AS most
FROM oulad_events;

-- name: count_incoming
-- returns  a count of rows for each table
SELECT
    (SELECT count(DISTINCT code_module) FROM oulad_sections) AS courses,
    (SELECT count(*) FROM oulad_sections) AS sections,
    (SELECT count(*) FROM oulad_students) AS students,
    (SELECT count(*) FROM oulad_enrollments) AS course_enrollments,
    (SELECT count(*) FROM oulad_enrollments) AS course_outcomes,
    (SELECT count(*) FROM oulad_assignments) AS assignments,
    (SELECT count(*) FROM oulad_grades) AS grades,
    (SELECT count(*) FROM oulad_events) AS analytics_events;

-- name: insert_courses
-- params   tenant_id int
INSERT INTO courses (tenant_id, course_code, title)
SELECT DISTINCT
    :tenant_id,
    code_module,
    'Module ' || code_module
FROM oulad_sections
WHERE NOT EXISTS (SELECT FROM courses WHERE course_code = code_module);

-- name: update_sections
UPDATE sections
SET starts_on = incoming.starts_on, ends_on = incoming.ends_on
FROM oulad_sections AS incoming
INNER JOIN courses ON courses.course_code = incoming.code_module
WHERE
    sections.tenant_id = courses.tenant_id
    AND sections.course_id = courses.course_id
    AND sections.section_code = incoming.code_presentation
    AND (sections.starts_on, sections.ends_on) IS DISTINCT FROM (incoming.starts_on, incoming.ends_on);

-- name: insert_sections
INSERT INTO sections (tenant_id, course_id, section_code, starts_on, ends_on)
SELECT
    courses.tenant_id,
    courses.course_id,
    incoming.code_presentation,
    incoming.starts_on,
    incoming.ends_on
FROM oulad_sections AS incoming
INNER JOIN courses ON courses.course_code = incoming.code_module
WHERE
    NOT EXISTS (
        SELECT FROM sections
        WHERE
            sections.tenant_id = courses.tenant_id
            AND sections.course_id = courses.course_id
            AND sections.section_code = incoming.code_presentation
    );

-- name: update_students
-- What is as old as ours or newer wins; the same said earlier was known earlier.
UPDATE students
SET gender = incoming.gender, known_at = incoming.known_at
FROM oulad_students AS incoming
WHERE
    students.student_number = incoming.id_student::text
    AND CASE
        WHEN students.gender IS DISTINCT FROM incoming.gender THEN students.known_at <= incoming.known_at
        ELSE students.known_at > incoming.known_at
    END;

-- name: insert_students
-- params   tenant_id int
INSERT INTO students (tenant_id, student_number, gender, known_at)
SELECT
    :tenant_id,
    incoming.id_student::text,
    incoming.gender,
    incoming.known_at
FROM oulad_students AS incoming
WHERE NOT EXISTS (SELECT FROM students WHERE students.student_number = incoming.id_student::text)
ORDER BY incoming.id_student;

-- name: key_sections
CREATE TEMP TABLE oulad_section_keys ON COMMIT DROP AS
SELECT
    incoming.section_no,
    sections.tenant_id,
    sections.section_id
FROM oulad_sections AS incoming
INNER JOIN courses ON courses.course_code = incoming.code_module
INNER JOIN sections
    ON
        courses.tenant_id = sections.tenant_id
        AND courses.course_id = sections.course_id
        AND incoming.code_presentation = sections.section_code;

-- name: key_students
CREATE TEMP TABLE oulad_student_keys ON COMMIT DROP AS
SELECT
    incoming.id_student,
    students.student_id
FROM oulad_students AS incoming
INNER JOIN students ON students.student_number = incoming.id_student::text;

-- name: key_enrollments
CREATE TEMP TABLE oulad_enrollment_keys ON COMMIT DROP AS
SELECT
    section_no,
    id_student,
    tenant_id,
    section_id,
    student_id
FROM oulad_enrollments
INNER JOIN oulad_section_keys USING (section_no)
INNER JOIN oulad_student_keys USING (id_student);

-- name: update_enrollments
UPDATE course_enrollments AS ours
SET
    enrolled_on = incoming.enrolled_on,
    withdrawn_on = incoming.withdrawn_on,
    prior_attempts = incoming.prior_attempts,
    load_credits = incoming.load_credits,
    entry_facts = incoming.entry_facts,
    known_at = incoming.known_at
FROM oulad_enrollments AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    ours.tenant_id = keys.tenant_id
    AND ours.student_id = keys.student_id
    AND ours.section_id = keys.section_id
    AND (
        ours.enrolled_on,
        ours.withdrawn_on,
        ours.prior_attempts,
        ours.load_credits,
        ours.entry_facts,
        ours.known_at
    ) IS DISTINCT FROM (
        incoming.enrolled_on,
        incoming.withdrawn_on,
        incoming.prior_attempts,
        incoming.load_credits,
        incoming.entry_facts,
        incoming.known_at
    );

-- name: insert_enrollments
-- As they were before any withdrawal.
INSERT INTO course_enrollments (
    tenant_id, student_id, section_id, enrolled_on, prior_attempts, load_credits, entry_facts, known_at
)
SELECT
    keys.tenant_id,
    keys.student_id,
    keys.section_id,
    incoming.enrolled_on,
    incoming.prior_attempts,
    incoming.load_credits,
    incoming.entry_facts,
    incoming.first_known_at
FROM oulad_enrollments AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    NOT EXISTS (
        SELECT FROM course_enrollments AS ours
        WHERE
            ours.tenant_id = keys.tenant_id
            AND ours.student_id = keys.student_id
            AND ours.section_id = keys.section_id
    )
ORDER BY keys.student_id, keys.section_id;

-- name: withdraw
-- The second version of the enrollments just inserted: known on the day of the withdrawal.
UPDATE course_enrollments AS ours
SET withdrawn_on = incoming.withdrawn_on, known_at = incoming.known_at
FROM oulad_enrollments AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    ours.tenant_id = keys.tenant_id
    AND ours.student_id = keys.student_id
    AND ours.section_id = keys.section_id
    AND ours.withdrawn_on IS DISTINCT FROM incoming.withdrawn_on;

-- name: update_outcomes
UPDATE course_outcomes AS ours
SET result = incoming.result, known_at = incoming.result_known_at
FROM oulad_enrollments AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    ours.tenant_id = keys.tenant_id
    AND ours.student_id = keys.student_id
    AND ours.section_id = keys.section_id
    AND (ours.result, ours.known_at) IS DISTINCT FROM (incoming.result, incoming.result_known_at);

-- name: insert_outcomes
INSERT INTO course_outcomes (tenant_id, student_id, section_id, result, known_at)
SELECT
    keys.tenant_id,
    keys.student_id,
    keys.section_id,
    incoming.result,
    incoming.result_known_at
FROM oulad_enrollments AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    NOT EXISTS (
        SELECT FROM course_outcomes AS ours
        WHERE
            ours.tenant_id = keys.tenant_id
            AND ours.student_id = keys.student_id
            AND ours.section_id = keys.section_id
    )
ORDER BY keys.student_id, keys.section_id;

-- name: update_assignments
UPDATE assignments AS ours
SET
    assignment_type = incoming.assignment_type,
    title = incoming.title,
    weight_percent = incoming.weight_percent,
    due_on = incoming.due_on
FROM oulad_assignments AS incoming
INNER JOIN oulad_section_keys AS keys USING (section_no)
WHERE
    ours.tenant_id = keys.tenant_id
    AND ours.section_id = keys.section_id
    AND ours.assignment_code = incoming.id_assessment
    AND (ours.assignment_type, ours.title, ours.weight_percent, ours.due_on)
    IS DISTINCT FROM (incoming.assignment_type, incoming.title, incoming.weight_percent, incoming.due_on);

-- name: insert_assignments
INSERT INTO assignments (
    tenant_id, section_id, assignment_code, title, assignment_type, weight_percent, due_on
)
SELECT
    keys.tenant_id,
    keys.section_id,
    incoming.id_assessment,
    incoming.title,
    incoming.assignment_type,
    incoming.weight_percent,
    incoming.due_on
FROM oulad_assignments AS incoming
INNER JOIN oulad_section_keys AS keys USING (section_no)
WHERE
    NOT EXISTS (
        SELECT FROM assignments AS ours
        WHERE
            ours.tenant_id = keys.tenant_id
            AND ours.section_id = keys.section_id
            AND ours.assignment_code = incoming.id_assessment
    );

-- name: key_grades
CREATE TEMP TABLE oulad_grade_keys ON COMMIT DROP AS
SELECT
    id_assessment,
    id_student,
    assignments.tenant_id,
    assignments.assignment_id,
    oulad_student_keys.student_id
FROM oulad_grades
INNER JOIN oulad_assignments USING (id_assessment)
INNER JOIN oulad_section_keys USING (section_no)
INNER JOIN assignments
    ON
        oulad_section_keys.tenant_id = assignments.tenant_id
        AND oulad_section_keys.section_id = assignments.section_id
        AND oulad_grades.id_assessment = assignments.assignment_code
INNER JOIN oulad_student_keys USING (id_student);

-- name: update_grades
UPDATE grades AS ours
SET
    grade_value = incoming.grade_value,
    submitted_on = incoming.submitted_on,
    is_carried_over = incoming.is_carried_over,
    known_at = incoming.known_at
FROM oulad_grades AS incoming
INNER JOIN oulad_grade_keys AS keys USING (id_assessment, id_student)
WHERE
    ours.tenant_id = keys.tenant_id
    AND ours.student_id = keys.student_id
    AND ours.assignment_id = keys.assignment_id
    AND (ours.grade_value, ours.submitted_on, ours.is_carried_over, ours.known_at)
    IS DISTINCT FROM
    (incoming.grade_value, incoming.submitted_on, incoming.is_carried_over, incoming.known_at);

-- name: insert_grades
INSERT INTO grades (
    tenant_id, student_id, assignment_id, grade_value, submitted_on, is_carried_over, known_at
)
SELECT
    keys.tenant_id,
    keys.student_id,
    keys.assignment_id,
    incoming.grade_value,
    incoming.submitted_on,
    incoming.is_carried_over,
    incoming.known_at
FROM oulad_grades AS incoming
INNER JOIN oulad_grade_keys AS keys USING (id_assessment, id_student)
WHERE
    NOT EXISTS (
        SELECT FROM grades AS ours
        WHERE
            ours.tenant_id = keys.tenant_id
            AND ours.student_id = keys.student_id
            AND ours.assignment_id = keys.assignment_id
    )
ORDER BY keys.student_id, keys.assignment_id;

-- name: update_events
-- params   since date, until date (exclusive): one month
UPDATE analytics_events AS ours
SET event_count = incoming.event_count
FROM oulad_events AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    incoming.event_on >= :since AND incoming.event_on < :until
    AND ours.event_on >= :since AND ours.event_on < :until
    AND ours.tenant_id = keys.tenant_id
    AND ours.student_id = keys.student_id
    AND ours.section_id = keys.section_id
    AND ours.event_on = incoming.event_on
    AND ours.event_type = 'clicks'
    AND ours.event_count IS DISTINCT FROM incoming.event_count;

-- name: insert_events
-- params   since date, until date (exclusive): one month; time_zone text
INSERT INTO analytics_events (
    tenant_id, student_id, section_id, event_on, event_type, event_count, known_at
)
SELECT
    keys.tenant_id,
    keys.student_id,
    keys.section_id,
    incoming.event_on,
    'clicks',
    incoming.event_count,
    incoming.event_on::timestamp AT TIME ZONE :time_zone
FROM oulad_events AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    incoming.event_on >= :since AND incoming.event_on < :until
    AND NOT EXISTS (
        SELECT FROM analytics_events AS ours
        WHERE
            ours.event_on >= :since AND ours.event_on < :until
            AND ours.tenant_id = keys.tenant_id
            AND ours.student_id = keys.student_id
            AND ours.section_id = keys.section_id
            AND ours.event_on = incoming.event_on
            AND ours.event_type = 'clicks'
    )
ORDER BY keys.student_id, keys.section_id, incoming.event_on;

-- name: ensure_months
-- params   since date, until date
SELECT rollbook_ensure_months('analytics_events', :since, :until);

-- name: analyze_table
-- params   relation text
SELECT rollbook_analyze(CAST(:relation AS regclass));
