-- Left-over facts of roles, enrollments and the gradebook, for source_records: as records.sql, of rows that refer to
-- others. Most have none.

-- name: record_stays
-- Roles of students at schools.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'roles',
    typed.source_id,
    'student_school_enrollments',
    typed.enrollment_id,
    said.facts,
    typed.known_at
FROM incoming_student_school_enrollments AS typed
INNER JOIN stage_roles AS role ON typed.source_id = role."sourcedId"
INNER JOIN oneroster_members AS who ON role."userSourcedId" = who.source_id AND who.kind = 'students'
CROSS JOIN
    LATERAL (
        SELECT
            jsonb_strip_nulls(
                jsonb_build_object(
                    'userSourcedId', CASE WHEN NOT who.is_main THEN role."userSourcedId" END,
                    'roleType',
                    CASE WHEN (role."roleType" = 'primary') <> typed.is_primary THEN role."roleType" END,
                    'endDate', CASE WHEN typed.exit_on IS NULL THEN role."endDate" END,
                    'userProfileSourcedId', role."userProfileSourcedId"
                )
            ) || coalesce(role.extension, '{}') AS facts
    ) AS said
WHERE
    NOT typed.is_gone
    AND (
        NOT who.is_main
        OR (role."roleType" = 'primary') <> typed.is_primary
        OR (typed.exit_on IS NULL AND role."endDate" IS NOT NULL)
        OR role."userProfileSourcedId" IS NOT NULL
        OR role.extension IS NOT NULL
    );

-- name: record_staff_assignments
-- Roles of staff.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'roles',
    typed.source_id,
    'staff_assignments',
    typed.staff_assignment_id,
    said.facts,
    typed.known_at
FROM incoming_staff_assignments AS typed
INNER JOIN stage_roles AS role ON typed.source_id = role."sourcedId"
INNER JOIN oneroster_members AS who ON role."userSourcedId" = who.source_id AND who.kind = 'staff'
CROSS JOIN
    LATERAL (
        SELECT
            jsonb_strip_nulls(
                jsonb_build_object(
                    'userSourcedId', CASE WHEN NOT who.is_main THEN role."userSourcedId" END,
                    'orgSourcedId', CASE WHEN typed.school_id IS NULL THEN role."orgSourcedId" END,
                    'userProfileSourcedId', role."userProfileSourcedId"
                )
            ) || coalesce(role.extension, '{}') AS facts
    ) AS said
WHERE NOT typed.is_gone AND said.facts <> '{}';

-- name: record_enrollments
-- Students in classes. That somebody stays to the class's end is said by the class.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'enrollments',
    typed.source_id,
    'course_enrollments',
    NULL,
    said.facts,
    typed.known_at
FROM incoming_course_enrollments AS typed
INNER JOIN stage_enrollments AS enrollment ON typed.source_id = enrollment."sourcedId"
INNER JOIN oneroster_sections AS section ON enrollment."classSourcedId" = section.source_id
INNER JOIN oneroster_members AS who ON enrollment."userSourcedId" = who.source_id AND who.kind = 'students'
CROSS JOIN
    LATERAL (
        SELECT
            jsonb_strip_nulls(
                jsonb_build_object(
                    'schoolSourcedId',
                    CASE
                        WHEN
                            enrollment."schoolSourcedId" <> section.school_source_id
                            THEN enrollment."schoolSourcedId"
                    END,
                    'userSourcedId', CASE WHEN NOT who.is_main THEN enrollment."userSourcedId" END,
                    'primary', CASE WHEN enrollment."primary" = 'true' THEN 'true' END,
                    'beginDate',
                    CASE
                        WHEN enrollment."beginDate"::date <> typed.enrolled_on THEN enrollment."beginDate"
                    END,
                    'endDate',
                    CASE
                        WHEN
                            enrollment."endDate"::date NOT BETWEEN section.ends_on AND section.ends_on + 1
                            AND typed.withdrawn_on IS NULL
                            THEN enrollment."endDate"
                    END
                )
            ) || coalesce(enrollment.extension, '{}') AS facts
    ) AS said
WHERE NOT typed.is_gone AND typed.has_rest AND said.facts <> '{}';

-- name: record_section_staff
-- Staff in classes.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'enrollments',
    typed.source_id,
    'section_staff',
    NULL,
    said.facts,
    typed.known_at
FROM incoming_section_staff AS typed
INNER JOIN stage_enrollments AS enrollment ON typed.source_id = enrollment."sourcedId"
INNER JOIN oneroster_sections AS section ON enrollment."classSourcedId" = section.source_id
INNER JOIN oneroster_members AS who ON enrollment."userSourcedId" = who.source_id AND who.kind = 'staff'
CROSS JOIN
    LATERAL (
        SELECT
            jsonb_strip_nulls(
                jsonb_build_object(
                    'schoolSourcedId',
                    CASE
                        WHEN
                            enrollment."schoolSourcedId" <> section.school_source_id
                            THEN enrollment."schoolSourcedId"
                    END,
                    'userSourcedId', CASE WHEN NOT who.is_main THEN enrollment."userSourcedId" END,
                    'beginDate',
                    CASE WHEN enrollment."beginDate"::date <> typed.begins_on THEN enrollment."beginDate" END,
                    'endDate',
                    CASE
                        WHEN
                            enrollment."endDate"::date NOT BETWEEN section.ends_on AND section.ends_on + 1
                            AND typed.ends_on IS NULL
                            THEN enrollment."endDate"
                    END
                )
            ) || coalesce(enrollment.extension, '{}') AS facts
    ) AS said
WHERE NOT typed.is_gone AND typed.has_rest AND said.facts <> '{}';

-- name: record_categories
-- A weight that is no share.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'categories',
    mine.source_id,
    'assignment_categories',
    mine.category_id,
    jsonb_strip_nulls(
        jsonb_build_object('weight', CASE WHEN typed.weight_percent IS NULL THEN category.weight END)
    ) || coalesce(category.extension, '{}'),
    typed.known_at
FROM oneroster_categories AS mine
INNER JOIN stage_categories AS category ON mine.source_id = category."sourcedId"
INNER JOIN incoming_assignment_categories AS typed USING (category_id)
WHERE mine.is_told;

-- name: record_assignments
-- A range that is not ours, or not said.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'lineItems',
    mine.source_id,
    'assignments',
    mine.assignment_id,
    jsonb_strip_nulls(
        jsonb_build_object(
            'resultValueMax',
            CASE
                WHEN item."resultValueMax"::numeric IS DISTINCT FROM typed.max_value::numeric
                    THEN coalesce(item."resultValueMax", '')
            END,
            'resultValueMin',
            CASE
                WHEN item."resultValueMin"::numeric IS DISTINCT FROM typed.min_value::numeric
                    THEN item."resultValueMin"
            END,
            'schoolSourcedId',
            CASE WHEN item."schoolSourcedId" <> section.school_source_id THEN item."schoolSourcedId" END,
            'academicSessionSourcedId',
            CASE WHEN typed.session_id IS NULL THEN item."academicSessionSourcedId" END
        )
    ) || coalesce(item.extension, '{}'),
    typed.known_at
FROM oneroster_assignments AS mine
INNER JOIN stage_lineitems AS item ON mine.source_id = item."sourcedId"
INNER JOIN oneroster_sections AS section ON mine.class_source_id = section.source_id
INNER JOIN incoming_assignments AS typed USING (assignment_id)
WHERE mine.is_told AND NOT typed.is_gone;

-- name: record_grades
-- A status that does not follow from the rest, a date that is not the one since when the grade is known.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'results',
    typed.source_id,
    'grades',
    NULL,
    said.facts,
    typed.known_at
FROM incoming_grades AS typed
INNER JOIN stage_results AS result ON typed.source_id = result."sourcedId"
INNER JOIN oneroster_members AS who ON result."studentSourcedId" = who.source_id AND who.kind = 'students'
LEFT JOIN grades AS ours USING (student_id, assignment_id)
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN ours.student_id IS NULL THEN least(typed.known_at, now())
                WHEN
                    (ours.source_id IS DISTINCT FROM typed.source_id)
                    OR (ours.grade_value IS DISTINCT FROM typed.grade_value)
                    OR (ours.grade_letter IS DISTINCT FROM typed.grade_letter)
                    OR (ours.is_late IS DISTINCT FROM typed.is_late)
                    OR (ours.is_missing IS DISTINCT FROM typed.is_missing)
                    OR (ours.is_exempt IS DISTINCT FROM typed.is_exempt)
                    OR (ours.comment IS DISTINCT FROM typed.comment)
                    THEN CASE
                            WHEN typed.known_at > ours.known_at THEN least(typed.known_at, now()) ELSE now()
                        END
                ELSE ours.known_at
            END AS known_at
    ) AS later
CROSS JOIN
    LATERAL (
        SELECT
            jsonb_strip_nulls(
                jsonb_build_object(
                    'studentSourcedId', CASE WHEN NOT who.is_main THEN result."studentSourcedId" END,
                    'scoreStatus',
                    nullif(
                        result."scoreStatus",
                        CASE
                            WHEN typed.is_exempt THEN 'exempt'
                            WHEN
                                typed.grade_value IS NOT NULL OR typed.grade_letter IS NOT NULL
                                THEN 'fully graded'
                            WHEN typed.is_missing THEN 'not submitted'
                            ELSE 'submitted'
                        END
                    ),
                    'score',
                    CASE
                        WHEN
                            result.score::numeric IS DISTINCT FROM typed.grade_value::numeric
                            THEN result.score
                    END,
                    'scoreDate',
                    CASE WHEN result."scoreDate"::date <> later.known_at::date THEN result."scoreDate" END,
                    'inProgress', CASE WHEN result."inProgress" = 'true' THEN 'true' END,
                    'incomplete', CASE WHEN result.incomplete = 'true' THEN 'true' END
                )
            ) || coalesce(result.extension, '{}') AS facts
    ) AS said
WHERE NOT typed.is_gone AND said.facts <> '{}';

-- name: record_scales
-- All that a scale says, but its title.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'scoreScales',
    mine.source_id,
    'grade_scales',
    mine.grade_scale_id,
    jsonb_build_object(
        'type', scale.type,
        'orgSourcedId', scale."orgSourcedId",
        'courseSourcedId', scale."courseSourcedId",
        'classSourcedId', scale."classSourcedId",
        'scoreScaleValue', scale."scoreScaleValue"
    ) || coalesce(scale.extension, '{}'),
    scale."dateLastModified"::timestamptz
FROM oneroster_scales AS mine
INNER JOIN stage_scorescales AS scale ON mine.source_id = scale."sourcedId";
