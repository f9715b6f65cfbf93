-- The people of a OneRoster bundle, typed: students, staff, guardians. Temporary tables only; runs with the tenant
-- set, after the queries of identity.sql.

-- name: make_users
-- Every user who stays, by what they are: the first of them speaks for the person, the first kind for the user.
CREATE TEMP TABLE IF NOT EXISTS oneroster_users ON COMMIT DROP AS
SELECT
    people.kind,
    people.source_id,
    coalesce(people.entity_id, people.fresh_id) AS entity_id,
    people.number,
    row_number() OVER (
        PARTITION BY people.kind, coalesce(people.entity_id, people.fresh_id) ORDER BY people.source_id
    ) = 1 AS is_main,
    row_number() OVER (
        PARTITION BY people.source_id
        ORDER BY array_position(ARRAY['students', 'staff', 'guardians'], people.kind)
    ) = 1 AS is_first
FROM oneroster_people AS people;

-- name: make_members
-- Of whom the bundle speaks, and of whom it spoke before: for what refers to users.
CREATE TEMP TABLE IF NOT EXISTS oneroster_members ON COMMIT DROP AS
SELECT
    kind,
    source_id,
    entity_id,
    is_main
FROM oneroster_users
UNION ALL
SELECT
    kind,
    source_id,
    entity_id,
    row_number() OVER (PARTITION BY kind, entity_id ORDER BY source_id) = 1 AS is_main
FROM oneroster_before AS record
WHERE
    record_type = 'users'
    AND entity_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM oneroster_kinds AS told WHERE told.source_id = record.source_id);

-- name: make_incoming_students
-- Students as the bundle has them. What demographics.csv does not tell stays as it is.
CREATE TEMP TABLE IF NOT EXISTS incoming_students ON COMMIT DROP AS
SELECT
    who.entity_id AS student_id,
    who.number AS student_number,
    member."givenName" AS first_name,
    member."familyName" AS last_name,
    member."middleName" AS middle_name,
    member."preferredGivenName" AS preferred_name,
    member.email,
    member.phone,
    grade.level AS grade_level,
    CASE WHEN told.is_told THEN demographic."birthDate"::date ELSE ours.birth_date END AS birth_date,
    CASE WHEN told.is_told THEN demographic.sex ELSE ours.gender END AS gender,
    CASE
        WHEN NOT told.is_told THEN ours.race_ethnicity
        WHEN
            num_nulls(
                demographic."americanIndianOrAlaskaNative", demographic.asian,
                demographic."blackOrAfricanAmerican", demographic."nativeHawaiianOrOtherPacificIslander",
                demographic.white, demographic."hispanicOrLatinoEthnicity"
            ) < 6
            THEN array_remove(
                    ARRAY[
                        CASE
                            WHEN demographic."americanIndianOrAlaskaNative" = 'true' THEN 'american_indian'
                        END,
                        CASE WHEN demographic.asian = 'true' THEN 'asian' END,
                        CASE WHEN demographic."blackOrAfricanAmerican" = 'true' THEN 'black' END,
                        CASE WHEN demographic."hispanicOrLatinoEthnicity" = 'true' THEN 'hispanic_latino' END,
                        CASE
                            WHEN demographic."nativeHawaiianOrOtherPacificIslander" = 'true'
                                THEN 'pacific_islander'
                        END,
                        CASE WHEN demographic.white = 'true' THEN 'white' END
                    ],
                    NULL
                )
    END AS race_ethnicity,
    member."dateLastModified"::timestamptz AS known_at,
    FALSE AS is_gone
FROM oneroster_users AS who
INNER JOIN stage_users AS member ON who.source_id = member."sourcedId"
LEFT JOIN oneroster_grade_levels AS grade ON split_part(member.grades, ',', 1) = grade.code
LEFT JOIN stage_demographics AS said ON who.source_id = said."sourcedId"
LEFT JOIN stage_demographics AS demographic
    ON who.source_id = demographic."sourcedId" AND demographic.status IS DISTINCT FROM 'tobedeleted'
LEFT JOIN students AS ours ON who.entity_id = ours.student_id
CROSS JOIN
    LATERAL (
        SELECT
            said.line_number IS NOT NULL
            OR 'demographics' IN (SELECT record_type FROM oneroster_files WHERE is_bulk)
                AS is_told
    ) AS told
WHERE who.kind = 'students' AND who.is_main;

-- name: make_incoming_staff
-- Staff as the bundle has them; their home is their primary organisation, or the school of their first role.
CREATE TEMP TABLE IF NOT EXISTS incoming_staff ON COMMIT DROP AS
SELECT
    who.entity_id AS staff_id,
    who.number AS staff_number,
    member."givenName" AS first_name,
    member."familyName" AS last_name,
    member.email,
    member.phone,
    coalesce(
        home.school_id,
        first_role.school_id,
        CASE
            WHEN 'roles' NOT IN (SELECT record_type FROM oneroster_files WHERE is_bulk) THEN ours.school_id
        END
    ) AS school_id,
    member."dateLastModified"::timestamptz AS known_at,
    FALSE AS is_gone
FROM oneroster_users AS who
INNER JOIN stage_users AS member ON who.source_id = member."sourcedId"
LEFT JOIN oneroster_schools AS home ON member."primaryOrgSourcedId" = home.source_id
LEFT JOIN (
    SELECT DISTINCT ON (role."userSourcedId")
        role."userSourcedId" AS source_id,
        school.school_id
    FROM stage_roles AS role
    INNER JOIN oneroster_schools AS school ON role."orgSourcedId" = school.source_id
    WHERE
        role.status IS DISTINCT FROM 'tobedeleted'
        AND role.role NOT IN ('student', 'guardian', 'parent', 'relative')
    ORDER BY role."userSourcedId", role."roleType", role."sourcedId"
) AS first_role ON who.source_id = first_role.source_id
LEFT JOIN staff AS ours ON who.entity_id = ours.staff_id
WHERE who.kind = 'staff' AND who.is_main;

-- name: make_incoming_guardians
-- Guardians as the bundle has them.
CREATE TEMP TABLE IF NOT EXISTS incoming_guardians ON COMMIT DROP AS
SELECT
    who.entity_id AS guardian_id,
    who.number AS guardian_number,
    member."givenName" AS first_name,
    member."familyName" AS last_name,
    member.email,
    member.phone,
    member."dateLastModified"::timestamptz AS known_at,
    FALSE AS is_gone
FROM oneroster_users AS who
INNER JOIN stage_users AS member ON who.source_id = member."sourcedId"
WHERE who.kind = 'guardians' AND who.is_main;

-- name: add_gone_people
-- Those of whom a delta says that they are gone: they stay, and are counted.
WITH gone AS (
    SELECT
        record.entity_type,
        record.entity_id
    FROM stage_users AS member
    INNER JOIN source_records AS record ON member."sourcedId" = record.source_id
    WHERE
        member.status = 'tobedeleted'
        AND record.source = (SELECT source FROM oneroster_run)
        AND record.record_type = 'users'
        AND record.entity_id IS NOT NULL
    GROUP BY record.entity_type, record.entity_id
),

gone_students AS (
    INSERT INTO incoming_students (student_id, is_gone)
    SELECT
        entity_id,
        TRUE
    FROM gone
    WHERE entity_type = 'students' AND entity_id NOT IN (SELECT student_id FROM incoming_students)
),

gone_guardians AS (
    INSERT INTO incoming_guardians (guardian_id, is_gone)
    SELECT
        entity_id,
        TRUE
    FROM gone
    WHERE entity_type = 'guardians' AND entity_id NOT IN (SELECT guardian_id FROM incoming_guardians)
)

INSERT INTO incoming_staff (staff_id, is_gone)
SELECT
    entity_id,
    TRUE
FROM gone
WHERE entity_type = 'staff' AND entity_id NOT IN (SELECT staff_id FROM incoming_staff);

-- name: make_incoming_student_guardians
-- Who answers for whom: the agents of a student who are guardians.
CREATE TEMP TABLE IF NOT EXISTS incoming_student_guardians ON COMMIT DROP AS
SELECT DISTINCT ON (student.entity_id, guardian.entity_id)
    student.entity_id AS student_id,
    guardian.entity_id AS guardian_id,
    coalesce(said.relation, 'guardian') AS relation,
    least(row_number() OVER (PARTITION BY student.source_id ORDER BY agent.nr), 32767)::smallint
        AS contact_order,
    member."dateLastModified"::timestamptz AS known_at,
    FALSE AS is_gone
FROM oneroster_users AS student
INNER JOIN stage_users AS member ON student.source_id = member."sourcedId"
CROSS JOIN
    LATERAL
    unnest(string_to_array(member."agentSourcedIds", ',')) WITH ORDINALITY AS agent (source_id, nr)
INNER JOIN oneroster_members AS guardian
    ON agent.source_id = guardian.source_id AND guardian.kind = 'guardians'
LEFT JOIN (
    SELECT
        "userSourcedId" AS source_id,
        min(role) AS relation
    FROM stage_roles
    WHERE role IN ('guardian', 'parent', 'relative') AND status IS DISTINCT FROM 'tobedeleted'
    GROUP BY "userSourcedId"
) AS said ON agent.source_id = said.source_id
WHERE student.kind = 'students'
ORDER BY student.entity_id, guardian.entity_id, agent.nr;

-- name: add_gone_student_guardians
-- A student of a delta has the guardians that it says, and no others of this source.
INSERT INTO incoming_student_guardians (student_id, guardian_id, is_gone)
SELECT
    ours.student_id,
    ours.guardian_id,
    TRUE
FROM student_guardians AS ours
WHERE
    ours.student_id IN (SELECT entity_id FROM oneroster_users WHERE kind = 'students')
    AND ours.guardian_id IN (
        SELECT entity_id FROM source_records
        WHERE
            source = (SELECT source FROM oneroster_run)
            AND record_type = 'users'
            AND entity_type = 'guardians'
    )
    AND NOT EXISTS (
        SELECT FROM incoming_student_guardians AS kept
        WHERE kept.student_id = ours.student_id AND kept.guardian_id = ours.guardian_id
    );
