-- name: why_students_at_school
-- By which work at which school, and which enrollment there, the user sees this student: as students_at_school.
-- params   tenant_id int, user_id uuid, staff_roles text[], today date, student_id uuid
-- returns  because text, since date
WITH workplaces AS (
    SELECT
        staff.tenant_id,
        assignments.school_id,
        assignments.staff_role,
        assignments.begins_on
    FROM staff
    INNER JOIN staff_assignments AS assignments USING (tenant_id, staff_id)
    WHERE
        staff.tenant_id = :tenant_id
        AND staff.user_id = :user_id
        AND assignments.staff_role = ANY(cast(:staff_roles AS text[]))
        AND (assignments.begins_on IS NULL OR assignments.begins_on <= :today)
        AND (assignments.ends_on IS NULL OR assignments.ends_on > :today)
    UNION ALL
    SELECT
        staff.tenant_id,
        staff.school_id,
        'on the staff' AS staff_role,
        cast(NULL AS date) AS begins_on
    FROM staff
    LEFT JOIN staff_assignments AS assignments USING (tenant_id, staff_id)
    WHERE
        staff.tenant_id = :tenant_id
        AND staff.user_id = :user_id
        AND assignments.staff_id IS NULL
)

SELECT
    replace(workplaces.staff_role, '_', ' ') || ' at ' || schools.name
    || coalesce(' since ' || workplaces.begins_on, '')
    || '; the student is enrolled there since ' || enrollments.entry_on
    || coalesce(' until ' || enrollments.exit_on, '') AS because,
    greatest(workplaces.begins_on, enrollments.entry_on) AS since
FROM workplaces
INNER JOIN schools USING (tenant_id, school_id)
INNER JOIN student_school_enrollments AS enrollments USING (tenant_id, school_id)
WHERE
    enrollments.student_id = :student_id
    AND (
        (enrollments.entry_on <= :today AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today))
        OR enrollments.school_year = (
            SELECT max(newest.school_year)
            FROM student_school_enrollments AS newest
            WHERE newest.tenant_id = workplaces.tenant_id AND newest.school_id = workplaces.school_id
        )
    );

-- name: why_students_counseled
-- Which enrollment of this student names the user as counselor: as students_counseled.
-- params   tenant_id int, user_id uuid, today date, student_id uuid
-- returns  because text, since date
SELECT
    'counselor by the enrollment at ' || schools.name || ' since ' || enrollments.entry_on AS because,
    enrollments.entry_on AS since
FROM staff
INNER JOIN student_school_enrollments AS enrollments
    ON staff.tenant_id = enrollments.tenant_id AND staff.staff_id = enrollments.counselor_staff_id
INNER JOIN schools
    ON enrollments.tenant_id = schools.tenant_id AND enrollments.school_id = schools.school_id
WHERE
    staff.tenant_id = :tenant_id
    AND staff.user_id = :user_id
    AND enrollments.student_id = :student_id
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today)
    AND NOT EXISTS (
        SELECT 1
        FROM staff_assignments AS work
        WHERE work.tenant_id = staff.tenant_id AND work.staff_id = staff.staff_id
        HAVING bool_and(coalesce(work.ends_on <= :today, FALSE))
    );

-- name: why_students_taught
-- Which section the user teaches that this student takes: as students_taught.
-- params   tenant_id int, user_id uuid, today date, student_id uuid
-- returns  because text, since date
WITH taught AS (
    SELECT
        sections.tenant_id,
        sections.section_id,
        sections.course_id,
        sections.section_code,
        sections.ends_on,
        section_staff.section_role,
        section_staff.begins_on,
        max(sections.ends_on) OVER () AS last_end
    FROM staff
    INNER JOIN section_staff USING (tenant_id, staff_id)
    INNER JOIN sections USING (tenant_id, section_id)
    WHERE
        staff.tenant_id = :tenant_id
        AND staff.user_id = :user_id
        AND section_staff.section_role <> 'proctor'
        AND (section_staff.begins_on IS NULL OR section_staff.begins_on <= :today)
        AND (
            section_staff.ends_on IS NULL
            OR section_staff.ends_on > :today
            OR section_staff.ends_on >= sections.ends_on
        )
        AND NOT EXISTS (
            SELECT 1
            FROM staff_assignments AS work
            WHERE work.tenant_id = staff.tenant_id AND work.staff_id = staff.staff_id
            HAVING bool_and(coalesce(work.ends_on <= :today, FALSE))
        )
)

SELECT
    replace(taught.section_role, '_', ' ') || ' of ' || courses.title || ', section ' || taught.section_code
    || coalesce(' since ' || taught.begins_on, '')
    || '; the student takes it' || coalesce(' since ' || enrollments.enrolled_on, '') AS because,
    greatest(taught.begins_on, enrollments.enrolled_on) AS since
FROM taught
INNER JOIN courses USING (tenant_id, course_id)
INNER JOIN course_enrollments AS enrollments
    ON taught.tenant_id = enrollments.tenant_id AND taught.section_id = enrollments.section_id
WHERE
    enrollments.student_id = :student_id
    AND taught.ends_on > taught.last_end - 365
    AND (
        enrollments.withdrawn_on IS NULL
        OR enrollments.withdrawn_on > :today
        OR enrollments.withdrawn_on >= taught.ends_on
    );

-- name: why_students_of_guardian
-- By which relation the user answers for this student: as students_of_guardian.
-- params   tenant_id int, user_id uuid, student_id uuid
-- returns  because text, since date
SELECT
    relations.relation || ' of the student, recorded on ' || cast(relations.known_at AS date) AS because,
    cast(relations.known_at AS date) AS since
FROM guardians
INNER JOIN student_guardians AS relations USING (tenant_id, guardian_id)
WHERE
    guardians.tenant_id = :tenant_id
    AND guardians.user_id = :user_id
    AND relations.may_see_records
    AND relations.student_id = :student_id;

-- name: why_students_granted
-- Which of the user's grants that are in force reaches this student: as students_granted, and the whole tenant.
-- params   tenant_id int, user_id uuid, today date, student_id uuid
-- returns  because text, since date
SELECT
    grants.scope || ' granted' || CASE WHEN grants.may_write THEN ' for writing too' ELSE '' END
    || ' on ' || grants.begins_on || coalesce(' until ' || grants.ends_on, '')
    || ': ' || grants.reason AS because,
    grants.begins_on AS since
FROM user_grants AS grants
WHERE
    grants.tenant_id = :tenant_id
    AND grants.user_id = :user_id
    AND grants.begins_on <= :today
    AND (grants.ends_on IS NULL OR grants.ends_on > :today)
    AND (
        grants.scope = 'tenant'
        OR grants.scope_id = :student_id
        OR EXISTS (
            SELECT 1
            FROM student_school_enrollments AS enrollments
            WHERE
                grants.scope = 'school'
                AND enrollments.tenant_id = grants.tenant_id
                AND enrollments.school_id = grants.scope_id
                AND enrollments.student_id = :student_id
                AND (
                    (
                        enrollments.entry_on <= :today
                        AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today)
                    )
                    OR enrollments.school_year = (
                        SELECT max(newest.school_year)
                        FROM student_school_enrollments AS newest
                        WHERE newest.tenant_id = grants.tenant_id AND newest.school_id = grants.scope_id
                    )
                )
        )
        OR EXISTS (
            SELECT 1
            FROM course_enrollments AS enrollments
            INNER JOIN sections USING (tenant_id, section_id)
            WHERE
                grants.scope = 'section'
                AND enrollments.tenant_id = grants.tenant_id
                AND enrollments.section_id = grants.scope_id
                AND enrollments.student_id = :student_id
                AND (
                    enrollments.withdrawn_on IS NULL
                    OR enrollments.withdrawn_on > :today
                    OR enrollments.withdrawn_on >= sections.ends_on
                )
        )
    );
