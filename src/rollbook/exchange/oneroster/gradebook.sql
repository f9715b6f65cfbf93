-- Categories, line items, results and score scales of a OneRoster bundle, typed. Temporary tables only.

-- name: make_categories
-- Categories of the bundle, and those named before where the file does not hold all. As of sessions, what another
-- source calls by the same id is the same only if its title is; so with scales.
CREATE TEMP TABLE IF NOT EXISTS oneroster_categories ON COMMIT DROP AS
SELECT
    category."sourcedId" AS source_id,
    coalesce(known.entity_id, same.category_id, uuidv7()) AS category_id,
    category.title,
    TRUE AS is_told
FROM stage_categories AS category
LEFT JOIN oneroster_known AS known
    ON known.record_type = 'categories' AND category."sourcedId" = known.source_id
LEFT JOIN assignment_categories AS same
    ON
        category."sourcedId" = same.category_code
        AND known.source_id IS NULL
        AND (
            lower(category.title) = lower(same.title)
            OR NOT EXISTS (
                SELECT FROM source_records AS named
                WHERE named.record_type = 'categories' AND named.entity_id = same.category_id
            )
        )
WHERE category.status IS DISTINCT FROM 'tobedeleted'
UNION ALL
SELECT
    record.source_id,
    record.entity_id,
    ours.title,
    FALSE AS is_told
FROM oneroster_before AS record
INNER JOIN assignment_categories AS ours ON record.entity_id = ours.category_id
WHERE
    record.kind = 'assignment_categories'
    AND NOT EXISTS (
        SELECT FROM stage_categories AS category
        WHERE category."sourcedId" = record.source_id AND category.status IS DISTINCT FROM 'tobedeleted'
    );

-- name: make_incoming_assignment_categories
-- Their typed rows; a weight that is no share is kept as it was said.
CREATE TEMP TABLE IF NOT EXISTS incoming_assignment_categories ON COMMIT DROP AS
SELECT
    mine.category_id,
    CASE
        WHEN taken.category_id IS NULL THEN mine.source_id
        ELSE (SELECT source FROM oneroster_run) || ':' || mine.source_id
    END AS category_code,
    category.title,
    CASE WHEN category.weight::int BETWEEN 0 AND 100 THEN category.weight::numeric(6, 3) END
        AS weight_percent,
    category."dateLastModified"::timestamptz AS known_at
FROM oneroster_categories AS mine
INNER JOIN stage_categories AS category ON mine.source_id = category."sourcedId"
LEFT JOIN assignment_categories AS taken
    ON mine.source_id = taken.category_code AND mine.category_id <> taken.category_id
WHERE mine.is_told;

-- name: make_assignments
-- Line items of the bundle, and those named before where the file does not hold all. Their code is their id, unless
-- it came beside it, from another Rollbook, and no other work of the section has it.
CREATE TEMP TABLE IF NOT EXISTS oneroster_assignments ON COMMIT DROP AS
SELECT
    item."sourcedId" AS source_id,
    coalesce(known.entity_id, same.assignment_id, uuidv7()) AS assignment_id,
    section.section_id,
    section.source_id AS class_source_id,
    CASE
        WHEN
            count(*) OVER (PARTITION BY section.section_id, told.code) = 1
            AND coalesce(other."sourcedId" = item."sourcedId", TRUE)
            THEN told.code
        ELSE item."sourcedId"
    END AS code,
    TRUE AS is_told
FROM stage_lineitems AS item
CROSS JOIN
    LATERAL (
        SELECT
            coalesce(
                CASE
                    WHEN length(item.extension ->> 'metadata.rollbook.code') <= 200
                        THEN item.extension ->> 'metadata.rollbook.code'
                END,
                item."sourcedId"
            ) AS code
    ) AS told
INNER JOIN oneroster_sections AS section ON item."classSourcedId" = section.source_id
LEFT JOIN stage_lineitems AS other ON told.code = other."sourcedId"
LEFT JOIN oneroster_known AS known
    ON known.record_type = 'lineItems' AND item."sourcedId" = known.source_id
LEFT JOIN assignments AS same
    ON
        section.section_id = same.section_id
        AND told.code = same.assignment_code
        AND known.source_id IS NULL
WHERE item.status IS DISTINCT FROM 'tobedeleted'
UNION ALL
SELECT
    record.source_id,
    record.entity_id,
    ours.section_id,
    section.source_id AS class_source_id,
    ours.assignment_code AS code,
    FALSE AS is_told
FROM oneroster_before AS record
INNER JOIN assignments AS ours ON record.entity_id = ours.assignment_id
LEFT JOIN oneroster_sections AS section ON ours.section_id = section.section_id
WHERE
    record.kind = 'assignments'
    AND NOT EXISTS (
        SELECT FROM stage_lineitems AS item
        WHERE item."sourcedId" = record.source_id AND item.status IS DISTINCT FROM 'tobedeleted'
    );

-- name: make_incoming_assignments
-- Their typed rows: out of how many points, 100 where it is not said or is nothing to divide by. One of a
-- delta that is gone is deleted if no grade stays behind.
CREATE TEMP TABLE IF NOT EXISTS incoming_assignments ON COMMIT DROP AS
SELECT
    mine.assignment_id,
    mine.section_id,
    CASE WHEN taken.assignment_id IS NULL THEN mine.code ELSE mine.source_id END AS assignment_code,
    item.title,
    item.description,
    CASE
        WHEN category.title ~* '\mhomework\M' THEN 'homework'
        WHEN category.title ~* '\mquiz' THEN 'quiz'
        WHEN category.title ~* '\m(final|exam)' THEN 'exam'
        WHEN category.title ~* '\mtest' THEN 'test'
        WHEN category.title ~* '\mproject' THEN 'project'
        WHEN category.title ~* '\m(classwork|class work)' THEN 'classwork'
        WHEN category.title ~* '\mparticipation' THEN 'participation'
        ELSE 'other'
    END AS assignment_type,
    range.max_value,
    CASE WHEN range.min_value < range.max_value THEN range.min_value END AS min_value,
    item."assignDate"::date AS assigned_on,
    item."dueDate"::date AS due_on,
    category.category_id,
    session.session_id,
    item."dateLastModified"::timestamptz AS known_at,
    FALSE AS is_gone
FROM oneroster_assignments AS mine
INNER JOIN stage_lineitems AS item ON mine.source_id = item."sourcedId"
LEFT JOIN oneroster_categories AS category ON item."categorySourcedId" = category.source_id
LEFT JOIN oneroster_sessions AS session ON item."academicSessionSourcedId" = session.source_id
LEFT JOIN assignments AS taken
    ON
        mine.section_id = taken.section_id
        AND mine.code = taken.assignment_code
        AND mine.assignment_id <> taken.assignment_id
        AND mine.code <> mine.source_id
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN item."resultValueMax"::numeric BETWEEN 0.01 AND 999999
                    THEN item."resultValueMax"::numeric(8, 2)
                ELSE 100
            END AS max_value,
            CASE
                WHEN item."resultValueMin"::numeric BETWEEN -999999 AND 999999
                    THEN item."resultValueMin"::numeric(8, 2)
            END AS min_value
    ) AS range
WHERE mine.is_told
UNION ALL
SELECT
    record.entity_id,
    NULL AS section_id,
    NULL AS assignment_code,
    NULL AS title,
    NULL AS description,
    NULL AS assignment_type,
    NULL AS max_value,
    NULL AS min_value,
    NULL AS assigned_on,
    NULL AS due_on,
    NULL AS category_id,
    NULL AS session_id,
    NULL AS known_at,
    TRUE AS is_gone
FROM stage_lineitems AS item
INNER JOIN source_records AS record ON item."sourcedId" = record.source_id
WHERE
    item.status = 'tobedeleted'
    AND record.source = (SELECT source FROM oneroster_run)
    AND record.record_type = 'lineItems'
    AND record.entity_type = 'assignments'
    AND NOT EXISTS (
        SELECT FROM grades
        WHERE
            grades.assignment_id = record.entity_id
            AND NOT EXISTS (
                SELECT FROM stage_results AS result
                WHERE result."sourcedId" = grades.source_id AND result.status = 'tobedeleted'
            )
    );

-- name: make_result_rows
-- Results of students; of several for one piece of work, the last is the grade.
CREATE TEMP TABLE IF NOT EXISTS oneroster_result_rows ON COMMIT DROP AS
SELECT
    result.line_number,
    result."sourcedId" AS source_id,
    student.entity_id AS student_id,
    assignment.assignment_id,
    coalesce(result.status = 'tobedeleted', FALSE) AS is_gone,
    row_number() OVER (
        PARTITION BY student.entity_id, assignment.assignment_id
        ORDER BY
            coalesce(result.status = 'tobedeleted', FALSE), result."scoreDate" DESC, result."sourcedId" DESC
    ) = 1 AS is_last
FROM stage_results AS result
INNER JOIN oneroster_members AS student
    ON result."studentSourcedId" = student.source_id AND student.kind = 'students'
INNER JOIN oneroster_assignments AS assignment ON result."lineItemSourcedId" = assignment.source_id;

-- name: make_incoming_grades
-- Their typed rows. A result is known since its date, unless the source says since when.
CREATE TEMP TABLE IF NOT EXISTS incoming_grades ON COMMIT DROP AS
SELECT
    mine.student_id,
    mine.assignment_id,
    mine.source_id,
    CASE WHEN result.score::numeric BETWEEN 0 AND 100000 THEN result.score::numeric(8, 2) END AS grade_value,
    result."textScore" AS grade_letter,
    result.late::boolean AS is_late,
    coalesce(result.missing = 'true', FALSE) AS is_missing,
    result."scoreStatus" = 'exempt' AS is_exempt,
    result.comment,
    coalesce(
        result."dateLastModified"::timestamptz, (result."scoreDate"::date)::timestamptz
    ) AS known_at,
    mine.is_gone
FROM oneroster_result_rows AS mine
INNER JOIN stage_results AS result ON mine.line_number = result.line_number
WHERE mine.is_last;

-- name: make_scales
-- Score scales of the bundle.
CREATE TEMP TABLE IF NOT EXISTS oneroster_scales ON COMMIT DROP AS
SELECT
    scale."sourcedId" AS source_id,
    coalesce(known.entity_id, same.grade_scale_id, uuidv7()) AS grade_scale_id
FROM stage_scorescales AS scale
LEFT JOIN oneroster_known AS known
    ON known.record_type = 'scoreScales' AND scale."sourcedId" = known.source_id
LEFT JOIN grade_scales AS same
    ON
        scale."sourcedId" = same.scale_code
        AND known.source_id IS NULL
        AND (
            lower(scale.title) = lower(same.title)
            OR NOT EXISTS (
                SELECT FROM source_records AS named
                WHERE named.record_type = 'scoreScales' AND named.entity_id = same.grade_scale_id
            )
        )
WHERE scale.status IS DISTINCT FROM 'tobedeleted';

-- name: make_incoming_grade_scales
-- Their typed rows.
CREATE TEMP TABLE IF NOT EXISTS incoming_grade_scales ON COMMIT DROP AS
SELECT
    mine.grade_scale_id,
    CASE
        WHEN taken.grade_scale_id IS NULL THEN mine.source_id
        ELSE (SELECT source FROM oneroster_run) || ':' || mine.source_id
    END AS scale_code,
    scale.title,
    scale."dateLastModified"::timestamptz AS known_at
FROM oneroster_scales AS mine
INNER JOIN stage_scorescales AS scale ON mine.source_id = scale."sourcedId"
LEFT JOIN grade_scales AS taken
    ON mine.source_id = taken.scale_code AND mine.grade_scale_id <> taken.grade_scale_id;

-- name: make_incoming_grade_scale_steps
-- The letters of a scale whose other side is a percentage; others are kept as they were said.
CREATE TEMP TABLE IF NOT EXISTS incoming_grade_scale_steps ON COMMIT DROP AS
SELECT DISTINCT ON (mine.grade_scale_id, step.sides[1])
    mine.grade_scale_id,
    step.sides[1] AS grade_letter,
    step.sides[2]::numeric(6, 3) AS min_percent,
    scale."dateLastModified"::timestamptz AS known_at,
    FALSE AS is_gone
FROM oneroster_scales AS mine
INNER JOIN stage_scorescales AS scale ON mine.source_id = scale."sourcedId"
CROSS JOIN
    LATERAL
    regexp_matches(scale."scoreScaleValue", '\{([^{}:]+):([0-9]{1,2}(?:\.[0-9]{1,3})?|100)\}', 'g')
        AS step (sides)
ORDER BY mine.grade_scale_id, step.sides[1], step.sides[2]::numeric;

-- name: add_gone_grade_scale_steps
-- A scale has the letters that the source says, and no others.
INSERT INTO incoming_grade_scale_steps (grade_scale_id, grade_letter, is_gone)
SELECT
    ours.grade_scale_id,
    ours.grade_letter,
    TRUE
FROM grade_scale_steps AS ours
INNER JOIN oneroster_scales USING (grade_scale_id)
WHERE NOT EXISTS (
        SELECT FROM incoming_grade_scale_steps AS kept
        WHERE kept.grade_scale_id = ours.grade_scale_id AND kept.grade_letter = ours.grade_letter
    );
