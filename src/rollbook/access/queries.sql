-- name: students_at_school
-- Students now at the schools where the user works, or there earlier in the newest school year.
-- params   tenant_id int, user_id uuid, today date
-- returns  student_id uuid
SELECT DISTINCT enrollments.student_id
FROM staff
INNER JOIN student_school_enrollments AS enrollments USING (tenant_id, school_id)
WHERE
    staff.tenant_id = :tenant_id
    AND staff.user_id = :user_id
    AND (
        (
            enrollments.entry_on <= :today
            AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today)
        )
        OR enrollments.school_year = (
            SELECT max(newest.school_year)
            FROM student_school_enrollments AS newest
            WHERE newest.tenant_id = staff.tenant_id AND newest.school_id = staff.school_id
        )
    );

-- name: students_counseled
-- Students whose open enrollment names the user as counselor.
-- params   tenant_id int, user_id uuid, today date
-- returns  student_id uuid
SELECT DISTINCT enrollments.student_id
FROM staff
INNER JOIN student_school_enrollments AS enrollments
    ON staff.tenant_id = enrollments.tenant_id AND staff.staff_id = enrollments.counselor_staff_id
WHERE
    staff.tenant_id = :tenant_id
    AND staff.user_id = :user_id
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today);

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
-- params   tenant_id int, user_id uuid
-- returns  student_id uuid
WITH taught AS (
    SELECT
        sections.tenant_id,
        sections.section_id,
        sections.ends_on,
        max(sections.ends_on) OVER () AS last_end
    FROM staff
    INNER JOIN sections
        ON staff.tenant_id = sections.tenant_id AND staff.staff_id = sections.teacher_staff_id
    WHERE staff.tenant_id = :tenant_id AND staff.user_id = :user_id
)

SELECT DISTINCT course_enrollments.student_id
FROM taught
INNER JOIN course_enrollments USING (tenant_id, section_id)
WHERE taught.ends_on > taught.last_end - 365 AND course_enrollments.withdrawn_on IS NULL;
