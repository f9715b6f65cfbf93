-- Who the users of a OneRoster bundle are: students, staff, guardians; one person each, whatever they are called.
-- Temporary tables only: they read the staged rows and what the tenant holds. Runs with the tenant set.

-- name: make_run
-- What this import is, for the queries that make tables: those take no parameters.
CREATE TEMP TABLE IF NOT EXISTS oneroster_run (
    source text NOT NULL,
    today date NOT NULL
) ON COMMIT DROP;

-- name: say_run
-- Fill it.
-- params   source text, today date
INSERT INTO oneroster_run (source, today) VALUES (:source, :today);

-- name: make_files
-- Which files there are, and whether they hold all there is.
CREATE TEMP TABLE IF NOT EXISTS oneroster_files (
    record_type text PRIMARY KEY,
    is_bulk boolean NOT NULL
) ON COMMIT DROP;

-- name: say_file
-- Name one.
-- params   record_type text, is_bulk bool
INSERT INTO oneroster_files (record_type, is_bulk) VALUES (:record_type, :is_bulk);

-- name: make_grade_levels
-- How grades are written (CEDS and as people do), and what they are; the first of a level is how we write it.
CREATE TEMP TABLE IF NOT EXISTS oneroster_grade_levels ON COMMIT DROP AS
SELECT
    code,
    level::smallint AS level,
    row_number() OVER (PARTITION BY level ORDER BY nr) = 1 AS is_ours
FROM (
    VALUES
    (1, 'KG', 0), (2, 'K', 0), (3, '00', 0), (4, '0', 0),
    (5, '01', 1), (6, '02', 2), (7, '03', 3), (8, '04', 4), (9, '05', 5), (10, '06', 6),
    (11, '07', 7), (12, '08', 8), (13, '09', 9), (14, '10', 10), (15, '11', 11), (16, '12', 12),
    (17, '1', 1), (18, '2', 2), (19, '3', 3), (20, '4', 4), (21, '5', 5),
    (22, '6', 6), (23, '7', 7), (24, '8', 8), (25, '9', 9)
) AS written (nr, code, level);

-- name: make_kinds
-- What each user is: by their roles, by what they do in classes, and, where roles are not all told, by before.
CREATE TEMP TABLE IF NOT EXISTS oneroster_kinds ON COMMIT DROP AS
WITH told AS (
    SELECT
        "userSourcedId" AS source_id,
        CASE
            WHEN role = 'student' THEN 'students'
            WHEN
                role IN (
                    'aide', 'counselor', 'districtAdministrator', 'principal', 'proctor',
                    'siteAdministrator', 'systemAdministrator', 'teacher'
                )
                THEN 'staff'
            WHEN role IN ('guardian', 'parent', 'relative') THEN 'guardians'
        END AS kind
    FROM stage_roles
    WHERE status IS DISTINCT FROM 'tobedeleted'
    UNION
    SELECT
        "userSourcedId" AS source_id,
        CASE
            WHEN role = 'student' THEN 'students'
            WHEN role IN ('administrator', 'aide', 'ext:aide', 'proctor', 'teacher') THEN 'staff'
        END AS kind
    FROM stage_enrollments
    WHERE status IS DISTINCT FROM 'tobedeleted'
    UNION
    SELECT
        source_id,
        entity_type AS kind
    FROM source_records
    WHERE
        source = (SELECT source FROM oneroster_run)
        AND record_type = 'users'
        AND entity_type <> ''
        AND 'roles' NOT IN (SELECT record_type FROM oneroster_files WHERE is_bulk)
)

SELECT
    told.kind,
    told.source_id,
    coalesce(member.identifier, told.source_id) AS number,
    member.identifier,
    member."userMasterIdentifier" AS master_id,
    member."userIds" AS user_ids,
    member."givenName" AS given_name,
    member."familyName" AS family_name,
    demographic."birthDate" AS birth_date,
    member.line_number
FROM told
INNER JOIN stage_users AS member ON told.source_id = member."sourcedId"
LEFT JOIN stage_demographics AS demographic ON told.source_id = demographic."sourcedId"
WHERE told.kind IS NOT NULL AND member.status IS DISTINCT FROM 'tobedeleted';

-- name: make_before
-- What the source named before, of the files that are not complete now: it is still there unless they say it left.
CREATE TEMP TABLE IF NOT EXISTS oneroster_before ON COMMIT DROP AS
SELECT
    record_type,
    entity_type AS kind,
    source_id,
    entity_id,
    facts
FROM source_records
WHERE
    source = (SELECT source FROM oneroster_run)
    AND record_type NOT IN (SELECT record_type FROM oneroster_files WHERE is_bulk);

-- name: make_known
-- Which of ours the source meant by an id, now or the last time that it named it.
CREATE TEMP TABLE IF NOT EXISTS oneroster_known ON COMMIT DROP AS
WITH named AS (
    SELECT
        record_type,
        entity_type AS kind,
        source_id,
        entity_id
    FROM source_records
    WHERE source = (SELECT source FROM oneroster_run) AND entity_id IS NOT NULL
)

SELECT
    record_type,
    kind,
    source_id,
    entity_id
FROM named
UNION ALL
(
    SELECT DISTINCT ON (past.record_type, past.entity_type, past.source_id)
        past.record_type,
        past.entity_type,
        past.source_id,
        past.entity_id
    FROM source_records_history AS past
    WHERE
        past.source = (SELECT source FROM oneroster_run)
        AND past.entity_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM named
            WHERE
                named.record_type = past.record_type
                AND named.kind = past.entity_type
                AND named.source_id = past.source_id
        )
    ORDER BY past.record_type ASC, past.entity_type ASC, past.source_id ASC, past.superseded_at DESC
);

-- name: make_people
-- The persons of the bundle, and which of ours they are by their id; none = not known by it.
CREATE TEMP TABLE IF NOT EXISTS oneroster_people ON COMMIT DROP AS
SELECT
    who.*,
    known.entity_id,
    CASE WHEN known.entity_id IS NULL THEN uuidv7() END AS fresh_id,
    FALSE AS is_new,
    who.source_id AS person
FROM oneroster_kinds AS who
LEFT JOIN oneroster_known AS known
    ON known.record_type = 'users' AND who.kind = known.kind AND who.source_id = known.source_id;

-- name: count_unknown
-- How many persons are not known by their id.
-- returns  unknown bigint
SELECT count(*) AS unknown FROM oneroster_people WHERE entity_id IS NULL;

-- name: make_marks
-- What tells a person beside their id: the district's number, the master identifier, ids in other systems.
CREATE TEMP TABLE IF NOT EXISTS oneroster_marks ON COMMIT DROP AS
SELECT
    kind,
    source_id,
    'number' AS mark_type,
    number AS mark
FROM oneroster_people
UNION ALL
SELECT
    kind,
    source_id,
    'userMasterIdentifier' AS mark_type,
    master_id AS mark
FROM oneroster_people
WHERE master_id IS NOT NULL
UNION ALL
SELECT
    kind,
    source_id,
    'userIds' AS mark_type,
    pair AS mark
FROM oneroster_people
CROSS JOIN LATERAL unnest(string_to_array(user_ids, ',')) AS pair
WHERE user_ids IS NOT NULL;

-- name: make_matches
-- Which of ours the unknown ones are by a mark; what their names and birth dates are with us.
CREATE TEMP TABLE IF NOT EXISTS oneroster_matches ON COMMIT DROP AS
WITH ours AS (
    SELECT
        'students' AS kind,
        'number' AS mark_type,
        student_number AS mark,
        student_id AS entity_id
    FROM students
    UNION ALL
    SELECT
        'staff' AS kind,
        'number' AS mark_type,
        staff_number AS mark,
        staff_id AS entity_id
    FROM staff
    UNION ALL
    SELECT
        'guardians' AS kind,
        'number' AS mark_type,
        guardian_number AS mark,
        guardian_id AS entity_id
    FROM guardians
    UNION ALL
    SELECT
        entity_type AS kind,
        'userMasterIdentifier' AS mark_type,
        facts ->> 'userMasterIdentifier' AS mark,
        entity_id
    FROM source_records
    WHERE record_type = 'users' AND entity_id IS NOT NULL AND facts ->> 'userMasterIdentifier' IS NOT NULL
    UNION ALL
    SELECT
        entity_type AS kind,
        'userIds' AS mark_type,
        pair AS mark,
        entity_id
    FROM source_records
    CROSS JOIN LATERAL unnest(string_to_array(facts ->> 'userIds', ',')) AS pair
    WHERE record_type = 'users' AND entity_id IS NOT NULL AND facts ->> 'userIds' IS NOT NULL
)

SELECT DISTINCT
    unknown.kind,
    unknown.source_id,
    ours.entity_id
FROM oneroster_people AS unknown
INNER JOIN oneroster_marks USING (kind, source_id)
INNER JOIN ours USING (kind, mark_type, mark)
WHERE unknown.entity_id IS NULL;

-- name: take_matches
-- Let the unknown ones be those of ours that they match, where it is one only.
UPDATE oneroster_people AS unknown
SET entity_id = matched.entity_id, is_new = TRUE
FROM (
    SELECT
        kind,
        source_id,
        (array_agg(entity_id))[1] AS entity_id
    FROM oneroster_matches
    GROUP BY kind, source_id
    HAVING count(*) = 1
) AS matched
WHERE unknown.kind = matched.kind AND unknown.source_id = matched.source_id AND unknown.entity_id IS NULL;

-- name: make_shared
-- Marks that several persons of one kind have in this bundle.
CREATE TEMP TABLE IF NOT EXISTS oneroster_shared ON COMMIT DROP AS
SELECT
    marks.kind,
    marks.source_id,
    marks.mark_type,
    marks.mark
FROM oneroster_marks AS marks
INNER JOIN (
    SELECT
        kind,
        mark_type,
        mark
    FROM oneroster_marks
    GROUP BY kind, mark_type, mark
    HAVING count(*) > 1
) AS several USING (kind, mark_type, mark);

-- name: join_persons
-- Give those who share a mark the name of the first of them; run until nothing changes.
UPDATE oneroster_people AS one
SET person = first.person
FROM (
    SELECT
        shared.kind,
        shared.source_id,
        min(other.person) AS person
    FROM oneroster_shared AS shared
    INNER JOIN oneroster_shared AS mate USING (kind, mark_type, mark)
    INNER JOIN oneroster_people AS other ON mate.kind = other.kind AND mate.source_id = other.source_id
    GROUP BY shared.kind, shared.source_id
) AS first
WHERE one.kind = first.kind AND one.source_id = first.source_id AND one.person > first.person;

-- name: persons_in_conflict
-- Users who cannot be told from another, or not be told apart: nothing is guessed. Those known by id stay.
-- returns  line_number bigint, column_name text, reason text
WITH several AS (
    SELECT
        kind,
        source_id
    FROM oneroster_matches
    GROUP BY kind, source_id
    HAVING count(*) > 1
),

described AS (
    SELECT
        people.kind,
        people.person,
        people.entity_id,
        people.birth_date,
        lower(people.given_name) AS given_name,
        lower(people.family_name) AS family_name
    FROM oneroster_people AS people
    WHERE EXISTS (
            SELECT FROM oneroster_shared AS shared
            WHERE shared.kind = people.kind AND shared.source_id = people.source_id
        )
),

unlike AS (
    SELECT
        kind,
        person
    FROM described
    GROUP BY kind, person
    HAVING
        count(DISTINCT entity_id) > 1
        OR count(DISTINCT birth_date) > 1
        OR (count(birth_date) < 2 AND count(DISTINCT given_name) > 1 AND count(DISTINCT family_name) > 1)
),

strange AS (
    SELECT
        people.kind,
        people.source_id
    FROM oneroster_people AS people
    INNER JOIN students ON people.kind = 'students' AND people.entity_id = students.student_id
    WHERE
        people.is_new
        AND CASE
            WHEN people.birth_date IS NOT NULL AND students.birth_date IS NOT NULL
                THEN people.birth_date <> to_char(students.birth_date, 'YYYY-MM-DD')
            ELSE
                lower(people.family_name) <> lower(students.last_name)
                AND lower(people.given_name) <> lower(students.first_name)
        END
    UNION ALL
    SELECT
        people.kind,
        people.source_id
    FROM oneroster_people AS people
    INNER JOIN staff ON people.kind = 'staff' AND people.entity_id = staff.staff_id
    WHERE
        people.is_new
        AND lower(people.family_name) <> lower(staff.last_name)
        AND lower(people.given_name) <> lower(staff.first_name)
    UNION ALL
    SELECT
        people.kind,
        people.source_id
    FROM oneroster_people AS people
    INNER JOIN guardians ON people.kind = 'guardians' AND people.entity_id = guardians.guardian_id
    WHERE
        people.is_new
        AND lower(people.family_name) <> lower(guardians.last_name)
        AND lower(people.given_name) <> lower(guardians.first_name)
)

SELECT
    people.line_number,
    'identifier' AS column_name,
    CASE
        WHEN several.source_id IS NOT NULL
            THEN 'is, by one mark or the other, several of our people [identity.ambiguous]'
        WHEN strange.source_id IS NOT NULL
            THEN 'is that of another person with us, by name or birth date [identity.conflict]'
        ELSE 'is shared with another user of another name or birth date [identity.conflict]'
    END AS reason
FROM oneroster_people AS people
LEFT JOIN several USING (kind, source_id)
LEFT JOIN unlike USING (kind, person)
LEFT JOIN strange USING (kind, source_id)
WHERE
    (people.entity_id IS NULL OR people.is_new)
    AND (several.source_id IS NOT NULL OR unlike.person IS NOT NULL OR strange.source_id IS NOT NULL);

-- name: forget_conflicts
-- Leave those out who were rejected.
DELETE FROM oneroster_people AS people
WHERE NOT EXISTS (SELECT FROM stage_users AS member WHERE member."sourcedId" = people.source_id);

-- name: forget_roles
-- Roles that were made from users who were rejected.
DELETE FROM stage_roles AS role
WHERE NOT EXISTS (SELECT FROM stage_users AS member WHERE member."sourcedId" = role."userSourcedId");

-- name: name_persons
-- Give those who are one person one id: that of the one who is known, or the first new one.
UPDATE oneroster_people AS people
SET entity_id = persons.entity_id
FROM (
    SELECT
        kind,
        person,
        coalesce(
            (array_agg(entity_id ORDER BY is_new) FILTER (WHERE entity_id IS NOT NULL))[1],
            (array_agg(fresh_id ORDER BY source_id))[1]
        ) AS entity_id
    FROM oneroster_people
    GROUP BY kind, person
    HAVING count(*) > 1 AND count(entity_id) < count(*)
) AS persons
WHERE people.kind = persons.kind AND people.person = persons.person AND people.entity_id IS NULL;
