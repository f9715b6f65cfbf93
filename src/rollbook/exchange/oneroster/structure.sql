-- Schools, terms, courses and classes of a OneRoster bundle, typed. Temporary tables only; runs with the tenant
-- set, after oneroster_run and oneroster_files are filled.

-- name: make_schools
-- Schools of the bundle, and those named before where the file does not hold all. What a source calls by a
-- name that another of our schools has, goes by its id.
CREATE TEMP TABLE IF NOT EXISTS oneroster_schools ON COMMIT DROP AS
WITH told AS (
    SELECT
        org.line_number,
        org."sourcedId" AS source_id,
        org.name,
        org.identifier,
        org."dateLastModified"::timestamptz AS known_at,
        coalesce(known.entity_id, same.school_id, uuidv7()) AS school_id,
        count(*) OVER (PARTITION BY coalesce(org.identifier, org."sourcedId")) = 1
        AND coalesce(other."sourcedId" = org."sourcedId", TRUE) AS is_alone
    FROM stage_orgs AS org
    LEFT JOIN stage_orgs AS other ON org.identifier = other."sourcedId"
    LEFT JOIN oneroster_known AS known
        ON known.record_type = 'orgs' AND org."sourcedId" = known.source_id
    LEFT JOIN schools AS same
        ON
            coalesce(org.identifier, org."sourcedId") = same.school_code
            AND lower(org.name) = lower(same.name)
            AND known.source_id IS NULL
    WHERE org.type = 'school' AND org.status IS DISTINCT FROM 'tobedeleted'
)

SELECT
    told.source_id,
    told.school_id,
    told.name,
    told.identifier,
    told.known_at,
    CASE
        WHEN told.is_alone AND told.identifier IS NOT NULL AND taken.school_id IS NULL THEN told.identifier
        ELSE told.source_id
    END AS school_code,
    TRUE AS is_told
FROM told
LEFT JOIN schools AS taken ON told.identifier = taken.school_code AND told.school_id <> taken.school_id
UNION ALL
SELECT
    record.source_id,
    record.entity_id,
    NULL AS name,
    NULL AS identifier,
    NULL AS known_at,
    NULL AS school_code,
    FALSE AS is_told
FROM oneroster_before AS record
WHERE
    record.kind = 'schools'
    AND NOT EXISTS (
        SELECT FROM stage_orgs AS org
        WHERE org."sourcedId" = record.source_id AND org.status IS DISTINCT FROM 'tobedeleted'
    );

-- name: make_incoming_schools
-- OneRoster does not say what type a school is: its name does, or the grades of its classes.
CREATE TEMP TABLE IF NOT EXISTS incoming_schools ON COMMIT DROP AS
SELECT
    school.school_id,
    school.school_code,
    school.name,
    CASE
        WHEN school.name ~* '\m(college|university)\M' THEN 'postsecondary'
        WHEN school.name ~* '\m(elementary|primary|grade)\M' THEN 'elementary'
        WHEN school.name ~* '\m(middle|junior|intermediate)\M' THEN 'middle'
        WHEN school.name ~* '\m(high|secondary|senior)\M' THEN 'high'
        WHEN grades.low >= 9 THEN 'high'
        WHEN grades.low >= 6 THEN 'middle'
        ELSE 'elementary'
    END AS school_type,
    school.known_at
FROM oneroster_schools AS school
LEFT JOIN (
    SELECT
        class."schoolSourcedId" AS source_id,
        min(grade.level) AS low
    FROM stage_classes AS class
    CROSS JOIN LATERAL unnest(string_to_array(class.grades, ',')) AS code
    INNER JOIN oneroster_grade_levels AS grade USING (code)
    GROUP BY class."schoolSourcedId"
) AS grades USING (source_id)
WHERE school.is_told;

-- name: make_sessions
-- Academic sessions of our four types, and those named before where the file does not hold all. What another
-- source calls by the same id is the same only if its title is: most number theirs from 1.
CREATE TEMP TABLE IF NOT EXISTS oneroster_sessions ON COMMIT DROP AS
SELECT
    session."sourcedId" AS source_id,
    coalesce(known.entity_id, same.session_id, uuidv7()) AS session_id,
    session."startDate"::date AS starts_on,
    session."endDate"::date AS ends_on,
    session.type AS session_type,
    TRUE AS is_told
FROM stage_academicsessions AS session
LEFT JOIN oneroster_known AS known
    ON known.record_type = 'academicSessions' AND session."sourcedId" = known.source_id
LEFT JOIN academic_sessions AS same
    ON
        session."sourcedId" = same.session_code
        AND known.source_id IS NULL
        AND (
            lower(session.title) = lower(same.title)
            OR NOT EXISTS (
                SELECT FROM source_records AS named
                WHERE named.record_type = 'academicSessions' AND named.entity_id = same.session_id
            )
        )
WHERE
    session.type IN ('schoolYear', 'semester', 'term', 'gradingPeriod')
    AND session.status IS DISTINCT FROM 'tobedeleted'
UNION ALL
SELECT
    record.source_id,
    record.entity_id,
    ours.starts_on,
    ours.ends_on,
    ours.session_type,
    FALSE AS is_told
FROM oneroster_before AS record
INNER JOIN academic_sessions AS ours ON record.entity_id = ours.session_id
WHERE
    record.kind = 'academic_sessions'
    AND NOT EXISTS (
        SELECT FROM stage_academicsessions AS session
        WHERE session."sourcedId" = record.source_id AND session.status IS DISTINCT FROM 'tobedeleted'
    );

-- name: make_incoming_academic_sessions
-- Their typed rows. A session that another of ours is called like already goes by both its names.
CREATE TEMP TABLE IF NOT EXISTS incoming_academic_sessions ON COMMIT DROP AS
SELECT
    mine.session_id,
    CASE
        WHEN taken.session_id IS NULL THEN mine.source_id
        ELSE (SELECT source FROM oneroster_run) || ':' || mine.source_id
    END AS session_code,
    session.title,
    mine.session_type,
    mine.starts_on,
    mine.ends_on,
    session."schoolYear"::smallint AS school_year,
    parent.session_id AS parent_session_id,
    session."dateLastModified"::timestamptz AS known_at
FROM oneroster_sessions AS mine
INNER JOIN stage_academicsessions AS session ON mine.source_id = session."sourcedId"
LEFT JOIN oneroster_sessions AS parent ON session."parentSourcedId" = parent.source_id
LEFT JOIN academic_sessions AS taken
    ON mine.source_id = taken.session_code AND mine.session_id <> taken.session_id
WHERE mine.is_told;

-- name: make_terms
-- When each session of whatever type is: a class's days are those of its terms.
CREATE TEMP TABLE IF NOT EXISTS oneroster_terms ON COMMIT DROP AS
SELECT
    source_id,
    session_id,
    starts_on,
    ends_on
FROM oneroster_sessions
UNION ALL
SELECT
    "sourcedId" AS source_id,
    NULL::uuid AS session_id,
    "startDate"::date AS starts_on,
    "endDate"::date AS ends_on
FROM stage_academicsessions
WHERE type LIKE 'ext:%' AND status IS DISTINCT FROM 'tobedeleted'
UNION ALL
SELECT
    source_id,
    NULL AS session_id,
    (facts ->> 'startDate')::date AS starts_on,
    (facts ->> 'endDate')::date AS ends_on
FROM oneroster_before AS record
WHERE
    record.record_type = 'academicSessions'
    AND record.kind = ''
    AND NOT EXISTS (
        SELECT FROM stage_academicsessions AS session
        WHERE session."sourcedId" = record.source_id AND session.status IS DISTINCT FROM 'tobedeleted'
    );

-- name: make_courses
-- Courses of the bundle, and those named before. A code that several have is nobody's: they go by their ids.
CREATE TEMP TABLE IF NOT EXISTS oneroster_courses ON COMMIT DROP AS
WITH told AS (
    SELECT
        course."sourcedId" AS source_id,
        course."courseCode" AS code,
        coalesce(known.entity_id, same.course_id, uuidv7()) AS course_id,
        count(*) OVER (PARTITION BY coalesce(course."courseCode", course."sourcedId")) = 1
        AND coalesce(other."sourcedId" = course."sourcedId", TRUE) AS is_alone
    FROM stage_courses AS course
    LEFT JOIN stage_courses AS other ON course."courseCode" = other."sourcedId"
    LEFT JOIN oneroster_known AS known
        ON known.record_type = 'courses' AND course."sourcedId" = known.source_id
    LEFT JOIN courses AS same
        ON
            coalesce(course."courseCode", course."sourcedId") = same.course_code
            AND lower(course.title) = lower(same.title)
            AND known.source_id IS NULL
    WHERE course.status IS DISTINCT FROM 'tobedeleted'
)

SELECT
    told.source_id,
    told.course_id,
    CASE
        WHEN told.is_alone AND told.code IS NOT NULL AND taken.course_id IS NULL THEN told.code
        ELSE told.source_id
    END AS course_code,
    TRUE AS is_told
FROM told
LEFT JOIN courses AS taken ON told.code = taken.course_code AND told.course_id <> taken.course_id
UNION ALL
SELECT
    record.source_id,
    record.entity_id,
    NULL AS course_code,
    FALSE AS is_told
FROM oneroster_before AS record
WHERE
    record.kind = 'courses'
    AND NOT EXISTS (
        SELECT FROM stage_courses AS course
        WHERE course."sourcedId" = record.source_id AND course.status IS DISTINCT FROM 'tobedeleted'
    );

-- name: make_incoming_courses
-- Their typed rows: the first subject, and the grades from the lowest to the highest.
CREATE TEMP TABLE IF NOT EXISTS incoming_courses ON COMMIT DROP AS
SELECT
    mine.course_id,
    mine.course_code,
    course.title,
    split_part(course.subjects, ',', 1) AS subject,
    school.school_id,
    grades.low AS low_grade,
    grades.high AS high_grade,
    course."dateLastModified"::timestamptz AS known_at
FROM oneroster_courses AS mine
INNER JOIN stage_courses AS course ON mine.source_id = course."sourcedId"
LEFT JOIN oneroster_schools AS school ON course."orgSourcedId" = school.source_id
LEFT JOIN LATERAL (
    SELECT
        min(grade.level) AS low,
        max(grade.level) AS high
    FROM unnest(string_to_array(course.grades, ',')) AS code
    INNER JOIN oneroster_grade_levels AS grade USING (code)
) AS grades ON TRUE
WHERE mine.is_told;

-- name: make_sections
-- Classes of the bundle, and those named before. A class meets from its first term's first day to the last's
-- last; a term of one day is two days long for us, who need a beginning before the end.
CREATE TEMP TABLE IF NOT EXISTS oneroster_sections ON COMMIT DROP AS
WITH days AS (
    SELECT
        class."sourcedId" AS source_id,
        min(term.starts_on) AS starts_on,
        max(term.ends_on) AS ends_on
    FROM stage_classes AS class
    CROSS JOIN LATERAL unnest(string_to_array(class."termSourcedIds", ',')) AS listed (source_id)
    INNER JOIN oneroster_terms AS term ON listed.source_id = term.source_id
    GROUP BY class."sourcedId"
),

told AS (
    SELECT
        class."sourcedId" AS source_id,
        class."classCode" AS code,
        course.course_id,
        school.school_id,
        class."schoolSourcedId" AS school_source_id,
        days.starts_on,
        greatest(days.ends_on, days.starts_on + 1) AS ends_on,
        coalesce(known.entity_id, same.section_id, uuidv7()) AS section_id,
        count(*) OVER (PARTITION BY course.course_id, coalesce(class."classCode", class."sourcedId")) = 1
        AND coalesce(other."sourcedId" = class."sourcedId", TRUE) AS is_alone
    FROM stage_classes AS class
    INNER JOIN days ON class."sourcedId" = days.source_id
    INNER JOIN oneroster_courses AS course ON class."courseSourcedId" = course.source_id
    LEFT JOIN oneroster_schools AS school ON class."schoolSourcedId" = school.source_id
    LEFT JOIN stage_classes AS other ON class."classCode" = other."sourcedId"
    LEFT JOIN oneroster_known AS known
        ON known.record_type = 'classes' AND class."sourcedId" = known.source_id
    LEFT JOIN sections AS same
        ON
            course.course_id = same.course_id
            AND coalesce(class."classCode", class."sourcedId") = same.section_code
            AND known.source_id IS NULL
    WHERE class.status IS DISTINCT FROM 'tobedeleted'
)

SELECT
    told.source_id,
    told.section_id,
    told.course_id,
    told.school_id,
    told.school_source_id,
    told.starts_on,
    told.ends_on,
    CASE
        WHEN told.is_alone AND told.code IS NOT NULL AND taken.section_id IS NULL THEN told.code
        ELSE told.source_id
    END AS section_code,
    TRUE AS is_told
FROM told
LEFT JOIN sections AS taken
    ON
        told.course_id = taken.course_id
        AND told.code = taken.section_code
        AND told.section_id <> taken.section_id
UNION ALL
SELECT
    record.source_id,
    record.entity_id,
    ours.course_id,
    ours.school_id,
    coalesce(record.facts ->> 'schoolSourcedId', school.source_id) AS school_source_id,
    ours.starts_on,
    ours.ends_on,
    ours.section_code,
    FALSE AS is_told
FROM oneroster_before AS record
INNER JOIN sections AS ours ON record.entity_id = ours.section_id
LEFT JOIN oneroster_schools AS school ON ours.school_id = school.school_id
WHERE
    record.kind = 'sections'
    AND NOT EXISTS (
        SELECT FROM stage_classes AS class
        WHERE class."sourcedId" = record.source_id AND class.status IS DISTINCT FROM 'tobedeleted'
    );

-- name: make_incoming_sections
-- Their typed rows.
CREATE TEMP TABLE IF NOT EXISTS incoming_sections ON COMMIT DROP AS
SELECT
    mine.section_id,
    mine.course_id,
    mine.school_id,
    mine.section_code,
    mine.starts_on,
    mine.ends_on,
    class.title,
    class.location,
    string_to_array(class.periods, ',') AS periods,
    class."classType" = 'homeroom' AS is_homeroom,
    class."dateLastModified"::timestamptz AS known_at
FROM oneroster_sections AS mine
INNER JOIN stage_classes AS class ON mine.source_id = class."sourcedId"
WHERE mine.is_told;

-- name: make_incoming_section_sessions
-- In which of our sessions they meet; of a class in a delta, in no others.
CREATE TEMP TABLE IF NOT EXISTS incoming_section_sessions ON COMMIT DROP AS
WITH listed AS (
    SELECT DISTINCT
        mine.section_id,
        session.session_id,
        class."dateLastModified"::timestamptz AS known_at
    FROM oneroster_sections AS mine
    INNER JOIN stage_classes AS class ON mine.source_id = class."sourcedId"
    CROSS JOIN LATERAL unnest(string_to_array(class."termSourcedIds", ',')) AS term (source_id)
    INNER JOIN oneroster_sessions AS session ON term.source_id = session.source_id
    WHERE mine.is_told
)

SELECT
    section_id,
    session_id,
    known_at,
    FALSE AS is_gone
FROM listed
UNION ALL
SELECT
    ours.section_id,
    ours.session_id,
    NULL AS known_at,
    TRUE AS is_gone
FROM section_sessions AS ours
WHERE
    ours.section_id IN (SELECT section_id FROM listed)
    AND NOT EXISTS (
        SELECT FROM listed
        WHERE listed.section_id = ours.section_id AND listed.session_id = ours.session_id
    );
