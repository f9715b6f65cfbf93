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
            SELECT FROM staff
            LEFT JOIN staff_assignments AS work USING (tenant_id, staff_id)
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
        ELSE ours.email
    END AS email,
    CASE WHEN NOT ours.is_private THEN mine.facts ->> 'sms' END AS sms,
    CASE
        WHEN ours.is_private THEN NULL
        WHEN mine.is_second THEN mine.facts ->> 'phone'
        ELSE ours.phone
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
        'students' AS kind, student_id AS entity_id, student_number AS number, first_name AS given_name,
        last_name AS family_name, middle_name, preferred_name, email, phone, grade_level,
        is_directory_opt_out AS is_private
    FROM students
    UNION ALL
    SELECT
        'staff' AS kind, staff_id AS entity_id, staff_number AS number, first_name AS given_name,
        last_name AS family_name, NULL AS middle_name, NULL AS preferred_name, email, phone,
        NULL AS grade_level, FALSE AS is_private
    FROM staff
    UNION ALL
    SELECT
        'guardians' AS kind, guardian_id AS entity_id, guardian_number AS number, first_name AS given_name,
        last_name AS family_name, NULL AS middle_name, NULL AS preferred_name, email, phone,
        NULL AS grade_level, FALSE AS is_private
    FROM guardians
) AS ours USING (kind, entity_id)
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
        CROSS JOIN LATERAL
            unnest(string_to_array(account.facts ->> 'agentSourcedIds', ',')) WITH ORDINALITY AS said (agent_id, nr)
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
                CROSS JOIN LATERAL
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

-- name: roles
-- Where students and staff are. Who has no place is given one at the district, so that they are known for what
-- they are. Of several primary roles of a user at an organisation, the last to begin is it.
WITH told AS (
    SELECT
        coalesce(stay.source_id, stay.enrollment_id::text) AS source_id,
        greatest(stay.known_at, imports.imported_at, person.left_at, school.left_at, stay.deleted_at) AS changed_at,
        coalesce(person.left_at, school.left_at, stay.deleted_at) AS left_at,
        coalesce(named.facts ->> 'userSourcedId', person.source_id) AS user_id,
        coalesce(named.facts ->> 'roleType', CASE WHEN stay.is_primary THEN 'primary' ELSE 'secondary' END)
            AS role_type,
        'student' AS role,
        stay.entry_on AS begins_on,
        coalesce(stay.exit_on::text, named.facts ->> 'endDate') AS ends_on,
        school.source_id AS org_id,
        coalesce(named.facts, '{}') AS facts
    FROM (
        SELECT
            enrollment_id, student_id, school_id, entry_on, exit_on, is_primary, source_id, known_at, import_id,
            NULL::timestamptz AS deleted_at
        FROM student_school_enrollments
        UNION ALL
        SELECT
            enrollment_id, student_id, school_id, entry_on, exit_on, is_primary, source_id, known_at, import_id,
            superseded_at AS deleted_at
        FROM (
            SELECT DISTINCT ON (enrollment_id) *
            FROM student_school_enrollments_history AS was
            WHERE
                (SELECT is_delta FROM export_run)
                AND NOT EXISTS (
                    SELECT FROM student_school_enrollments AS now
                    WHERE
                        now.enrollment_id = was.enrollment_id
                        OR (now.source_id = was.source_id AND now.student_id = was.student_id)
                )
            ORDER BY enrollment_id, superseded_at DESC
        ) AS last
    ) AS stay
    INNER JOIN export_persons AS person ON person.kind = 'students' AND stay.student_id = person.entity_id
    INNER JOIN export_schools AS school USING (school_id)
    LEFT JOIN export_imports AS imports USING (import_id)
    LEFT JOIN export_named AS named
        ON
            named.record_type = 'roles'
            AND named.entity_type = 'student_school_enrollments'
            AND stay.source_id = named.source_id
            AND named.left_at IS NULL
    UNION ALL
    SELECT
        coalesce(work.source_id, work.staff_assignment_id::text) AS source_id,
        greatest(work.known_at, imports.imported_at, person.left_at, school.left_at, work.deleted_at) AS changed_at,
        coalesce(person.left_at, school.left_at, work.deleted_at) AS left_at,
        coalesce(named.facts ->> 'userSourcedId', person.source_id) AS user_id,
        CASE WHEN work.is_primary THEN 'primary' ELSE 'secondary' END AS role_type,
        work.staff_role::text AS role,
        work.begins_on,
        work.ends_on::text AS ends_on,
        coalesce(school.source_id, named.facts ->> 'orgSourcedId', district.source_id) AS org_id,
        coalesce(named.facts, '{}') AS facts
    FROM (
        SELECT
            staff_assignment_id, staff_id, school_id, staff_role, is_primary, begins_on, ends_on, source_id,
            known_at, import_id, NULL::timestamptz AS deleted_at
        FROM staff_assignments
        UNION ALL
        SELECT
            staff_assignment_id, staff_id, school_id, staff_role, is_primary, begins_on, ends_on, source_id,
            known_at, import_id, superseded_at AS deleted_at
        FROM (
            SELECT DISTINCT ON (staff_assignment_id) *
            FROM staff_assignments_history AS was
            WHERE
                (SELECT is_delta FROM export_run)
                AND NOT EXISTS (
                    SELECT FROM staff_assignments AS now
                    WHERE now.staff_assignment_id = was.staff_assignment_id
                )
            ORDER BY staff_assignment_id, superseded_at DESC
        ) AS last
    ) AS work
    INNER JOIN export_persons AS person ON person.kind = 'staff' AND work.staff_id = person.entity_id
    CROSS JOIN export_district AS district
    LEFT JOIN export_schools AS school USING (school_id)
    LEFT JOIN export_imports AS imports USING (import_id)
    LEFT JOIN export_named AS named
        ON
            named.record_type = 'roles'
            AND named.entity_type = 'staff_assignments'
            AND work.source_id = named.source_id
            AND named.left_at IS NULL
),

whole AS (
    SELECT
        source_id,
        changed_at,
        left_at,
        facts ->> 'userSourcedId' AS user_id,
        facts ->> 'roleType' AS role_type,
        facts ->> 'role' AS role,
        (facts ->> 'beginDate')::date AS begins_on,
        facts ->> 'endDate' AS ends_on,
        facts ->> 'orgSourcedId' AS org_id,
        facts
    FROM export_named
    WHERE record_type = 'roles' AND entity_type = ''
),

without AS (
    SELECT
        person.source_id || '.' || person.kind AS source_id,
        person.changed_at,
        person.left_at,
        person.source_id AS user_id,
        'primary' AS role_type,
        CASE person.kind
            WHEN 'students' THEN 'student'
            WHEN 'staff' THEN 'teacher'
            ELSE coalesce(tie.role, 'guardian')
        END AS role,
        NULL::date AS begins_on,
        NULL AS ends_on,
        district.source_id AS org_id,
        '{}'::jsonb AS facts
    FROM export_persons AS person
    CROSS JOIN export_district AS district
    LEFT JOIN (
        SELECT
            guardian_id,
            min(lower(relation)) AS role
        FROM student_guardians
        WHERE lower(relation) IN ('guardian', 'parent', 'relative')
        GROUP BY guardian_id
    ) AS tie ON person.kind = 'guardians' AND person.entity_id = tie.guardian_id
    WHERE
        NOT EXISTS (
            SELECT FROM student_school_enrollments AS stay
            WHERE person.kind = 'students' AND stay.student_id = person.entity_id
        )
        AND NOT EXISTS (
            SELECT FROM staff_assignments AS work
            WHERE person.kind = 'staff' AND work.staff_id = person.entity_id
        )
        AND NOT EXISTS (
            SELECT FROM export_named AS named
            WHERE
                named.record_type = 'users'
                AND named.entity_type = person.kind
                AND named.entity_id = person.entity_id
                AND named.left_at IS NULL
        )
)

SELECT
    every.source_id AS "sourcedId",
    CASE WHEN every.left_at IS NULL THEN 'active' ELSE 'tobedeleted' END AS status,
    every.changed_at,
    every.user_id AS "userSourcedId",
    CASE
        WHEN
            every.role_type = 'primary'
            AND row_number() OVER (
                PARTITION BY every.user_id, every.org_id, every.role_type, every.left_at IS NULL
                ORDER BY every.begins_on DESC NULLS LAST, every.source_id COLLATE "C"
            ) = 1
            THEN 'primary'
        ELSE 'secondary'
    END AS "roleType",
    every.role,
    every.begins_on::text AS "beginDate",
    every.ends_on AS "endDate",
    every.org_id AS "orgSourcedId",
    every.facts ->> 'userProfileSourcedId' AS "userProfileSourcedId",
    every.facts
FROM (
    SELECT * FROM told
    UNION ALL
    SELECT * FROM whole
    UNION ALL
    SELECT * FROM without
) AS every;

-- name: enrollments
-- Students and staff in classes. Who stays to a class's last day needs no end.
SELECT
    coalesce(place.source_id, place.student_id || '.' || place.section_id) AS "sourcedId",
    CASE
        WHEN coalesce(person.left_at, section.left_at, place.deleted_at) IS NULL THEN 'active'
        ELSE 'tobedeleted'
    END AS status,
    greatest(place.known_at, imports.imported_at, person.left_at, section.left_at, place.deleted_at) AS changed_at,
    section.source_id AS "classSourcedId",
    coalesce(named.facts ->> 'schoolSourcedId', section.school_source_id) AS "schoolSourcedId",
    coalesce(named.facts ->> 'userSourcedId', person.source_id) AS "userSourcedId",
    'student' AS role,
    named.facts ->> 'primary' AS "primary",
    coalesce(named.facts ->> 'beginDate', place.enrolled_on::text) AS "beginDate",
    coalesce(
        CASE
            WHEN place.withdrawn_on < section.ends_on
                THEN greatest(place.withdrawn_on, place.enrolled_on)::text
        END,
        named.facts ->> 'endDate'
    ) AS "endDate",
    coalesce(named.facts, '{}') AS facts
FROM (
    SELECT
        student_id, section_id, source_id, enrolled_on, withdrawn_on, known_at, import_id,
        NULL::timestamptz AS deleted_at
    FROM course_enrollments
    UNION ALL
    SELECT
        student_id, section_id, source_id, enrolled_on, withdrawn_on, known_at, import_id,
        superseded_at AS deleted_at
    FROM (
        SELECT DISTINCT ON (student_id, section_id) *
        FROM course_enrollments_history AS was
        WHERE
            (SELECT is_delta FROM export_run)
            AND NOT EXISTS (
                SELECT FROM course_enrollments AS now
                WHERE now.student_id = was.student_id AND now.section_id = was.section_id
            )
        ORDER BY student_id, section_id, superseded_at DESC
    ) AS last
) AS place
INNER JOIN export_persons AS person ON person.kind = 'students' AND place.student_id = person.entity_id
INNER JOIN export_sections AS section USING (section_id)
LEFT JOIN export_imports AS imports USING (import_id)
LEFT JOIN export_named AS named
    ON
        named.record_type = 'enrollments'
        AND named.entity_type = 'course_enrollments'
        AND place.source_id = named.source_id
        AND named.left_at IS NULL
UNION ALL
SELECT
    coalesce(place.source_id, place.section_id || '.' || place.staff_id || '.' || place.section_role),
    CASE
        WHEN coalesce(person.left_at, section.left_at, place.deleted_at) IS NULL THEN 'active'
        ELSE 'tobedeleted'
    END,
    greatest(place.known_at, imports.imported_at, person.left_at, section.left_at, place.deleted_at),
    section.source_id,
    coalesce(named.facts ->> 'schoolSourcedId', section.school_source_id),
    coalesce(named.facts ->> 'userSourcedId', person.source_id),
    CASE WHEN place.section_role = 'aide' THEN 'ext:aide' ELSE place.section_role END,
    place.is_primary::text,
    coalesce(named.facts ->> 'beginDate', place.begins_on::text),
    coalesce(
        CASE WHEN place.ends_on < section.ends_on THEN greatest(place.ends_on, place.begins_on)::text END,
        named.facts ->> 'endDate'
    ),
    coalesce(named.facts, '{}')
FROM (
    SELECT
        section_id, staff_id, section_role::text AS section_role, source_id, is_primary, begins_on, ends_on,
        known_at, import_id, NULL::timestamptz AS deleted_at
    FROM section_staff
    UNION ALL
    SELECT
        section_id, staff_id, section_role::text AS section_role, source_id, is_primary, begins_on, ends_on,
        known_at, import_id, superseded_at AS deleted_at
    FROM (
        SELECT DISTINCT ON (section_id, staff_id, section_role) *
        FROM section_staff_history AS was
        WHERE
            (SELECT is_delta FROM export_run)
            AND NOT EXISTS (
                SELECT FROM section_staff AS now
                WHERE
                    now.section_id = was.section_id
                    AND now.staff_id = was.staff_id
                    AND now.section_role = was.section_role
            )
        ORDER BY section_id, staff_id, section_role, superseded_at DESC
    ) AS last
) AS place
INNER JOIN export_persons AS person ON person.kind = 'staff' AND place.staff_id = person.entity_id
INNER JOIN export_sections AS section USING (section_id)
LEFT JOIN export_imports AS imports USING (import_id)
LEFT JOIN export_named AS named
    ON
        named.record_type = 'enrollments'
        AND named.entity_type = 'section_staff'
        AND place.source_id = named.source_id
        AND named.left_at IS NULL;

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
        student_id, assignment_id, source_id, grade_value, grade_letter, is_late, is_missing, is_exempt, comment,
        known_at, import_id, NULL::timestamptz AS deleted_at
    FROM grades
    UNION ALL
    SELECT
        student_id, assignment_id, source_id, grade_value, grade_letter, is_late, is_missing, is_exempt, comment,
        known_at, import_id, superseded_at AS deleted_at
    FROM (
        SELECT DISTINCT ON (student_id, assignment_id) *
        FROM grades_history AS was
        WHERE
            (SELECT is_delta FROM export_run)
            AND NOT EXISTS (
                SELECT FROM grades AS now
                WHERE now.student_id = was.student_id AND now.assignment_id = was.assignment_id
            )
        ORDER BY student_id, assignment_id, superseded_at DESC
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
