-- What a OneRoster bundle says that no column of ours holds: for source_records. Each query adds the records of
-- a room's table, with the facts that are left over. A fact is left out where the typed row says the same.

-- name: make_incoming_source_records
-- All of them, whatever their table.
CREATE TEMP TABLE IF NOT EXISTS incoming_source_records (
    source text NOT NULL,
    record_type text NOT NULL,
    source_id text NOT NULL,
    entity_type text NOT NULL DEFAULT '',
    entity_id uuid,
    facts jsonb NOT NULL DEFAULT '{}',
    known_at timestamptz,
    is_gone boolean NOT NULL DEFAULT FALSE
) ON COMMIT DROP;

-- name: record_schools
-- A school's identifier is its code, unless another's is.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'orgs',
    mine.source_id,
    'schools',
    mine.school_id,
    jsonb_strip_nulls(
        jsonb_build_object(
            'identifier',
            CASE
                WHEN org.identifier <> mine.school_code OR org.identifier = mine.source_id THEN org.identifier
            END,
            'parentSourcedId', org."parentSourcedId"
        )
    ) || coalesce(org.extension, '{}'),
    mine.known_at
FROM oneroster_schools AS mine
INNER JOIN stage_orgs AS org ON mine.source_id = org."sourcedId"
WHERE mine.is_told;

-- name: record_sessions
-- A parent that is of another type than ours.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'academicSessions',
    mine.source_id,
    'academic_sessions',
    mine.session_id,
    jsonb_strip_nulls(
        jsonb_build_object(
            'parentSourcedId', CASE WHEN parent.source_id IS NULL THEN session."parentSourcedId" END
        )
    ) || coalesce(session.extension, '{}'),
    session."dateLastModified"::timestamptz
FROM oneroster_sessions AS mine
INNER JOIN stage_academicsessions AS session ON mine.source_id = session."sourcedId"
LEFT JOIN oneroster_sessions AS parent ON session."parentSourcedId" = parent.source_id
WHERE mine.is_told;

-- name: record_courses
-- A course's grades are those from its lowest to its highest, unless some are left out.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'courses',
    mine.source_id,
    'courses',
    mine.course_id,
    jsonb_strip_nulls(
        jsonb_build_object(
            'schoolYearSourcedId', course."schoolYearSourcedId",
            'courseCode',
            CASE
                WHEN course."courseCode" <> mine.course_code OR course."courseCode" = mine.source_id
                    THEN course."courseCode"
            END,
            'grades', CASE WHEN course.grades IS DISTINCT FROM ours.grades THEN course.grades END,
            'orgSourcedId', CASE WHEN school.source_id IS NULL THEN course."orgSourcedId" END,
            'subjects', CASE WHEN course.subjects LIKE '%,%' THEN course.subjects END,
            'subjectCodes', course."subjectCodes"
        )
    ) || coalesce(course.extension, '{}'),
    course."dateLastModified"::timestamptz
FROM oneroster_courses AS mine
INNER JOIN stage_courses AS course ON mine.source_id = course."sourcedId"
INNER JOIN incoming_courses AS typed USING (course_id)
LEFT JOIN oneroster_schools AS school ON course."orgSourcedId" = school.source_id
LEFT JOIN LATERAL (
    SELECT string_agg(code, ',' ORDER BY level) AS grades
    FROM oneroster_grade_levels
    WHERE is_ours AND level BETWEEN typed.low_grade AND typed.high_grade
) AS ours ON TRUE
WHERE mine.is_told;

-- name: record_sections
-- A class's terms stand in the order of their days, unless they are of a type that we do not have.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'classes',
    mine.source_id,
    'sections',
    mine.section_id,
    jsonb_strip_nulls(
        jsonb_build_object(
            'grades', class.grades,
            'classCode',
            CASE
                WHEN class."classCode" <> mine.section_code OR class."classCode" = mine.source_id
                    THEN class."classCode"
            END,
            'classType',
            CASE WHEN class."classType" NOT IN ('homeroom', 'scheduled') THEN class."classType" END,
            'schoolSourcedId', CASE WHEN mine.school_id IS NULL THEN class."schoolSourcedId" END,
            'termSourcedIds',
            CASE WHEN class."termSourcedIds" IS DISTINCT FROM terms.listed THEN class."termSourcedIds" END,
            'subjects', class.subjects,
            'subjectCodes', class."subjectCodes"
        )
    ) || coalesce(class.extension, '{}'),
    class."dateLastModified"::timestamptz
FROM oneroster_sections AS mine
INNER JOIN stage_classes AS class ON mine.source_id = class."sourcedId"
LEFT JOIN (
    SELECT
        meets.section_id,
        string_agg(session.source_id, ',' ORDER BY session.starts_on, session.source_id COLLATE "C") AS listed
    FROM incoming_section_sessions AS meets
    INNER JOIN oneroster_sessions AS session USING (session_id)
    WHERE NOT meets.is_gone
    GROUP BY meets.section_id
) AS terms ON mine.section_id = terms.section_id
WHERE mine.is_told;

-- name: record_users
-- A user's first kind keeps the facts. One who is a person's second account keeps all that it says: see
-- ``records.py``. Never a password.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'users',
    who.source_id,
    who.kind,
    who.entity_id,
    CASE
        WHEN who.is_first THEN jsonb_strip_nulls(
            jsonb_build_object(
                'enabledUser', CASE WHEN member."enabledUser" = 'false' THEN 'false' END,
                'username', CASE WHEN member.username <> who.number THEN member.username END,
                'userIds', member."userIds",
                'middleName', CASE WHEN who.kind <> 'students' THEN member."middleName" END,
                'identifier', CASE WHEN member.identifier = who.source_id THEN member.identifier END,
                'sms', member.sms,
                'agentSourcedIds', member."agentSourcedIds",
                'grades',
                CASE WHEN who.kind <> 'students' OR grade.code IS NULL THEN member.grades END,
                'userMasterIdentifier', member."userMasterIdentifier",
                'preferredGivenName', CASE WHEN who.kind <> 'students' THEN member."preferredGivenName" END,
                'preferredMiddleName', member."preferredMiddleName",
                'preferredFamilyName', member."preferredFamilyName",
                'primaryOrgSourcedId', member."primaryOrgSourcedId",
                'pronouns', member.pronouns
            )
        ) || coalesce(member.extension, '{}')
        ELSE '{}'
    END,
    member."dateLastModified"::timestamptz
FROM oneroster_users AS who
INNER JOIN stage_users AS member ON who.source_id = member."sourcedId"
LEFT JOIN oneroster_grade_levels AS grade ON member.grades = grade.code AND grade.is_ours
WHERE who.is_main OR NOT who.is_first;

-- name: record_demographics
-- Of students; where some of the races are told and others not, those that are not.
INSERT INTO incoming_source_records (source, record_type, source_id, entity_type, entity_id, facts, known_at)
SELECT
    (SELECT source FROM oneroster_run),
    'demographics',
    who.source_id,
    'students',
    who.entity_id,
    said.facts,
    demographic."dateLastModified"::timestamptz
FROM oneroster_members AS who
INNER JOIN stage_demographics AS demographic ON who.source_id = demographic."sourcedId"
CROSS JOIN LATERAL (
    SELECT
        num_nonnulls(
            demographic."americanIndianOrAlaskaNative", demographic.asian,
            demographic."blackOrAfricanAmerican", demographic."nativeHawaiianOrOtherPacificIslander",
            demographic.white, demographic."hispanicOrLatinoEthnicity"
        ) AS told,
        num_nonnulls(
            nullif(demographic."americanIndianOrAlaskaNative", 'false'), nullif(demographic.asian, 'false'),
            nullif(demographic."blackOrAfricanAmerican", 'false'),
            nullif(demographic."nativeHawaiianOrOtherPacificIslander", 'false'),
            nullif(demographic.white, 'false')
        ) AS races
) AS counted
CROSS JOIN LATERAL (
    SELECT
        jsonb_strip_nulls(
            jsonb_build_object(
                'americanIndianOrAlaskaNative',
                CASE WHEN counted.told > 0 AND demographic."americanIndianOrAlaskaNative" IS NULL THEN '' END,
                'asian', CASE WHEN counted.told > 0 AND demographic.asian IS NULL THEN '' END,
                'blackOrAfricanAmerican',
                CASE WHEN counted.told > 0 AND demographic."blackOrAfricanAmerican" IS NULL THEN '' END,
                'nativeHawaiianOrOtherPacificIslander',
                CASE
                    WHEN counted.told > 0 AND demographic."nativeHawaiianOrOtherPacificIslander" IS NULL THEN ''
                END,
                'white', CASE WHEN counted.told > 0 AND demographic.white IS NULL THEN '' END,
                'hispanicOrLatinoEthnicity',
                CASE WHEN counted.told > 0 AND demographic."hispanicOrLatinoEthnicity" IS NULL THEN '' END,
                'demographicRaceTwoOrMoreRaces',
                CASE
                    WHEN counted.told > 0
                        THEN nullif(
                            coalesce(demographic."demographicRaceTwoOrMoreRaces", ''),
                            (counted.races > 1)::text
                        )
                    ELSE demographic."demographicRaceTwoOrMoreRaces"
                END,
                'countryOfBirthCode', demographic."countryOfBirthCode",
                'stateOfBirthAbbreviation', demographic."stateOfBirthAbbreviation",
                'cityOfBirth', demographic."cityOfBirth",
                'publicSchoolResidenceStatus', demographic."publicSchoolResidenceStatus"
            )
        ) || coalesce(demographic.extension, '{}') AS facts
) AS said
WHERE
    who.kind = 'students'
    AND who.is_main
    AND demographic.status IS DISTINCT FROM 'tobedeleted'
    AND said.facts <> '{}';

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
CROSS JOIN LATERAL (
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
WHERE NOT typed.is_gone AND said.facts <> '{}';

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
CROSS JOIN LATERAL (
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
CROSS JOIN LATERAL (
    SELECT
        jsonb_strip_nulls(
            jsonb_build_object(
                'schoolSourcedId',
                CASE
                    WHEN enrollment."schoolSourcedId" <> section.school_source_id THEN enrollment."schoolSourcedId"
                END,
                'userSourcedId', CASE WHEN NOT who.is_main THEN enrollment."userSourcedId" END,
                'primary', CASE WHEN enrollment."primary" = 'true' THEN 'true' END,
                'beginDate',
                CASE WHEN enrollment."beginDate"::date <> typed.enrolled_on THEN enrollment."beginDate" END,
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
WHERE NOT typed.is_gone AND said.facts <> '{}';

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
CROSS JOIN LATERAL (
    SELECT
        jsonb_strip_nulls(
            jsonb_build_object(
                'schoolSourcedId',
                CASE
                    WHEN enrollment."schoolSourcedId" <> section.school_source_id THEN enrollment."schoolSourcedId"
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
WHERE NOT typed.is_gone AND said.facts <> '{}';

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
CROSS JOIN LATERAL (
    SELECT
        CASE
            WHEN ours.student_id IS NULL THEN least(typed.known_at, now())
            WHEN
                (
                    ours.source_id, ours.grade_value, ours.grade_letter, ours.is_late, ours.is_missing,
                    ours.is_exempt, ours.comment
                ) IS NOT DISTINCT FROM (
                    typed.source_id, typed.grade_value, typed.grade_letter, typed.is_late, typed.is_missing,
                    typed.is_exempt, typed.comment
                )
                THEN ours.known_at
            WHEN typed.known_at > ours.known_at THEN least(typed.known_at, now())
            ELSE now()
        END AS known_at
) AS later
CROSS JOIN LATERAL (
    SELECT
        jsonb_strip_nulls(
            jsonb_build_object(
                'studentSourcedId', CASE WHEN NOT who.is_main THEN result."studentSourcedId" END,
                'scoreStatus',
                nullif(
                    result."scoreStatus",
                    CASE
                        WHEN typed.is_exempt THEN 'exempt'
                        WHEN typed.grade_value IS NOT NULL OR typed.grade_letter IS NOT NULL THEN 'fully graded'
                        WHEN typed.is_missing THEN 'not submitted'
                        ELSE 'submitted'
                    END
                ),
                'score',
                CASE
                    WHEN result.score::numeric IS DISTINCT FROM typed.grade_value::numeric THEN result.score
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
