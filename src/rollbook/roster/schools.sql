-- name: schools_page
-- Schools by code, some at a time, each with its students in sight on a day.
-- params   tenant_id int, on_day date, after text or null, page_size int
-- returns  the columns of SchoolLine in schools.py
SELECT
    schools.school_id,
    schools.school_code,
    schools.name,
    schools.school_type,
    schools.low_grade,
    schools.high_grade,
    coalesce(enrolled.students, 0) AS students
FROM schools
LEFT JOIN (
    SELECT
        enrollments.school_id,
        count(DISTINCT enrollments.student_id) AS students
    FROM student_school_enrollments AS enrollments
    WHERE
        enrollments.tenant_id = :tenant_id
        AND enrollments.entry_on <= :on_day
        AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    GROUP BY enrollments.school_id
) AS enrolled ON schools.school_id = enrolled.school_id
WHERE schools.tenant_id = :tenant_id AND (cast(:after AS text) IS NULL OR schools.school_code > :after)
ORDER BY schools.school_code
LIMIT :page_size;

-- name: school_card
-- One school, with its students in sight on a day.
-- params   tenant_id int, school_id uuid, on_day date
-- returns  the columns of SchoolLine in schools.py, or no row
SELECT
    schools.school_id,
    schools.school_code,
    schools.name,
    schools.school_type,
    schools.low_grade,
    schools.high_grade,
    (
        SELECT count(DISTINCT enrollments.student_id)
        FROM student_school_enrollments AS enrollments
        WHERE
            enrollments.tenant_id = schools.tenant_id
            AND enrollments.school_id = schools.school_id
            AND enrollments.entry_on <= :on_day
            AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    ) AS students
FROM schools
WHERE schools.tenant_id = :tenant_id AND schools.school_id = :school_id;

-- name: school_grades
-- A school's students in sight on a day, by the grade of their enrollment.
-- params   tenant_id int, school_id uuid, on_day date
-- returns  grade_level int or null, students int
SELECT
    coalesce(enrollments.grade_level, students.grade_level) AS grade_level,
    count(DISTINCT enrollments.student_id) AS students
FROM student_school_enrollments AS enrollments
INNER JOIN students USING (tenant_id, student_id)
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.school_id = :school_id
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
GROUP BY coalesce(enrollments.grade_level, students.grade_level)
ORDER BY grade_level ASC;

-- name: school_staff
-- Who works at a school on a day, those who lead it first; whoever was never assigned anywhere works at home.
-- params   tenant_id int, school_id uuid, on_day date
-- returns  the columns of StaffMember in schools.py
SELECT
    staff.staff_id,
    staff.staff_number,
    concat_ws(' ', staff.first_name, staff.last_name) AS name,
    assignments.staff_role,
    staff.email,
    staff.phone,
    assignments.begins_on,
    assignments.ends_on
FROM staff
LEFT JOIN staff_assignments AS assignments USING (tenant_id, staff_id)
WHERE
    staff.tenant_id = :tenant_id
    AND (
        (
            assignments.school_id = :school_id
            AND (assignments.begins_on IS NULL OR assignments.begins_on <= :on_day)
            AND (assignments.ends_on IS NULL OR assignments.ends_on > :on_day)
        )
        OR (assignments.staff_id IS NULL AND staff.school_id = :school_id)
    )
ORDER BY
    array_position(
        ARRAY['principal', 'siteAdministrator', 'counselor', 'teacher', 'aide'], assignments.staff_role::text
    ) ASC NULLS LAST,
    staff.last_name ASC,
    staff.first_name ASC,
    staff.staff_number ASC;
