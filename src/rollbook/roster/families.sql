-- name: contact
-- How a student is reached and called, and whether the family forbids a directory.
-- params   tenant_id int, student_id uuid
-- returns  the columns of Contact in profiles.py, or no row
SELECT
    preferred_name,
    email,
    phone,
    address,
    languages,
    is_directory_opt_out
FROM students
WHERE tenant_id = :tenant_id AND student_id = :student_id;

-- name: enrollments_of
-- A student's time at schools, newest first, as known before an instant.
-- params   tenant_id int, student_id uuid, known_until timestamptz or null (what is known now)
-- returns  the columns of Enrollment in profiles.py
WITH versions AS (
    SELECT
        enrollment_id,
        school_id,
        school_year,
        grade_level,
        entry_on,
        entry_code,
        exit_on,
        exit_code,
        is_primary,
        counselor_staff_id,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM student_school_enrollments
    WHERE tenant_id = :tenant_id AND student_id = :student_id
    UNION ALL
    SELECT
        enrollment_id,
        school_id,
        school_year,
        grade_level,
        entry_on,
        entry_code,
        exit_on,
        exit_code,
        is_primary,
        counselor_staff_id,
        known_at,
        superseded_at
    FROM student_school_enrollments_history
    WHERE tenant_id = :tenant_id AND student_id = :student_id
)

SELECT
    versions.enrollment_id,
    versions.school_id,
    schools.school_code,
    schools.name AS school,
    versions.school_year,
    versions.grade_level,
    versions.entry_on,
    versions.entry_code,
    versions.exit_on,
    versions.exit_code,
    versions.is_primary,
    nullif(concat_ws(' ', staff.first_name, staff.last_name), '') AS counselor,
    versions.known_at
FROM versions
INNER JOIN schools ON schools.tenant_id = :tenant_id AND versions.school_id = schools.school_id
LEFT JOIN staff ON staff.tenant_id = :tenant_id AND versions.counselor_staff_id = staff.staff_id
WHERE
    versions.known_at < coalesce(cast(:known_until AS timestamptz), 'infinity')
    AND versions.superseded_at >= coalesce(cast(:known_until AS timestamptz), 'infinity')
ORDER BY versions.entry_on DESC, versions.is_primary DESC, versions.enrollment_id ASC;

-- name: programs_of
-- The programs that a student is or was in, newest first, as known before an instant.
-- params   tenant_id int, student_id uuid, hidden text[] (types to leave out),
--          known_until timestamptz or null (what is known now)
-- returns  the columns of Program in profiles.py
WITH versions AS (
    SELECT
        program_type,
        begins_on,
        ends_on,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM student_programs
    WHERE tenant_id = :tenant_id AND student_id = :student_id
    UNION ALL
    SELECT
        program_type,
        begins_on,
        ends_on,
        known_at,
        superseded_at
    FROM student_programs_history
    WHERE tenant_id = :tenant_id AND student_id = :student_id
)

SELECT
    program_type,
    begins_on,
    ends_on
FROM versions
WHERE
    known_at < coalesce(cast(:known_until AS timestamptz), 'infinity')
    AND superseded_at >= coalesce(cast(:known_until AS timestamptz), 'infinity')
    AND NOT program_type = ANY(cast(:hidden AS text[]))
ORDER BY begins_on DESC, program_type ASC;

-- name: guardians_of
-- Who answers for a student, first to be called first.
-- params   tenant_id int, student_id uuid
-- returns  the columns of GuardianLine in profiles.py
SELECT
    guardians.guardian_id,
    guardians.guardian_number,
    concat_ws(' ', guardians.first_name, guardians.last_name) AS name,
    links.relation,
    guardians.email,
    guardians.phone,
    guardians.preferred_language,
    links.contact_order,
    links.lives_with,
    links.may_see_records
FROM student_guardians AS links
INNER JOIN guardians USING (tenant_id, guardian_id)
WHERE links.tenant_id = :tenant_id AND links.student_id = :student_id
ORDER BY links.contact_order ASC NULLS LAST, guardians.last_name ASC, guardians.guardian_number ASC;

-- name: overlapping_programs
-- Does a student's time in a program overlap the days [begins_on, ends_on)?
-- params   tenant_id int, student_id uuid, program_type text, begins_on date, ends_on date or null
-- returns  one row: is_taken boolean
SELECT
    exists(
        SELECT 1
        FROM student_programs
        WHERE
            student_programs.tenant_id = :tenant_id
            AND student_programs.student_id = :student_id
            AND student_programs.program_type = :program_type
            AND (
                student_programs.begins_on = :begins_on
                OR daterange(student_programs.begins_on, student_programs.ends_on)
                && daterange(:begins_on, cast(:ends_on AS date))
            )
    ) AS is_taken;
