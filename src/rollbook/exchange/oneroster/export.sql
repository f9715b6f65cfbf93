-- The rows of an export's files: sourcedId, status, since when they are so, the columns of the file as text, and
-- extension columns. Each query reads the export_* tables. What a source said of a row and we have no column
-- for comes from facts; what we can say ourselves comes from our columns.

-- name: academicSessions
-- Sessions, and terms that are made.
SELECT
    mine.source_id AS "sourcedId",
    CASE WHEN mine.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    mine.changed_at,
    ours.title,
    ours.session_type::text AS type,
    ours.starts_on::text AS "startDate",
    ours.ends_on::text AS "endDate",
    coalesce(mine.facts ->> 'parentSourcedId', parent.source_id) AS "parentSourcedId",
    ours.school_year::text AS "schoolYear",
    mine.facts
FROM export_sessions AS mine
INNER JOIN academic_sessions AS ours USING (session_id)
LEFT JOIN export_sessions AS parent ON ours.parent_session_id = parent.session_id
UNION ALL
SELECT
    source_id,
    'active',
    '-infinity',
    'Term ' || starts_on || ' to ' || ends_on,
    'term',
    starts_on::text,
    ends_on::text,
    NULL,
    (extract(YEAR FROM ends_on)::int + (extract(MONTH FROM ends_on) > 7)::int)::text,
    '{}'
FROM export_made_sessions;

-- name: orgs
-- Schools; the district and a school that are made where classes or courses need one.
SELECT
    mine.source_id AS "sourcedId",
    CASE WHEN mine.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    mine.changed_at,
    ours.name,
    'school' AS type,
    coalesce(mine.facts ->> 'identifier', nullif(ours.school_code, mine.source_id)) AS identifier,
    mine.facts ->> 'parentSourcedId' AS "parentSourcedId",
    mine.facts
FROM export_schools AS mine
INNER JOIN schools AS ours USING (school_id)
UNION ALL
SELECT
    district.source_id,
    'active',
    '-infinity',
    run.tenant_name,
    'district',
    NULL,
    NULL,
    '{}'
FROM export_district AS district
CROSS JOIN export_run AS run
WHERE
    district.is_made
    AND (
        EXISTS (
            SELECT FROM courses
            INNER JOIN export_courses AS mine USING (course_id)
            WHERE courses.school_id IS NULL AND mine.facts ->> 'orgSourcedId' IS NULL
        )
        OR EXISTS (
            SELECT FROM staff AS person
            LEFT JOIN staff_assignments AS work ON person.staff_id = work.staff_id
            WHERE work.school_id IS NULL
        )
        OR EXISTS (
            SELECT FROM export_persons AS person
            WHERE
                person.kind = 'guardians'
                AND NOT EXISTS (SELECT FROM export_main AS main WHERE main.entity_id = person.entity_id)
        )
        OR EXISTS (
            SELECT FROM export_persons AS person
            WHERE
                person.kind = 'students'
                AND NOT EXISTS (
                    SELECT FROM student_school_enrollments AS stay WHERE stay.student_id = person.entity_id
                )
        )
    )
UNION ALL
SELECT DISTINCT
    'school',
    'active',
    '-infinity'::timestamptz,
    run.tenant_name,
    'school',
    NULL,
    NULL,
    '{}'::jsonb
FROM export_sections
CROSS JOIN export_run AS run
WHERE
    export_sections.school_source_id = 'school'
    AND NOT EXISTS (SELECT FROM export_schools AS named WHERE named.source_id = 'school');

-- name: courses
-- Courses, of their school or of the district.
SELECT
    mine.source_id AS "sourcedId",
    CASE WHEN mine.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    mine.changed_at,
    mine.facts ->> 'schoolYearSourcedId' AS "schoolYearSourcedId",
    ours.title,
    coalesce(mine.facts ->> 'courseCode', nullif(ours.course_code, mine.source_id)) AS "courseCode",
    coalesce(mine.facts ->> 'grades', grades.listed) AS grades,
    coalesce(school.source_id, mine.facts ->> 'orgSourcedId', district.source_id) AS "orgSourcedId",
    coalesce(
        mine.facts ->> 'subjects', nullif(btrim(translate(ours.subject, ',', ' ')), '')
    ) AS subjects,
    mine.facts ->> 'subjectCodes' AS "subjectCodes",
    mine.facts
FROM export_courses AS mine
INNER JOIN courses AS ours USING (course_id)
CROSS JOIN export_district AS district
LEFT JOIN export_schools AS school ON ours.school_id = school.school_id AND school.left_at IS NULL
LEFT JOIN LATERAL (
    SELECT string_agg(code, ',' ORDER BY level) AS listed
    FROM oneroster_grade_levels
    WHERE is_ours AND level BETWEEN ours.low_grade AND ours.high_grade
) AS grades ON TRUE;

-- name: classes
-- Sections.
SELECT
    mine.source_id AS "sourcedId",
    CASE WHEN mine.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    mine.changed_at,
    coalesce(ours.title, mine.course_title) AS title,
    mine.facts ->> 'grades' AS grades,
    mine.course_source_id AS "courseSourcedId",
    coalesce(mine.facts ->> 'classCode', nullif(ours.section_code, mine.source_id)) AS "classCode",
    coalesce(
        mine.facts ->> 'classType', CASE WHEN ours.is_homeroom THEN 'homeroom' ELSE 'scheduled' END
    ) AS "classType",
    ours.location,
    mine.school_source_id AS "schoolSourcedId",
    coalesce(mine.facts ->> 'termSourcedIds', mine.listed, mine.made_session) AS "termSourcedIds",
    mine.facts ->> 'subjects' AS subjects,
    mine.facts ->> 'subjectCodes' AS "subjectCodes",
    nullif(array_to_string(ours.periods, ','), '') AS periods,
    mine.facts
FROM export_sections AS mine
INNER JOIN sections AS ours USING (section_id);

-- name: users
-- Everybody, with what their account says where it is a person's second. How to reach a student whose family
-- forbids handing out directory information is left out; a password is never known.
SELECT
    mine.source_id AS "sourcedId",
    CASE WHEN mine.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    greatest(mine.changed_at, agents.changed_at) AS changed_at,
    coalesce(mine.facts ->> 'enabledUser', 'true') AS "enabledUser",
    coalesce(mine.facts ->> 'username', ours.number) AS username,
    mine.facts ->> 'userIds' AS "userIds",
    CASE
        WHEN mine.is_second THEN mine.facts ->> 'givenName'
        ELSE coalesce(nullif(btrim(ours.given_name), ''), 'Student')
    END AS "givenName",
    CASE
        WHEN mine.is_second THEN mine.facts ->> 'familyName'
        ELSE coalesce(nullif(btrim(ours.family_name), ''), ours.number)
    END AS "familyName",
    CASE
        WHEN mine.is_second THEN mine.facts ->> 'middleName'
        ELSE coalesce(mine.facts ->> 'middleName', ours.middle_name)
    END AS "middleName",
    CASE
        WHEN mine.is_second THEN mine.facts ->> 'identifier'
        ELSE coalesce(mine.facts ->> 'identifier', nullif(ours.number, mine.source_id))
    END AS identifier,
    CASE
        WHEN ours.is_private THEN NULL
        WHEN mine.is_second THEN mine.facts ->> 'email'
        ELSE coalesce(ours.email, reached.email)
    END AS email,
    CASE WHEN NOT ours.is_private THEN mine.facts ->> 'sms' END AS sms,
    CASE
        WHEN ours.is_private THEN NULL
        WHEN mine.is_second THEN mine.facts ->> 'phone'
        ELSE coalesce(ours.phone, reached.phone)
    END AS phone,
    CASE
        WHEN mine.is_second OR mine.kind <> 'students' THEN mine.facts ->> 'agentSourcedIds'
        ELSE agents.listed
    END AS "agentSourcedIds",
    CASE
        WHEN mine.is_second THEN mine.facts ->> 'grades'
        ELSE coalesce(mine.facts ->> 'grades', grade.code)
    END AS grades,
    NULL AS password,
    mine.facts ->> 'userMasterIdentifier' AS "userMasterIdentifier",
    CASE
        WHEN mine.is_second THEN mine.facts ->> 'preferredGivenName'
        ELSE coalesce(mine.facts ->> 'preferredGivenName', ours.preferred_name)
    END AS "preferredGivenName",
    mine.facts ->> 'preferredMiddleName' AS "preferredMiddleName",
    mine.facts ->> 'preferredFamilyName' AS "preferredFamilyName",
    mine.facts ->> 'primaryOrgSourcedId' AS "primaryOrgSourcedId",
    mine.facts ->> 'pronouns' AS pronouns,
    mine.facts
FROM export_accounts AS mine
INNER JOIN (
    SELECT
        'students' AS kind,
        student_id AS entity_id,
        student_number AS number,
        first_name AS given_name,
        last_name AS family_name,
        middle_name,
        preferred_name,
        email,
        NULL AS phone,
        grade_level,
        is_directory_opt_out AS is_private
    FROM students
    UNION ALL
    SELECT
        'staff' AS kind,
        staff_id AS entity_id,
        staff_number AS number,
        first_name AS given_name,
        last_name AS family_name,
        NULL AS middle_name,
        NULL AS preferred_name,
        email,
        phone,
        NULL AS grade_level,
        FALSE AS is_private
    FROM staff
    UNION ALL
    SELECT
        'guardians' AS kind,
        guardian_id AS entity_id,
        guardian_number AS number,
        first_name AS given_name,
        last_name AS family_name,
        NULL AS middle_name,
        NULL AS preferred_name,
        NULL AS email,
        NULL AS phone,
        NULL AS grade_level,
        FALSE AS is_private
    FROM guardians
) AS ours USING (kind, entity_id)
LEFT JOIN export_contacts AS reached USING (kind, entity_id)
LEFT JOIN oneroster_grade_levels AS grade ON ours.grade_level = grade.level AND grade.is_ours
LEFT JOIN (
    SELECT
        student_id,
        string_agg(agent_id, ',' ORDER BY nr, contact_order, agent_id COLLATE "C") AS listed,
        max(known_at) AS changed_at
    FROM (
        SELECT
            account.entity_id AS student_id,
            said.agent_id,
            said.nr,
            NULL::smallint AS contact_order,
            tie.known_at
        FROM export_accounts AS account
        CROSS JOIN
            LATERAL
            unnest(string_to_array(account.facts ->> 'agentSourcedIds', ',')) WITH ORDINALITY
                AS said (agent_id, nr)
        LEFT JOIN export_named AS agent
            ON
                said.agent_id = agent.source_id
                AND agent.record_type = 'users'
                AND agent.entity_type = 'guardians'
        LEFT JOIN student_guardians AS tie
            ON account.entity_id = tie.student_id AND agent.entity_id = tie.guardian_id
        WHERE
            account.kind = 'students'
            AND NOT account.is_second
            AND (agent.source_id IS NULL OR tie.student_id IS NOT NULL)
        UNION ALL
        SELECT
            tie.student_id,
            guardian.source_id AS agent_id,
            NULL AS nr,
            tie.contact_order,
            tie.known_at
        FROM student_guardians AS tie
        INNER JOIN export_persons AS guardian
            ON guardian.kind = 'guardians' AND tie.guardian_id = guardian.entity_id
        WHERE
            NOT EXISTS (
                SELECT FROM export_accounts AS account
                CROSS JOIN
                    LATERAL
                    unnest(string_to_array(account.facts ->> 'agentSourcedIds', ',')) AS said (agent_id)
                INNER JOIN export_named AS agent
                    ON
                        said.agent_id = agent.source_id
                        AND agent.record_type = 'users'
                        AND agent.entity_type = 'guardians'
                WHERE
                    account.kind = 'students'
                    AND account.entity_id = tie.student_id
                    AND agent.entity_id = tie.guardian_id
            )
    ) AS agents
    GROUP BY student_id
) AS agents ON mine.kind = 'students' AND mine.entity_id = agents.student_id;

-- name: demographics
-- Of students of whom anything of it is known. Where a family forbids handing out directory information, the
-- place of birth is left out.
SELECT
    person.source_id AS "sourcedId",
    CASE WHEN person.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    greatest(person.changed_at, named.changed_at, person.left_at) AS changed_at,
    ours.birth_date::text AS "birthDate",
    CASE
        WHEN lower(ours.gender) IN ('f', 'female') THEN 'female'
        WHEN lower(ours.gender) IN ('m', 'male') THEN 'male'
        WHEN lower(ours.gender) IN ('x', 'non-binary', 'nonbinary', 'other') THEN 'other'
        WHEN ours.gender LIKE 'ext:%' THEN ours.gender
        WHEN ours.gender IS NOT NULL THEN 'unspecified'
    END AS sex,
    coalesce(
        named.facts ->> 'americanIndianOrAlaskaNative', ('american_indian' = ANY(ours.race_ethnicity))::text
    ) AS "americanIndianOrAlaskaNative",
    coalesce(named.facts ->> 'asian', ('asian' = ANY(ours.race_ethnicity))::text) AS asian,
    coalesce(named.facts ->> 'blackOrAfricanAmerican', ('black' = ANY(ours.race_ethnicity))::text)
        AS "blackOrAfricanAmerican",
    coalesce(
        named.facts ->> 'nativeHawaiianOrOtherPacificIslander',
        ('pacific_islander' = ANY(ours.race_ethnicity))::text
    ) AS "nativeHawaiianOrOtherPacificIslander",
    coalesce(named.facts ->> 'white', ('white' = ANY(ours.race_ethnicity))::text) AS white,
    coalesce(
        named.facts ->> 'demographicRaceTwoOrMoreRaces',
        (
            cardinality(
                array(
                    SELECT race FROM unnest(ours.race_ethnicity) AS race
                    WHERE race IN ('american_indian', 'asian', 'black', 'pacific_islander', 'white')
                )
            ) > 1
            AND ours.race_ethnicity IS NOT NULL
        )::text
    ) AS "demographicRaceTwoOrMoreRaces",
    coalesce(
        named.facts ->> 'hispanicOrLatinoEthnicity', ('hispanic_latino' = ANY(ours.race_ethnicity))::text
    ) AS "hispanicOrLatinoEthnicity",
    CASE WHEN NOT ours.is_directory_opt_out THEN named.facts ->> 'countryOfBirthCode' END
        AS "countryOfBirthCode",
    CASE WHEN NOT ours.is_directory_opt_out THEN named.facts ->> 'stateOfBirthAbbreviation' END
        AS "stateOfBirthAbbreviation",
    CASE WHEN NOT ours.is_directory_opt_out THEN named.facts ->> 'cityOfBirth' END AS "cityOfBirth",
    named.facts ->> 'publicSchoolResidenceStatus' AS "publicSchoolResidenceStatus",
    coalesce(named.facts, '{}') AS facts
FROM students AS ours
INNER JOIN export_persons AS person ON person.kind = 'students' AND ours.student_id = person.entity_id
LEFT JOIN export_named AS named
    ON
        named.record_type = 'demographics'
        AND named.entity_type = 'students'
        AND person.source_id = named.source_id
        AND named.left_at IS NULL
WHERE
    num_nonnulls(ours.birth_date, ours.gender, ours.race_ethnicity) > 0
    OR named.facts IS NOT NULL;
