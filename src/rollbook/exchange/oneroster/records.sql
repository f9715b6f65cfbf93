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
        WHEN who.is_first
            THEN jsonb_strip_nulls(
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
                        'preferredGivenName',
                        CASE WHEN who.kind <> 'students' THEN member."preferredGivenName" END,
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
CROSS JOIN
    LATERAL (
        SELECT
            num_nonnulls(
                demographic."americanIndianOrAlaskaNative", demographic.asian,
                demographic."blackOrAfricanAmerican", demographic."nativeHawaiianOrOtherPacificIslander",
                demographic.white, demographic."hispanicOrLatinoEthnicity"
            ) AS told,
            num_nonnulls(
                nullif(demographic."americanIndianOrAlaskaNative", 'false'),
                nullif(demographic.asian, 'false'),
                nullif(demographic."blackOrAfricanAmerican", 'false'),
                nullif(demographic."nativeHawaiianOrOtherPacificIslander", 'false'),
                nullif(demographic.white, 'false')
            ) AS races
    ) AS counted
CROSS JOIN
    LATERAL (
        SELECT
            jsonb_strip_nulls(
                jsonb_build_object(
                    'americanIndianOrAlaskaNative',
                    CASE
                        WHEN counted.told > 0 AND demographic."americanIndianOrAlaskaNative" IS NULL THEN ''
                    END,
                    'asian', CASE WHEN counted.told > 0 AND demographic.asian IS NULL THEN '' END,
                    'blackOrAfricanAmerican',
                    CASE WHEN counted.told > 0 AND demographic."blackOrAfricanAmerican" IS NULL THEN '' END,
                    'nativeHawaiianOrOtherPacificIslander',
                    CASE
                        WHEN
                            counted.told > 0 AND demographic."nativeHawaiianOrOtherPacificIslander" IS NULL
                            THEN ''
                    END,
                    'white', CASE WHEN counted.told > 0 AND demographic.white IS NULL THEN '' END,
                    'hispanicOrLatinoEthnicity',
                    CASE
                        WHEN counted.told > 0 AND demographic."hispanicOrLatinoEthnicity" IS NULL THEN ''
                    END,
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
