-- name: demo_staff
-- The teacher, counselor and principal whom the demo signs in: in the highest school, those with most students.
-- params   today date
-- returns  role text, staff_id uuid, full_name text, school text
WITH taught AS (
    SELECT
        section_staff.staff_id,
        count(DISTINCT course_enrollments.student_id) AS students
    FROM sections
    INNER JOIN section_staff USING (tenant_id, section_id)
    INNER JOIN course_enrollments USING (tenant_id, section_id)
    WHERE :today BETWEEN sections.starts_on AND sections.ends_on
    GROUP BY section_staff.staff_id
),

workers AS (
    SELECT
        CASE left(staff.staff_number, 1)
            WHEN 'T' THEN 'teacher'
            WHEN 'C' THEN 'counselor'
            WHEN 'P' THEN 'principal'
        END AS role,
        staff.staff_id,
        staff.staff_number,
        staff.first_name || ' ' || staff.last_name AS full_name,
        schools.name AS school,
        schools.low_grade,
        coalesce(taught.students, 0) AS students
    FROM staff
    INNER JOIN schools ON staff.tenant_id = schools.tenant_id AND staff.school_id = schools.school_id
    LEFT JOIN taught ON staff.staff_id = taught.staff_id
)

SELECT DISTINCT ON (role)
    role,
    staff_id,
    full_name,
    school
FROM workers
ORDER BY role ASC, low_grade DESC, students DESC, staff_number ASC;

-- name: demo_guardian
-- The guardian whom the demo signs in: of two students if any is, then of the oldest.
-- params   none
-- returns  guardian_id uuid, full_name text, students bigint
SELECT
    guardians.guardian_id,
    guardians.first_name || ' ' || guardians.last_name AS full_name,
    count(*) AS students
FROM guardians
INNER JOIN student_guardians USING (tenant_id, guardian_id)
INNER JOIN students USING (tenant_id, student_id)
WHERE student_guardians.may_see_records
GROUP BY guardians.tenant_id, guardians.guardian_id
ORDER BY abs(count(*) - 2) ASC, min(students.birth_date) ASC, guardians.guardian_number ASC
LIMIT 1;

-- name: demo_students
-- Every student's id: those of a district drawn from a seed are known beforehand.
-- returns  student_id uuid
SELECT student_id
FROM students;

-- name: demo_totals
-- How many rows the tenant has.
-- returns  students, sections, enrollments, attendance, grades, incidents, clicks, outcomes, scores: bigint
SELECT
    (SELECT count(*) FROM students) AS students,
    (SELECT count(*) FROM sections) AS sections,
    (SELECT count(*) FROM course_enrollments) AS enrollments,
    (SELECT count(*) FROM attendance_records) AS attendance,
    (SELECT count(*) FROM grades) AS grades,
    (SELECT count(*) FROM discipline_incidents) AS incidents,
    (SELECT count(*) FROM analytics_events) AS clicks,
    (SELECT count(*) FROM course_outcomes) AS outcomes,
    (SELECT count(*) FROM predictions) AS scores;

-- name: demo_scored_dates
-- The dates that the active model has scored.
-- returns  as_of date
SELECT DISTINCT predictions.as_of
FROM predictions
INNER JOIN model_metadata USING (tenant_id, model_version)
WHERE model_metadata.is_active
ORDER BY predictions.as_of;

-- name: demo_top
-- The head of the list on a date: who is most at risk, and why first.
-- params   as_of date, count int
-- returns  rank int, student text, section text, risk_score double precision, risk_category text, reason text
SELECT
    predictions.rank,
    coalesce(
        students.first_name || ' ' || students.last_name, 'Student ' || students.student_number
    ) AS student,
    courses.course_code || ' ' || sections.section_code AS section,
    predictions.risk_score,
    predictions.risk_category,
    predictions.risk_factors -> 0 ->> 'description' AS reason
FROM predictions
INNER JOIN model_metadata USING (tenant_id, model_version)
INNER JOIN students USING (tenant_id, student_id)
LEFT JOIN sections
    ON predictions.tenant_id = sections.tenant_id AND predictions.section_id = sections.section_id
LEFT JOIN courses ON sections.tenant_id = courses.tenant_id AND sections.course_id = courses.course_id
WHERE predictions.as_of = :as_of AND model_metadata.is_active
ORDER BY predictions.rank ASC, predictions.student_id ASC
LIMIT :count;

-- name: demo_model
-- The active model, and how well it and the plain rule told apart students that it had not learned from.
-- returns  version text, kind text, trained_as_of date, training_rows int, held_out text,
--          auc, auc_low, auc_high, auc_of_rule: double precision
SELECT
    model_version AS version,
    model_type AS kind,
    trained_as_of,
    training_rows,
    metrics ->> 'held_out' AS held_out,
    cast(metrics #>> '{models,ensemble,auc,value}' AS double precision) AS auc,
    cast(metrics #>> '{models,ensemble,auc,low}' AS double precision) AS auc_low,
    cast(metrics #>> '{models,ensemble,auc,high}' AS double precision) AS auc_high,
    cast(metrics #>> '{models,rule,auc,value}' AS double precision) AS auc_of_rule
FROM model_metadata
WHERE is_active;

-- name: demo_latest_presentation
-- When the latest sections began and ended: those that are scored, the earlier ones having trained the model.
-- returns  starts_on date, ends_on date
SELECT
    starts_on,
    max(ends_on) AS ends_on
FROM sections
GROUP BY starts_on
ORDER BY starts_on DESC
LIMIT 1;

-- name: demo_analyze
-- Tell the planner what a table holds now: the next step reads all of it.
-- params   relation text
-- returns  nothing of use
SELECT rollbook_analyze(cast(:relation AS regclass));

-- name: demo_lock
-- Wait until nobody else fills the tenant or imports into it; the lock goes with the transaction.
-- params   slug text
-- returns  nothing of use
SELECT pg_advisory_xact_lock(hashtext('rollbook.import'), hashtext(:slug));
