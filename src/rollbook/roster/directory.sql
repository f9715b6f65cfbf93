-- name: directory
-- What a district may hand out of its students enrolled on a day: those whose families forbid it are not there.
-- params   tenant_id int, on_day date
-- returns  student_id uuid, the columns of DirectoryEntry in directory.py
SELECT
    students.student_id,
    students.first_name,
    students.middle_name,
    students.last_name,
    students.preferred_name,
    students.grade_level,
    students.email,
    students.phone,
    students.address,
    schools.name AS school,
    enrollments.entry_on
FROM students
INNER JOIN student_school_enrollments AS enrollments USING (tenant_id, student_id)
INNER JOIN schools USING (tenant_id, school_id)
WHERE
    students.tenant_id = :tenant_id
    AND NOT students.is_directory_opt_out
    AND enrollments.is_primary
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
ORDER BY
    schools.school_code ASC,
    students.last_name ASC,
    students.first_name ASC,
    students.student_number ASC;
