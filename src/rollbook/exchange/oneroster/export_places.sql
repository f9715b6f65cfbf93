-- More of the rows of an export's files, as export.sql has them: who is at which school and in which class.

-- name: roles
-- Where students and staff are. Who has no place is given one at the district, so that they are known for what
-- they are. Of several primary roles of a user at an organisation, the last to begin is it.
WITH told AS (
    SELECT
        coalesce(stay.source_id, stay.enrollment_id::text) AS source_id,
        greatest(stay.known_at, imports.imported_at, person.left_at, school.left_at, stay.deleted_at)
            AS changed_at,
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
            enrollment_id,
            student_id,
            school_id,
            entry_on,
            exit_on,
            is_primary,
            source_id,
            known_at,
            import_id,
            NULL::timestamptz AS deleted_at
        FROM student_school_enrollments
        UNION ALL
        SELECT
            enrollment_id,
            student_id,
            school_id,
            entry_on,
            exit_on,
            is_primary,
            source_id,
            known_at,
            import_id,
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
            ORDER BY enrollment_id ASC, superseded_at DESC
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
        greatest(work.known_at, imports.imported_at, person.left_at, school.left_at, work.deleted_at)
            AS changed_at,
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
            staff_assignment_id,
            staff_id,
            school_id,
            staff_role,
            is_primary,
            begins_on,
            ends_on,
            source_id,
            known_at,
            import_id,
            NULL::timestamptz AS deleted_at
        FROM staff_assignments
        UNION ALL
        SELECT
            staff_assignment_id,
            staff_id,
            school_id,
            staff_role,
            is_primary,
            begins_on,
            ends_on,
            source_id,
            known_at,
            import_id,
            superseded_at AS deleted_at
        FROM (
            SELECT DISTINCT ON (staff_assignment_id) *
            FROM staff_assignments_history AS was
            WHERE
                (SELECT is_delta FROM export_run)
                AND NOT EXISTS (
                    SELECT FROM staff_assignments AS now
                    WHERE now.staff_assignment_id = was.staff_assignment_id
                )
            ORDER BY staff_assignment_id ASC, superseded_at DESC
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
    greatest(place.known_at, imports.imported_at, person.left_at, section.left_at, place.deleted_at)
        AS changed_at,
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
        student_id,
        section_id,
        source_id,
        enrolled_on,
        withdrawn_on,
        known_at,
        import_id,
        NULL::timestamptz AS deleted_at
    FROM course_enrollments
    UNION ALL
    SELECT
        student_id,
        section_id,
        source_id,
        enrolled_on,
        withdrawn_on,
        known_at,
        import_id,
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
        ORDER BY student_id ASC, section_id ASC, superseded_at DESC
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
        section_id,
        staff_id,
        section_role::text AS section_role,
        source_id,
        is_primary,
        begins_on,
        ends_on,
        known_at,
        import_id,
        NULL::timestamptz AS deleted_at
    FROM section_staff
    UNION ALL
    SELECT
        section_id,
        staff_id,
        section_role::text AS section_role,
        source_id,
        is_primary,
        begins_on,
        ends_on,
        known_at,
        import_id,
        superseded_at AS deleted_at
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
        ORDER BY section_id ASC, staff_id ASC, section_role ASC, superseded_at DESC
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
