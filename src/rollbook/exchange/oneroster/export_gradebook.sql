-- More of the rows of an export's files, as export.sql has them: the gradebook; and what was held back.

-- name: categories
-- Categories, and those that are made of the types of work that has none.
SELECT
    mine.source_id AS "sourcedId",
    CASE WHEN mine.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    mine.changed_at,
    ours.title,
    coalesce(mine.facts ->> 'weight', round(ours.weight_percent)::text) AS weight,
    mine.facts
FROM export_categories AS mine
INNER JOIN assignment_categories AS ours USING (category_id)
UNION ALL
SELECT DISTINCT
    'category-' || work.assignment_type,
    'active',
    '-infinity'::timestamptz,
    work.assignment_type,
    NULL,
    '{}'::jsonb
FROM export_assignments AS work
WHERE
    work.category_id IS NULL
    AND work.left_at IS NULL
    AND NOT EXISTS (
        SELECT FROM export_categories AS named WHERE named.source_id = 'category-' || work.assignment_type
    );

-- name: lineItems
-- Assignments.
SELECT
    mine.source_id AS "sourcedId",
    CASE WHEN mine.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    mine.changed_at,
    coalesce(nullif(btrim(mine.title), ''), 'Assignment') AS title,
    mine.description,
    coalesce(mine.assigned_on, least(mine.due_on, section.starts_on))::text AS "assignDate",
    coalesce(mine.due_on, section.ends_on)::text AS "dueDate",
    section.source_id AS "classSourcedId",
    coalesce(category.source_id, 'category-' || mine.assignment_type) AS "categorySourcedId",
    coalesce(
        session.source_id, mine.facts ->> 'academicSessionSourcedId', section.graded_in, section.made_session
    ) AS "academicSessionSourcedId",
    coalesce(mine.facts ->> 'resultValueMin', trim_scale(mine.min_value)::text) AS "resultValueMin",
    coalesce(mine.facts ->> 'resultValueMax', trim_scale(mine.max_value)::text) AS "resultValueMax",
    coalesce(mine.facts ->> 'schoolSourcedId', section.school_source_id) AS "schoolSourcedId",
    mine.facts
FROM export_assignments AS mine
INNER JOIN export_sections AS section USING (section_id)
LEFT JOIN export_categories AS category ON mine.category_id = category.category_id
LEFT JOIN export_sessions AS session
    ON mine.session_id = session.session_id AND session.session_type <> 'schoolYear';

-- name: results
-- Grades; the day since when one is known is its date.
SELECT
    coalesce(mark.source_id, mark.student_id || '.' || mark.assignment_id) AS "sourcedId",
    CASE
        WHEN coalesce(person.left_at, work.left_at, mark.deleted_at) IS NULL THEN 'active'
        ELSE 'tobedeleted'
    END AS status,
    greatest(mark.known_at, imports.imported_at, person.left_at, work.left_at, mark.deleted_at) AS changed_at,
    work.source_id AS "lineItemSourcedId",
    coalesce(named.facts ->> 'studentSourcedId', person.source_id) AS "studentSourcedId",
    coalesce(
        named.facts ->> 'scoreStatus',
        CASE
            WHEN mark.is_exempt THEN 'exempt'
            WHEN mark.grade_value IS NOT NULL OR mark.grade_letter IS NOT NULL THEN 'fully graded'
            WHEN mark.is_missing THEN 'not submitted'
            ELSE 'submitted'
        END
    ) AS "scoreStatus",
    coalesce(named.facts ->> 'score', trim_scale(mark.grade_value)::text) AS score,
    coalesce(named.facts ->> 'scoreDate', mark.known_at::date::text) AS "scoreDate",
    mark.comment,
    mark.grade_letter AS "textScore",
    work.class_source_id AS "classSourcedId",
    coalesce(named.facts ->> 'inProgress', 'false') AS "inProgress",
    coalesce(named.facts ->> 'incomplete', 'false') AS incomplete,
    mark.is_late::text AS late,
    mark.is_missing::text AS missing,
    coalesce(named.facts, '{}') AS facts
FROM (
    SELECT
        student_id,
        assignment_id,
        source_id,
        grade_value,
        grade_letter,
        is_late,
        is_missing,
        is_exempt,
        comment,
        known_at,
        import_id,
        NULL::timestamptz AS deleted_at
    FROM grades
    UNION ALL
    SELECT
        student_id,
        assignment_id,
        source_id,
        grade_value,
        grade_letter,
        is_late,
        is_missing,
        is_exempt,
        comment,
        known_at,
        import_id,
        superseded_at AS deleted_at
    FROM (
        SELECT DISTINCT ON (student_id, assignment_id) *
        FROM grades_history AS was
        WHERE
            (SELECT is_delta FROM export_run)
            AND NOT EXISTS (
                SELECT FROM grades AS now
                WHERE now.student_id = was.student_id AND now.assignment_id = was.assignment_id
            )
        ORDER BY student_id ASC, assignment_id ASC, superseded_at DESC
    ) AS last
) AS mark
INNER JOIN export_persons AS person ON person.kind = 'students' AND mark.student_id = person.entity_id
INNER JOIN export_assignments AS work USING (assignment_id)
LEFT JOIN export_imports AS imports ON mark.import_id = imports.import_id
LEFT JOIN export_named AS named
    ON
        named.record_type = 'results'
        AND named.entity_type = 'grades'
        AND mark.source_id = named.source_id
        AND named.left_at IS NULL;

-- name: scoreScales
-- Scales that a source gave: OneRoster's belong to a course and a class each, which ours do not.
SELECT
    named.source_id AS "sourcedId",
    CASE WHEN named.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    greatest(named.changed_at, named.left_at, ours.known_at) AS changed_at,
    ours.title,
    named.facts ->> 'type' AS type,
    named.facts ->> 'orgSourcedId' AS "orgSourcedId",
    named.facts ->> 'courseSourcedId' AS "courseSourcedId",
    named.facts ->> 'classSourcedId' AS "classSourcedId",
    named.facts ->> 'scoreScaleValue' AS "scoreScaleValue",
    named.facts
FROM export_named AS named
INNER JOIN grade_scales AS ours ON named.entity_id = ours.grade_scale_id
WHERE named.record_type = 'scoreScales' AND named.entity_type = 'grade_scales';

-- name: count_private
-- Students of whom less is handed out than we know.
-- returns  count bigint
SELECT count(*) FROM students
WHERE is_directory_opt_out AND num_nonnulls(email, phone) > 0;

-- name: count_scales
-- Grade scales of our own.
-- returns  count bigint
SELECT count(*) FROM grade_scales AS ours
WHERE
    NOT EXISTS (
        SELECT FROM export_named AS named
        WHERE named.record_type = 'scoreScales' AND named.entity_id = ours.grade_scale_id
    );
