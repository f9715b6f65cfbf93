-- name: lists
-- The dates that have a list, newest first, each with the model to show: the active one, or else the newest.
-- Steps from one (date, model) to the next along the index, instead of reading every prediction.
-- params   tenant_id int, target text
-- returns  as_of date, model_version text, is_active bool
WITH RECURSIVE scored AS (
    (
        SELECT
            predictions.as_of,
            predictions.model_version
        FROM predictions
        WHERE predictions.tenant_id = :tenant_id
        ORDER BY predictions.as_of DESC, predictions.model_version DESC
        LIMIT 1
    )
    UNION ALL
    SELECT
        earlier.as_of,
        earlier.model_version
    FROM scored
    INNER JOIN LATERAL (
        SELECT
            predictions.as_of,
            predictions.model_version
        FROM predictions
        WHERE
            predictions.tenant_id = :tenant_id
            AND (predictions.as_of, predictions.model_version) < (scored.as_of, scored.model_version)
        ORDER BY predictions.as_of DESC, predictions.model_version DESC
        LIMIT 1
    ) AS earlier ON TRUE
)

SELECT DISTINCT ON (scored.as_of)
    scored.as_of,
    scored.model_version,
    model_metadata.is_active
FROM scored
INNER JOIN model_metadata
    ON
        model_metadata.tenant_id = :tenant_id
        AND model_metadata.target = :target
        AND scored.model_version = model_metadata.model_version
ORDER BY
    scored.as_of DESC,
    model_metadata.is_active DESC,
    model_metadata.created_at DESC,
    model_metadata.model_version ASC;

-- name: levels
-- How many subjects, and students, a list has at each level.
-- params   tenant_id int, as_of date, model_version text, sees_all bool
-- returns  risk_category text, subjects int
SELECT
    risk_category,
    count(*) AS subjects
FROM predictions
WHERE
    tenant_id = :tenant_id
    AND as_of = :as_of
    AND model_version = :model_version
    AND (:sees_all OR predictions.student_id = ANY((SELECT rollbook_students_in_sight())::uuid[]))
GROUP BY risk_category;

-- name: students_to_look_at
-- How many students a list has at the levels given.
-- params   tenant_id int, as_of date, model_version text, sees_all bool, levels text[]
-- returns  one row: students int
SELECT count(DISTINCT student_id) AS students
FROM predictions
WHERE
    tenant_id = :tenant_id
    AND as_of = :as_of
    AND model_version = :model_version
    AND (:sees_all OR predictions.student_id = ANY((SELECT rollbook_students_in_sight())::uuid[]))
    AND risk_category = ANY(cast(:levels AS text[]));

-- name: caseload_matching
-- The subjects of a list that fit, by their keys alone.
-- params   tenant_id int, as_of date, model_version text, sees_all bool; previous_as_of date, previous_model text or null;
--          category, course, school text or null; sort text
-- returns  row_id uuid (the prediction's), sort_key text, searched text
SELECT
    predictions.prediction_id AS row_id,
    CASE cast(:sort AS text)
        WHEN 'name'
            THEN lower(concat_ws(' ', students.last_name, students.first_name, students.student_number))
        WHEN 'change'
            THEN
                lpad(
                    round(
                        (
                            1 - predictions.risk_score
                            + coalesce(previous.risk_score, predictions.risk_score)
                        ) * 1000000
                    )::text,
                    7,
                    '0'
                )
        ELSE lpad(predictions.rank::text, 10, '0')
    END AS sort_key,
    concat_ws(
        ' ', students.preferred_name, students.first_name, students.last_name, students.student_number
    ) AS searched
FROM predictions
INNER JOIN students USING (tenant_id, student_id)
LEFT JOIN sections
    ON predictions.tenant_id = sections.tenant_id AND predictions.section_id = sections.section_id
LEFT JOIN predictions AS previous
    ON
        cast(:sort AS text) = 'change'
        AND predictions.tenant_id = previous.tenant_id
        AND previous.as_of = cast(:previous_as_of AS date)
        AND previous.model_version = cast(:previous_model AS text)
        AND predictions.student_id = previous.student_id
        AND previous.section_id IS NOT DISTINCT FROM predictions.section_id
WHERE
    predictions.tenant_id = :tenant_id
    AND predictions.as_of = :as_of
    AND predictions.model_version = :model_version
    AND (:sees_all OR predictions.student_id = ANY((SELECT rollbook_students_in_sight())::uuid[]))
    AND (cast(:category AS text) IS NULL OR predictions.risk_category = :category)
    AND (
        cast(:school AS text) IS NULL
        OR sections.school_id IN (
            SELECT schools.school_id
            FROM schools
            WHERE schools.tenant_id = :tenant_id AND schools.school_code = :school
        )
        OR (
            sections.school_id IS NULL
            AND predictions.student_id IN (
                SELECT enrollments.student_id
                FROM student_school_enrollments AS enrollments
                INNER JOIN schools USING (tenant_id, school_id)
                WHERE
                    enrollments.tenant_id = :tenant_id
                    AND schools.school_code = :school
                    AND enrollments.entry_on <= :as_of
                    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :as_of)
            )
        )
    )
    AND (
        cast(:course AS text) IS NULL
        OR sections.course_id IN (
            SELECT courses.course_id
            FROM courses
            WHERE courses.tenant_id = :tenant_id AND courses.course_code = :course
        )
        OR (
            predictions.section_id IS NULL
            AND predictions.student_id IN (
                SELECT taking.student_id
                FROM course_enrollments AS taking
                INNER JOIN sections AS taken USING (tenant_id, section_id)
                INNER JOIN courses AS taken_course USING (tenant_id, course_id)
                WHERE
                    taking.tenant_id = :tenant_id
                    AND taken_course.course_code = :course
                    AND taken.starts_on <= :as_of
                    AND taken.ends_on >= :as_of
                    AND (taking.withdrawn_on IS NULL OR taking.withdrawn_on > :as_of)
            )
        )
    );

-- name: caseload_listed
-- What the caseload shows of some subjects, in their order.
-- params   tenant_id int, previous_as_of date, previous_model text or null; row_ids uuid[]
-- returns  the columns of Row in caseload.py
SELECT
    predictions.prediction_id,
    predictions.student_id,
    predictions.section_id,
    predictions.risk_score,
    predictions.risk_category,
    predictions.confidence,
    predictions.rank,
    predictions.risk_factors,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    students.grade_level,
    courses.course_code,
    courses.title AS course_title,
    sections.section_code,
    schools.name AS school_name,
    previous.risk_score AS previous_score
FROM unnest(cast(:row_ids AS uuid[])) WITH ORDINALITY AS page (row_id, place)
INNER JOIN predictions
    ON predictions.tenant_id = :tenant_id AND page.row_id = predictions.prediction_id
INNER JOIN students
    ON predictions.tenant_id = students.tenant_id AND predictions.student_id = students.student_id
LEFT JOIN sections
    ON predictions.tenant_id = sections.tenant_id AND predictions.section_id = sections.section_id
LEFT JOIN courses ON sections.tenant_id = courses.tenant_id AND sections.course_id = courses.course_id
LEFT JOIN LATERAL (
    SELECT enrollments.school_id
    FROM student_school_enrollments AS enrollments
    WHERE
        enrollments.tenant_id = predictions.tenant_id
        AND enrollments.student_id = predictions.student_id
        AND enrollments.entry_on <= predictions.as_of
        AND (enrollments.exit_on IS NULL OR enrollments.exit_on > predictions.as_of)
    ORDER BY enrollments.is_primary DESC, enrollments.entry_on DESC, enrollments.enrollment_id ASC
    LIMIT 1
) AS at_school ON TRUE
LEFT JOIN schools
    ON
        predictions.tenant_id = schools.tenant_id
        AND coalesce(sections.school_id, at_school.school_id) = schools.school_id
LEFT JOIN predictions AS previous
    ON
        predictions.tenant_id = previous.tenant_id
        AND previous.as_of = cast(:previous_as_of AS date)
        AND previous.model_version = cast(:previous_model AS text)
        AND predictions.student_id = previous.student_id
        AND previous.section_id IS NOT DISTINCT FROM predictions.section_id
ORDER BY page.place;

-- name: histories
-- The scores of the year up to a date of some students' subjects, oldest first; one a date, of the model shown.
-- params   tenant_id int, target text, student_ids uuid[], as_of date
-- returns  student_id uuid, section_id uuid or null, as_of date, risk_score, risk_category, confidence, ...
SELECT DISTINCT ON (predictions.student_id, predictions.section_id, predictions.as_of)
    predictions.prediction_id,
    predictions.student_id,
    predictions.section_id,
    predictions.as_of,
    predictions.risk_score,
    predictions.risk_category,
    predictions.confidence,
    predictions.rank,
    predictions.cohort_size,
    predictions.model_version
FROM predictions
INNER JOIN model_metadata USING (tenant_id, model_version)
WHERE
    predictions.tenant_id = :tenant_id
    AND model_metadata.target = :target
    AND predictions.student_id = ANY(cast(:student_ids AS uuid[]))
    AND predictions.as_of <= :as_of
    AND predictions.as_of > cast(:as_of AS date) - 370
ORDER BY
    predictions.student_id ASC,
    predictions.section_id ASC,
    predictions.as_of ASC,
    model_metadata.is_active DESC,
    model_metadata.created_at DESC,
    model_metadata.model_version ASC;

-- name: courses_in_list
-- The courses to choose from: those of a list's students.
-- params   tenant_id int, as_of date, model_version text
-- returns  code text, title text
SELECT
    courses.course_code AS code,
    courses.title
FROM courses
WHERE
    courses.tenant_id = :tenant_id
    AND EXISTS (
        SELECT 1
        FROM sections
        INNER JOIN course_enrollments USING (tenant_id, section_id)
        INNER JOIN predictions USING (tenant_id, student_id)
        WHERE
            sections.tenant_id = :tenant_id
            AND sections.course_id = courses.course_id
            AND sections.starts_on <= :as_of
            AND sections.ends_on >= :as_of
            AND predictions.as_of = :as_of
            AND predictions.model_version = :model_version
            AND (predictions.section_id IS NULL OR predictions.section_id = sections.section_id)
    )
ORDER BY courses.course_code;

-- name: schools_in_list
-- The schools to choose from: those of a list's students.
-- params   tenant_id int, as_of date, model_version text
-- returns  code text, title text
SELECT
    schools.school_code AS code,
    schools.name AS title
FROM schools
WHERE
    schools.tenant_id = :tenant_id
    AND EXISTS (
        SELECT 1
        FROM student_school_enrollments AS enrollments
        INNER JOIN predictions USING (tenant_id, student_id)
        WHERE
            enrollments.tenant_id = :tenant_id
            AND enrollments.school_id = schools.school_id
            AND enrollments.entry_on <= :as_of
            AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :as_of)
            AND predictions.as_of = :as_of
            AND predictions.model_version = :model_version
    )
ORDER BY schools.name, schools.school_code;

-- name: student_predictions
-- A student's predictions, newest first, with their reasons.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive); section_id uuid or null;
--          before_date date and before_id uuid or null (the page's start); page_size int
-- returns  prediction_id, section_id uuid, course_code, section_code text, as_of date, risk_score float8, ...
SELECT
    predictions.prediction_id,
    predictions.section_id,
    courses.course_code,
    sections.section_code,
    predictions.as_of,
    predictions.risk_score,
    predictions.risk_category,
    predictions.confidence,
    predictions.rank,
    predictions.cohort_size,
    predictions.risk_factors,
    predictions.model_version,
    predictions.feature_set_version,
    predictions.predicted_at
FROM predictions
LEFT JOIN sections USING (tenant_id, section_id)
LEFT JOIN courses USING (tenant_id, course_id)
WHERE
    predictions.tenant_id = :tenant_id
    AND predictions.student_id = :student_id
    AND predictions.as_of >= :since
    AND predictions.as_of <= :until
    AND (cast(:section_id AS uuid) IS NULL OR predictions.section_id = :section_id)
    AND (
        cast(:before_date AS date) IS NULL
        OR (predictions.as_of, predictions.prediction_id)
        < (cast(:before_date AS date), cast(:before_id AS uuid))
    )
ORDER BY predictions.as_of DESC, predictions.prediction_id DESC
LIMIT :page_size;

-- name: reasons
-- The reasons of some predictions, and what each is about.
-- params   tenant_id int, prediction_ids uuid[]
-- returns  prediction_id uuid, risk_factors jsonb, course_title, course_code, section_code text (null: the student)
SELECT
    predictions.prediction_id,
    predictions.risk_factors,
    courses.title AS course_title,
    courses.course_code,
    sections.section_code
FROM predictions
LEFT JOIN sections USING (tenant_id, section_id)
LEFT JOIN courses USING (tenant_id, course_id)
WHERE
    predictions.tenant_id = :tenant_id
    AND predictions.prediction_id = ANY(cast(:prediction_ids AS uuid[]));

-- name: last_listed
-- The date of the newest of some lists that a student is in.
-- params   tenant_id int, student_id uuid, dates date[], models text[] (of the same lists, in the same order)
-- returns  one row: as_of date or null
SELECT max(predictions.as_of) AS as_of
FROM unnest(cast(:dates AS date[]), cast(:models AS text[])) AS lists (as_of, model_version)
INNER JOIN predictions USING (as_of, model_version)
WHERE predictions.tenant_id = :tenant_id AND predictions.student_id = :student_id;
