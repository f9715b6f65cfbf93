-- name: students_matching
-- The students in sight that fit, by their keys alone. Those of a school are an array, so that each is looked up by
-- its key; a subquery under OR would be a filter, and every student read.
-- params   tenant_id int, on_day date, sees_all bool; grade_level int or null; school text or null (its code, an enrollment open on
--          the day); sort text
-- returns  row_id uuid, sort_key text, searched text
SELECT
    students.student_id AS row_id,
    CASE cast(:sort AS text)
        WHEN 'number' THEN students.student_number
        WHEN 'grade'
            THEN
                lpad(coalesce(students.grade_level, 99)::text, 2, '0')
                || lower(concat_ws(' ', students.last_name, students.first_name, students.student_number))
        ELSE lower(concat_ws(' ', students.last_name, students.first_name, students.student_number))
    END AS sort_key,
    concat_ws(
        ' ', students.preferred_name, students.first_name, students.last_name, students.student_number
    ) AS searched
FROM students
WHERE
    students.tenant_id = :tenant_id
    AND (:sees_all OR students.student_id = ANY((SELECT rollbook_students_in_sight())::uuid[]))
    AND (cast(:grade_level AS int) IS NULL OR students.grade_level = :grade_level)
    AND (
        cast(:school AS text) IS NULL
        OR students.student_id = ANY(
            (
                SELECT array_agg(enrollments.student_id)
                FROM student_school_enrollments AS enrollments
                INNER JOIN schools USING (tenant_id, school_id)
                WHERE
                    enrollments.tenant_id = :tenant_id
                    AND schools.school_code = :school
                    AND enrollments.entry_on <= :on_day
                    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
            )::uuid[]
        )
    );

-- name: students_listed
-- What the register shows of some students, in their order.
-- params   tenant_id int, on_day date, row_ids uuid[]
-- returns  the columns of RosterLine in listing.py
WITH enrolled AS (
    SELECT DISTINCT ON (enrollments.student_id)
        enrollments.student_id,
        schools.name AS school,
        nullif(concat_ws(' ', staff.first_name, staff.last_name), '') AS counselor
    FROM unnest(cast(:row_ids AS uuid[])) AS page (row_id)
    INNER JOIN student_school_enrollments AS enrollments
        ON enrollments.tenant_id = :tenant_id AND page.row_id = enrollments.student_id
    INNER JOIN schools USING (tenant_id, school_id)
    LEFT JOIN staff
        ON enrollments.tenant_id = staff.tenant_id AND enrollments.counselor_staff_id = staff.staff_id
    WHERE
        enrollments.entry_on <= :on_day
        AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    ORDER BY
        enrollments.student_id ASC,
        enrollments.is_primary DESC,
        enrollments.entry_on DESC,
        enrollments.enrollment_id ASC
)

SELECT
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    students.grade_level,
    enrolled.school,
    enrolled.counselor
FROM unnest(cast(:row_ids AS uuid[])) WITH ORDINALITY AS page (row_id, place)
INNER JOIN students ON students.tenant_id = :tenant_id AND page.row_id = students.student_id
LEFT JOIN enrolled ON page.row_id = enrolled.student_id
ORDER BY page.place;

-- name: grades_in_sight
-- The grades that students in sight are in.
-- params   tenant_id int, sees_all bool
-- returns  grade_level int
SELECT DISTINCT grade_level
FROM students
WHERE
    tenant_id = :tenant_id
    AND grade_level IS NOT NULL
    AND (:sees_all OR students.student_id = ANY((SELECT rollbook_students_in_sight())::uuid[]))
ORDER BY grade_level;
