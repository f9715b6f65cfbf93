-- The OULAD import's merge: typed rows (oulad_*) -> the rooms' tables. Runs with the tenant set.
-- Each query writes only what is new or differs, so a second import writes nothing.

-- name: count_incoming
-- How many rows each table is offered.
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
-- Modules; the data set does not name them.
-- params   tenant_id int, import_id int
INSERT INTO courses (tenant_id, import_id, course_code, title)
SELECT DISTINCT
    :tenant_id,
    :import_id,
    code_module,
    'Module ' || code_module
FROM oulad_sections
WHERE NOT EXISTS (SELECT FROM courses WHERE course_code = code_module);

-- name: update_sections
-- Presentations whose length was corrected.
-- params   import_id int
UPDATE sections
SET import_id = :import_id, starts_on = incoming.starts_on, ends_on = incoming.ends_on
FROM oulad_sections AS incoming
INNER JOIN courses ON incoming.code_module = courses.course_code
WHERE
    sections.tenant_id = courses.tenant_id
    AND sections.course_id = courses.course_id
    AND sections.section_code = incoming.code_presentation
    AND (sections.starts_on, sections.ends_on) IS DISTINCT FROM (incoming.starts_on, incoming.ends_on);

-- name: insert_sections
-- New presentations.
-- params   import_id int
INSERT INTO sections (tenant_id, import_id, course_id, section_code, starts_on, ends_on)
SELECT
    courses.tenant_id,
    :import_id,
    courses.course_id,
    incoming.code_presentation,
    incoming.starts_on,
    incoming.ends_on
FROM oulad_sections AS incoming
INNER JOIN courses ON incoming.code_module = courses.course_code
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
-- params   import_id int
UPDATE students
SET import_id = :import_id, gender = incoming.gender, known_at = incoming.known_at
FROM oulad_students AS incoming
WHERE
    students.student_number = incoming.id_student::text
    AND CASE
        WHEN students.gender IS DISTINCT FROM incoming.gender THEN students.known_at <= incoming.known_at
        ELSE students.known_at > incoming.known_at
    END;

-- name: insert_students
-- New people; the data set knows no names.
-- params   tenant_id int, import_id int
INSERT INTO students (tenant_id, import_id, student_number, gender, known_at)
SELECT
    :tenant_id,
    :import_id,
    incoming.id_student::text,
    incoming.gender,
    incoming.known_at
FROM oulad_students AS incoming
WHERE NOT EXISTS (SELECT FROM students WHERE students.student_number = incoming.id_student::text)
ORDER BY incoming.id_student;

-- name: key_sections
-- Which of our sections a presentation is.
CREATE TEMP TABLE IF NOT EXISTS oulad_section_keys ON COMMIT DROP AS
SELECT
    incoming.section_no,
    sections.tenant_id,
    sections.section_id
FROM oulad_sections AS incoming
INNER JOIN courses ON incoming.code_module = courses.course_code
INNER JOIN sections
    ON
        courses.tenant_id = sections.tenant_id
        AND courses.course_id = sections.course_id
        AND incoming.code_presentation = sections.section_code;

-- name: key_students
-- Which of our students a person is.
CREATE TEMP TABLE IF NOT EXISTS oulad_student_keys ON COMMIT DROP AS
SELECT
    incoming.id_student,
    students.student_id
FROM oulad_students AS incoming
INNER JOIN students ON students.student_number = incoming.id_student::text;

-- name: key_enrollments
-- Both at once, for every registration.
CREATE TEMP TABLE IF NOT EXISTS oulad_enrollment_keys ON COMMIT DROP AS
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
-- Registrations of which the source says something else by now.
-- params   import_id int
UPDATE course_enrollments AS ours
SET
    import_id = :import_id,
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
-- params   import_id int
INSERT INTO course_enrollments (
    tenant_id,
    import_id,
    student_id,
    section_id,
    enrolled_on,
    prior_attempts,
    load_credits,
    entry_facts,
    known_at
)
SELECT
    keys.tenant_id,
    :import_id,
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
-- params   import_id int
UPDATE course_enrollments AS ours
SET import_id = :import_id, withdrawn_on = incoming.withdrawn_on, known_at = incoming.known_at
FROM oulad_enrollments AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    ours.tenant_id = keys.tenant_id
    AND ours.student_id = keys.student_id
    AND ours.section_id = keys.section_id
    AND ours.withdrawn_on IS DISTINCT FROM incoming.withdrawn_on;

-- name: update_outcomes
-- Results that were corrected.
-- params   import_id int
UPDATE course_outcomes AS ours
SET import_id = :import_id, result = incoming.result, known_at = incoming.result_known_at
FROM oulad_enrollments AS incoming
INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
WHERE
    ours.tenant_id = keys.tenant_id
    AND ours.student_id = keys.student_id
    AND ours.section_id = keys.section_id
    AND (ours.result, ours.known_at) IS DISTINCT FROM (incoming.result, incoming.result_known_at);

-- name: insert_outcomes
-- New results.
-- params   import_id int
INSERT INTO course_outcomes (tenant_id, import_id, student_id, section_id, result, known_at)
SELECT
    keys.tenant_id,
    :import_id,
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
-- Assessments that were changed.
-- params   import_id int
UPDATE assignments AS ours
SET
    import_id = :import_id,
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
-- New assessments.
-- params   import_id int
INSERT INTO assignments (
    tenant_id, import_id, section_id, assignment_code, title, assignment_type, weight_percent, due_on
)
SELECT
    keys.tenant_id,
    :import_id,
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
-- Which of our students and assignments a submission belongs to.
CREATE TEMP TABLE IF NOT EXISTS oulad_grade_keys ON COMMIT DROP AS
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
-- Submissions that were corrected.
-- params   import_id int
UPDATE grades AS ours
SET
    import_id = :import_id,
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
-- New submissions.
-- params   import_id int
INSERT INTO grades (
    tenant_id, import_id, student_id, assignment_id, grade_value, submitted_on, is_carried_over, known_at
)
SELECT
    keys.tenant_id,
    :import_id,
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
-- Days whose clicks were corrected. The month's rows get their whole key first: of a join by the day alone,
-- which the planner may begin with, every student would meet every other.
-- params   import_id int; since date, until date (exclusive, one month on)
WITH incoming AS MATERIALIZED (
    SELECT
        keys.tenant_id,
        keys.student_id,
        keys.section_id,
        oulad_events.event_on,
        oulad_events.event_count
    FROM oulad_events
    INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
    WHERE oulad_events.event_on >= :since AND oulad_events.event_on < :until
)

UPDATE analytics_events AS ours
SET import_id = :import_id, event_count = incoming.event_count
FROM incoming
WHERE
    ours.event_on >= :since AND ours.event_on < :until
    AND ours.tenant_id = incoming.tenant_id
    AND ours.student_id = incoming.student_id
    AND ours.section_id = incoming.section_id
    AND ours.event_on = incoming.event_on
    AND ours.event_type = 'clicks'
    AND ours.event_count IS DISTINCT FROM incoming.event_count;

-- name: insert_events
-- New days.
-- params   import_id int; since date, until date (exclusive, one month on)
WITH incoming AS MATERIALIZED (
    SELECT
        keys.tenant_id,
        keys.student_id,
        keys.section_id,
        oulad_events.event_on,
        oulad_events.event_count
    FROM oulad_events
    INNER JOIN oulad_enrollment_keys AS keys USING (section_no, id_student)
    WHERE oulad_events.event_on >= :since AND oulad_events.event_on < :until
)

INSERT INTO analytics_events (
    tenant_id, import_id, student_id, section_id, event_on, event_type, event_count, known_at
)
SELECT
    incoming.tenant_id,
    :import_id,
    incoming.student_id,
    incoming.section_id,
    incoming.event_on,
    'clicks',
    incoming.event_count,
    incoming.event_on::timestamptz
FROM incoming
WHERE
    NOT EXISTS (
        SELECT FROM analytics_events AS ours
        WHERE
            ours.event_on >= :since AND ours.event_on < :until
            AND ours.tenant_id = incoming.tenant_id
            AND ours.student_id = incoming.student_id
            AND ours.section_id = incoming.section_id
            AND ours.event_on = incoming.event_on
            AND ours.event_type = 'clicks'
    )
ORDER BY incoming.student_id, incoming.section_id, incoming.event_on;
