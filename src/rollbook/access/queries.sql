-- name: students_at_school
-- Students now at the schools where the user has one of these roles, or there earlier in the newest school year.
-- The home school stands for assignments only where the staff record never had any: one that has ended, or of
-- another role, must not be given back by it.
-- params   tenant_id int, user_id uuid, staff_roles text[], today date
-- returns  student_id uuid
WITH workplaces AS (
    SELECT
        staff.tenant_id,
        assignments.school_id
    FROM staff
    INNER JOIN staff_assignments AS assignments USING (tenant_id, staff_id)
    WHERE
        staff.tenant_id = :tenant_id
        AND staff.user_id = :user_id
        AND assignments.staff_role = ANY(cast(:staff_roles AS text[]))
        AND (assignments.begins_on IS NULL OR assignments.begins_on <= :today)
        AND (assignments.ends_on IS NULL OR assignments.ends_on > :today)
    UNION
    SELECT
        staff.tenant_id,
        staff.school_id
    FROM staff
    LEFT JOIN staff_assignments AS assignments USING (tenant_id, staff_id)
    WHERE
        staff.tenant_id = :tenant_id
        AND staff.user_id = :user_id
        AND assignments.staff_id IS NULL
)

SELECT DISTINCT enrollments.student_id
FROM workplaces
INNER JOIN student_school_enrollments AS enrollments USING (tenant_id, school_id)
WHERE
    (
        enrollments.entry_on <= :today
        AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today)
    )
    OR enrollments.school_year = (
        SELECT max(newest.school_year)
        FROM student_school_enrollments AS newest
        WHERE newest.tenant_id = workplaces.tenant_id AND newest.school_id = workplaces.school_id
    );

-- name: students_counseled
-- Students whose open enrollment names the user as counselor, until all their work at schools has ended: the
-- enrollments name whom they leave behind until somebody else is assigned.
-- params   tenant_id int, user_id uuid, today date
-- returns  student_id uuid
SELECT DISTINCT enrollments.student_id
FROM staff
INNER JOIN student_school_enrollments AS enrollments
    ON staff.tenant_id = enrollments.tenant_id AND staff.staff_id = enrollments.counselor_staff_id
WHERE
    staff.tenant_id = :tenant_id
    AND staff.user_id = :user_id
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today)
    AND NOT EXISTS (
        SELECT 1
        FROM staff_assignments AS work
        WHERE work.tenant_id = staff.tenant_id AND work.staff_id = staff.staff_id
        HAVING bool_and(coalesce(work.ends_on <= :today, FALSE))
    );

-- name: has_caseload
-- Does any enrollment, open or not, name the user as counselor?
-- params   tenant_id int, user_id uuid
-- returns  one row: has_caseload bool
SELECT
    exists(
        SELECT 1
        FROM staff
        INNER JOIN student_school_enrollments AS enrollments
            ON staff.tenant_id = enrollments.tenant_id AND staff.staff_id = enrollments.counselor_staff_id
        WHERE staff.tenant_id = :tenant_id AND staff.user_id = :user_id
    ) AS has_caseload;

-- name: students_taught
-- Students in the sections the user teaches, this year's: those that end less than a year before the last.
-- Who taught a section to its end, or sat in it to its end, did not leave it. A proctor only sees an exam through.
-- Whose work at every school has ended teaches nobody.
-- params   tenant_id int, user_id uuid, today date
-- returns  student_id uuid
WITH taught AS (
    SELECT
        sections.tenant_id,
        sections.section_id,
        sections.ends_on,
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

SELECT DISTINCT enrollments.student_id
FROM taught
INNER JOIN course_enrollments AS enrollments USING (tenant_id, section_id)
WHERE
    taught.ends_on > taught.last_end - 365
    AND (
        enrollments.withdrawn_on IS NULL
        OR enrollments.withdrawn_on > :today
        OR enrollments.withdrawn_on >= taught.ends_on
    );

-- name: students_of_guardian
-- Students whom the user answers for as a guardian, unless a court or the district says they may not see.
-- params   tenant_id int, user_id uuid
-- returns  student_id uuid
SELECT relations.student_id
FROM guardians
INNER JOIN student_guardians AS relations USING (tenant_id, guardian_id)
WHERE guardians.tenant_id = :tenant_id AND guardians.user_id = :user_id AND relations.may_see_records;

-- name: scopes_granted
-- How far the user's grants reach that are in force; only those for writing too, where that is asked.
-- params   tenant_id int, user_id uuid, today date, for_writing bool
-- returns  scope text
SELECT DISTINCT scope
FROM user_grants
WHERE
    tenant_id = :tenant_id
    AND user_id = :user_id
    AND begins_on <= :today
    AND (ends_on IS NULL OR ends_on > :today)
    AND (may_write OR NOT :for_writing);

-- name: granted_for_writing
-- Of what the user's role writes, for which schools and sections they were granted that too; or for the tenant.
-- params   tenant_id int, user_id uuid, today date
-- returns  scope text, scope_id uuid or null
SELECT DISTINCT
    scope,
    scope_id
FROM user_grants
WHERE
    tenant_id = :tenant_id
    AND user_id = :user_id
    AND begins_on <= :today
    AND (ends_on IS NULL OR ends_on > :today)
    AND may_write;

-- name: students_granted
-- Students of the schools, of the sections, and by themselves, that the user is granted today. Of a school those
-- there now, or earlier in its newest school year; of a section those who did not leave it. Only by grants for
-- writing too, where that is asked.
-- params   tenant_id int, user_id uuid, today date, for_writing bool
-- returns  student_id uuid
WITH granted AS (
    SELECT
        scope,
        scope_id
    FROM user_grants
    WHERE
        tenant_id = :tenant_id
        AND user_id = :user_id
        AND begins_on <= :today
        AND (ends_on IS NULL OR ends_on > :today)
        AND (may_write OR NOT :for_writing)
)

SELECT granted.scope_id AS student_id
FROM granted
WHERE granted.scope = 'student'
UNION
SELECT enrollments.student_id
FROM granted
INNER JOIN student_school_enrollments AS enrollments ON granted.scope_id = enrollments.school_id
WHERE
    granted.scope = 'school'
    AND enrollments.tenant_id = :tenant_id
    AND (
        (enrollments.entry_on <= :today AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today))
        OR enrollments.school_year = (
            SELECT max(newest.school_year)
            FROM student_school_enrollments AS newest
            WHERE newest.tenant_id = :tenant_id AND newest.school_id = granted.scope_id
        )
    )
UNION
SELECT enrollments.student_id
FROM granted
INNER JOIN course_enrollments AS enrollments ON granted.scope_id = enrollments.section_id
INNER JOIN sections
    ON enrollments.tenant_id = sections.tenant_id AND enrollments.section_id = sections.section_id
WHERE
    granted.scope = 'section'
    AND enrollments.tenant_id = :tenant_id
    AND (
        enrollments.withdrawn_on IS NULL
        OR enrollments.withdrawn_on > :today
        OR enrollments.withdrawn_on >= sections.ends_on
    );

-- name: own_schools
-- Schools where the user has one of these roles now; the home school only where no assignment ever was.
-- params   tenant_id int, user_id uuid, staff_roles text[], today date
-- returns  school_id uuid
SELECT assignments.school_id
FROM staff
INNER JOIN staff_assignments AS assignments USING (tenant_id, staff_id)
WHERE
    staff.tenant_id = :tenant_id
    AND staff.user_id = :user_id
    AND assignments.school_id IS NOT NULL
    AND assignments.staff_role = ANY(cast(:staff_roles AS text[]))
    AND (assignments.begins_on IS NULL OR assignments.begins_on <= :today)
    AND (assignments.ends_on IS NULL OR assignments.ends_on > :today)
UNION
SELECT staff.school_id
FROM staff
LEFT JOIN staff_assignments AS assignments USING (tenant_id, staff_id)
WHERE
    staff.tenant_id = :tenant_id
    AND staff.user_id = :user_id
    AND staff.school_id IS NOT NULL
    AND assignments.staff_id IS NULL;

-- name: school_of_section
-- Where a section is held.
-- params   tenant_id int, section_id uuid
-- returns  at most one row: school_id uuid or null
SELECT school_id
FROM sections
WHERE tenant_id = :tenant_id AND section_id = :section_id;

-- name: teaches
-- Does the user work in a section, not only as a proctor? Who did so to its end did not leave it, unless all their
-- work at schools has ended.
-- params   tenant_id int, user_id uuid, section_id uuid, today date
-- returns  one row: teaches bool
SELECT
    exists(
        SELECT 1
        FROM staff
        INNER JOIN section_staff USING (tenant_id, staff_id)
        INNER JOIN sections USING (tenant_id, section_id)
        WHERE
            staff.tenant_id = :tenant_id
            AND staff.user_id = :user_id
            AND sections.section_id = :section_id
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
    ) AS teaches;
