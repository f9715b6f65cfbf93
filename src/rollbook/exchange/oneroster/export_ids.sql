-- What an export calls each record. Temporary tables, made in the order in which they stand; run with the tenant
-- set, in one snapshot. A record that a source named is called as it does; any other by our own id.
-- left_at: the source took it back; a bulk export leaves it out, a delta says that it is to be deleted.

-- name: make_export
-- Which export this is.
CREATE TEMP TABLE IF NOT EXISTS export_run (
    source text NOT NULL,
    tenant_name text NOT NULL,
    is_delta boolean NOT NULL
) ON COMMIT DROP;

-- name: say_export
-- Fill it.
-- params   source text, tenant_name text, is_delta bool
INSERT INTO export_run (source, tenant_name, is_delta) VALUES (:source, :tenant_name, :is_delta);

-- name: sources
-- The systems whose ids of OneRoster's records are known here.
-- params   record_types text[]
-- returns  source text
SELECT DISTINCT source
FROM source_records
WHERE record_type = ANY(:record_types)
ORDER BY source;

-- name: make_imports
-- When each import wrote: what it brought was known to its source before, and is new here since then.
CREATE TEMP TABLE IF NOT EXISTS export_imports ON COMMIT DROP AS
SELECT
    import_id,
    finished_at AS imported_at
FROM imports
WHERE undone_at IS NULL AND finished_at IS NOT NULL;

-- name: make_named
-- The source's records, and the last version of those that it took back.
CREATE TEMP TABLE IF NOT EXISTS export_named ON COMMIT DROP AS
SELECT
    record.record_type,
    record.source_id,
    record.entity_type,
    record.entity_id,
    record.facts,
    greatest(record.known_at, imports.imported_at) AS changed_at,
    NULL::timestamptz AS left_at
FROM source_records AS record
LEFT JOIN export_imports AS imports USING (import_id)
WHERE record.source = (SELECT source FROM export_run)
UNION ALL
SELECT
    last.record_type,
    last.source_id,
    last.entity_type,
    last.entity_id,
    last.facts,
    last.known_at AS changed_at,
    last.superseded_at AS left_at
FROM (
    SELECT DISTINCT ON (was.record_type, was.source_id) was.*
    FROM source_records_history AS was
    LEFT JOIN imports AS made ON was.tenant_id = made.tenant_id AND was.import_id = made.import_id
    WHERE
        was.source = (SELECT source FROM export_run)
        AND made.undone_at IS NULL
        AND NOT EXISTS (
            SELECT FROM source_records AS record
            WHERE
                record.source = was.source
                AND record.record_type = was.record_type
                AND record.source_id = was.source_id
        )
    ORDER BY was.record_type ASC, was.source_id ASC, was.superseded_at DESC, was.entity_type DESC
) AS last;

-- name: make_main
-- Of each of our entities, the record that speaks for it: one that is still there, the first of several.
CREATE TEMP TABLE IF NOT EXISTS export_main ON COMMIT DROP AS
SELECT DISTINCT ON (record_type, entity_type, entity_id)
    record_type,
    entity_type,
    entity_id,
    source_id,
    facts,
    changed_at,
    left_at
FROM export_named
WHERE entity_id IS NOT NULL AND record_type NOT IN ('roles', 'demographics')
ORDER BY record_type ASC, entity_type ASC, entity_id ASC, left_at DESC NULLS FIRST, source_id ASC;

-- name: make_schools
-- Schools.
CREATE TEMP TABLE IF NOT EXISTS export_schools ON COMMIT DROP AS
SELECT
    ours.school_id,
    coalesce(main.source_id, ours.school_id::text) AS source_id,
    coalesce(main.facts, '{}') AS facts,
    greatest(ours.known_at, imports.imported_at, main.changed_at, main.left_at) AS changed_at,
    main.left_at
FROM schools AS ours
LEFT JOIN export_main AS main
    ON main.record_type = 'orgs' AND main.entity_type = 'schools' AND ours.school_id = main.entity_id
LEFT JOIN export_imports AS imports USING (import_id);

-- name: make_district
-- The organisation of all: the source's, or one that is made where something needs it.
CREATE TEMP TABLE IF NOT EXISTS export_district ON COMMIT DROP AS
SELECT
    coalesce(named.source_id, 'district') AS source_id,
    named.source_id IS NULL AS is_made
FROM (
    SELECT min(source_id) AS source_id
    FROM export_named
    WHERE record_type = 'orgs' AND facts ->> 'type' = 'district' AND left_at IS NULL
) AS named;

-- name: make_sessions
-- Academic sessions: by their code where it can be an id.
CREATE TEMP TABLE IF NOT EXISTS export_sessions ON COMMIT DROP AS
SELECT
    ours.session_id,
    coalesce(
        main.source_id,
        CASE WHEN ours.session_code ~ '^[0-9A-Za-z./@_-]{1,200}$' THEN ours.session_code END,
        ours.session_id::text
    ) AS source_id,
    ours.starts_on,
    ours.ends_on,
    ours.session_type,
    coalesce(main.facts, '{}') AS facts,
    greatest(ours.known_at, imports.imported_at, main.changed_at, main.left_at) AS changed_at,
    main.left_at
FROM academic_sessions AS ours
LEFT JOIN export_main AS main
    ON main.record_type = 'academicSessions' AND ours.session_id = main.entity_id
LEFT JOIN export_imports AS imports USING (import_id);

-- name: make_courses
-- Courses.
CREATE TEMP TABLE IF NOT EXISTS export_courses ON COMMIT DROP AS
SELECT
    ours.course_id,
    coalesce(main.source_id, ours.course_id::text) AS source_id,
    ours.title,
    coalesce(main.facts, '{}') AS facts,
    greatest(ours.known_at, imports.imported_at, main.changed_at, main.left_at) AS changed_at,
    main.left_at
FROM courses AS ours
LEFT JOIN export_main AS main ON main.record_type = 'courses' AND ours.course_id = main.entity_id
LEFT JOIN export_imports AS imports USING (import_id);

-- name: make_sections
-- Sections, with the terms they meet in; one that meets in none is given a term of its own days.
CREATE TEMP TABLE IF NOT EXISTS export_sections ON COMMIT DROP AS
SELECT
    ours.section_id,
    coalesce(main.source_id, ours.section_id::text) AS source_id,
    ours.starts_on,
    ours.ends_on,
    coalesce(school.source_id, main.facts ->> 'schoolSourcedId', 'school') AS school_source_id,
    course.source_id AS course_source_id,
    course.title AS course_title,
    'session-' || ours.starts_on || '-' || ours.ends_on AS made_session,
    meets.listed,
    meets.graded_in,
    coalesce(main.facts, '{}') AS facts,
    greatest(
        ours.known_at, imports.imported_at, main.changed_at, main.left_at, meets.changed_at, lost.changed_at
    )
        AS changed_at,
    coalesce(main.left_at, course.left_at) AS left_at
FROM sections AS ours
INNER JOIN export_courses AS course USING (course_id)
LEFT JOIN export_schools AS school ON ours.school_id = school.school_id
LEFT JOIN export_main AS main ON main.record_type = 'classes' AND ours.section_id = main.entity_id
LEFT JOIN export_imports AS imports USING (import_id)
LEFT JOIN (
    SELECT
        met.section_id,
        string_agg(
            session.source_id, ',' ORDER BY session.starts_on, session.source_id COLLATE "C"
        ) FILTER (WHERE session.left_at IS NULL) AS listed,
        (
            array_agg(
                session.source_id ORDER BY session.starts_on, session.source_id COLLATE "C"
            ) FILTER (WHERE session.session_type <> 'schoolYear' AND session.left_at IS NULL)
        )[1] AS graded_in,
        max(greatest(met.known_at, imported.imported_at)) AS changed_at
    FROM section_sessions AS met
    INNER JOIN export_sessions AS session USING (session_id)
    LEFT JOIN export_imports AS imported ON met.import_id = imported.import_id
    GROUP BY met.section_id
) AS meets ON ours.section_id = meets.section_id
LEFT JOIN (
    SELECT
        section_id,
        max(superseded_at) AS changed_at
    FROM section_sessions_history
    WHERE (SELECT is_delta FROM export_run)
    GROUP BY section_id
) AS lost ON ours.section_id = lost.section_id;

-- name: make_made_sessions
-- Terms that are made for sections without one, and for work in sections that meet in school years only.
CREATE TEMP TABLE IF NOT EXISTS export_made_sessions ON COMMIT DROP AS
SELECT DISTINCT
    section.made_session AS source_id,
    section.starts_on,
    section.ends_on
FROM export_sections AS section
WHERE
    section.left_at IS NULL
    AND NOT EXISTS (SELECT FROM export_sessions AS named WHERE named.source_id = section.made_session)
    AND (
        coalesce(section.facts ->> 'termSourcedIds', section.listed) IS NULL
        OR (
            section.graded_in IS NULL
            AND EXISTS (
                SELECT FROM assignments AS work
                WHERE work.section_id = section.section_id AND work.session_id IS NULL
            )
        )
    );

-- name: make_persons
-- Students, staff and guardians: what those who refer to one call them.
CREATE TEMP TABLE IF NOT EXISTS export_persons ON COMMIT DROP AS
SELECT
    ours.kind,
    ours.entity_id,
    coalesce(main.source_id, ours.entity_id::text) AS source_id,
    greatest(ours.known_at, imports.imported_at) AS changed_at,
    main.left_at
FROM (
    SELECT
        'students' AS kind,
        student_id AS entity_id,
        known_at,
        import_id
    FROM students
    UNION ALL
    SELECT
        'staff' AS kind,
        staff_id AS entity_id,
        known_at,
        import_id
    FROM staff
    UNION ALL
    SELECT
        'guardians' AS kind,
        guardian_id AS entity_id,
        known_at,
        import_id
    FROM guardians
) AS ours
LEFT JOIN export_main AS main
    ON main.record_type = 'users' AND ours.kind = main.entity_type AND ours.entity_id = main.entity_id
LEFT JOIN export_imports AS imports USING (import_id);

-- name: make_accounts
-- Users, one for each id: a person may have several accounts, and an account be of several kinds.
CREATE TEMP TABLE IF NOT EXISTS export_accounts ON COMMIT DROP AS
SELECT DISTINCT ON (source_id)
    source_id,
    kind,
    entity_id,
    facts,
    facts ? 'familyName' AS is_second,
    changed_at,
    left_at
FROM (
    SELECT
        named.source_id,
        person.kind,
        person.entity_id,
        named.facts,
        greatest(person.changed_at, named.changed_at, named.left_at) AS changed_at,
        named.left_at
    FROM export_persons AS person
    INNER JOIN export_named AS named
        ON
            named.record_type = 'users'
            AND person.kind = named.entity_type
            AND person.entity_id = named.entity_id
    UNION ALL
    SELECT
        person.source_id,
        person.kind,
        person.entity_id,
        '{}' AS facts,
        person.changed_at,
        NULL AS left_at
    FROM export_persons AS person
    WHERE
        NOT EXISTS (
            SELECT FROM export_main AS main
            WHERE
                main.record_type = 'users'
                AND main.entity_type = person.kind
                AND main.entity_id = person.entity_id
        )
) AS accounts
ORDER BY
    source_id ASC, left_at DESC NULLS FIRST, array_position(ARRAY['students', 'staff', 'guardians'], kind);

-- name: make_categories
-- Categories: by their code where it can be an id.
CREATE TEMP TABLE IF NOT EXISTS export_categories ON COMMIT DROP AS
SELECT
    ours.category_id,
    coalesce(
        main.source_id,
        CASE WHEN ours.category_code ~ '^[0-9A-Za-z./@_-]{1,200}$' THEN ours.category_code END,
        ours.category_id::text
    ) AS source_id,
    coalesce(main.facts, '{}') AS facts,
    greatest(ours.known_at, imports.imported_at, main.changed_at, main.left_at) AS changed_at,
    main.left_at
FROM assignment_categories AS ours
LEFT JOIN export_main AS main ON main.record_type = 'categories' AND ours.category_id = main.entity_id
LEFT JOIN export_imports AS imports USING (import_id);

-- name: make_assignments
-- Assignments, and those that were deleted: their last version. A code that is not the id goes out beside it.
CREATE TEMP TABLE IF NOT EXISTS export_assignments ON COMMIT DROP AS
SELECT
    ours.*,
    coalesce(main.source_id, ours.assignment_id::text) AS source_id,
    section.source_id AS class_source_id,
    coalesce(main.facts, '{}') || CASE
        WHEN ours.assignment_code = main.source_id THEN '{}'
        ELSE jsonb_build_object('metadata.rollbook.code', ours.assignment_code)
    END AS facts,
    greatest(
        ours.known_at, imports.imported_at, main.changed_at, main.left_at, ours.deleted_at, section.left_at
    ) AS changed_at,
    coalesce(main.left_at, ours.deleted_at, section.left_at) AS left_at
FROM (
    SELECT
        assignment_id,
        section_id,
        assignment_code,
        title,
        description,
        assignment_type,
        max_value,
        min_value,
        assigned_on,
        due_on,
        category_id,
        session_id,
        known_at,
        import_id,
        NULL::timestamptz AS deleted_at
    FROM assignments
    UNION ALL
    SELECT
        assignment_id,
        section_id,
        assignment_code,
        title,
        description,
        assignment_type,
        max_value,
        min_value,
        assigned_on,
        due_on,
        category_id,
        session_id,
        known_at,
        import_id,
        superseded_at AS deleted_at
    FROM (
        SELECT DISTINCT ON (assignment_id) *
        FROM assignments_history AS was
        WHERE
            (SELECT is_delta FROM export_run)
            AND NOT EXISTS (SELECT FROM assignments AS now WHERE now.assignment_id = was.assignment_id)
        ORDER BY assignment_id ASC, superseded_at DESC
    ) AS last
) AS ours
INNER JOIN export_sections AS section USING (section_id)
LEFT JOIN export_main AS main ON main.record_type = 'lineItems' AND ours.assignment_id = main.entity_id
LEFT JOIN export_imports AS imports USING (import_id);

-- name: make_ids
-- Every id that a bulk export has, for what refers to it: the rest of them is added by table.
CREATE TEMP TABLE IF NOT EXISTS export_ids (
    record_type text NOT NULL,
    source_id text NOT NULL
) ON COMMIT DROP;

-- name: say_ids
-- Add those of the rooms.
INSERT INTO export_ids (record_type, source_id)
SELECT
    'orgs',
    source_id
FROM export_schools WHERE left_at IS NULL
UNION ALL
SELECT
    'orgs',
    source_id
FROM export_district WHERE is_made
UNION ALL
SELECT DISTINCT
    'orgs',
    'school'
FROM export_sections WHERE school_source_id = 'school'
UNION ALL
SELECT
    'academicSessions',
    source_id
FROM export_sessions WHERE left_at IS NULL
UNION ALL
SELECT
    'academicSessions',
    source_id
FROM export_made_sessions
UNION ALL
SELECT
    'courses',
    source_id
FROM export_courses WHERE left_at IS NULL
UNION ALL
SELECT
    'classes',
    source_id
FROM export_sections WHERE left_at IS NULL
UNION ALL
SELECT
    'users',
    source_id
FROM export_accounts WHERE left_at IS NULL
UNION ALL
SELECT
    'categories',
    source_id
FROM export_categories WHERE left_at IS NULL
UNION ALL
SELECT DISTINCT
    'categories',
    'category-' || assignment_type
FROM export_assignments WHERE category_id IS NULL
UNION ALL
SELECT
    'lineItems',
    source_id
FROM export_assignments WHERE left_at IS NULL
UNION ALL
SELECT
    'scoreScales',
    source_id
FROM export_named
WHERE record_type = 'scoreScales' AND entity_type = 'grade_scales' AND left_at IS NULL
UNION ALL
SELECT
    'results',
    coalesce(source_id, student_id || '.' || assignment_id)
FROM grades
WHERE EXISTS (
        SELECT FROM export_named WHERE record_type IN ('resultLearningObjectiveIds', 'resultScoreScales')
    );

-- name: index_ids
-- The parts of a list are looked up one by one.
CREATE INDEX IF NOT EXISTS export_ids_by_id ON export_ids (source_id, record_type);

-- name: make_contacts
-- How people are reached, as encrypted columns say, by table and id of the person; filled by contacts.py.
CREATE TEMP TABLE IF NOT EXISTS export_contacts (
    kind text NOT NULL,
    entity_id uuid NOT NULL,
    email text,
    phone text
) ON COMMIT DROP;
