-- name: student_card
-- Who a student is and where: the school is the one of the enrollment that was open on the day, else the last.
-- params   tenant_id int, student_id uuid, on_day date
-- returns  one row, or none for a student out of sight
SELECT
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    students.grade_level,
    schools.name AS school_name,
    staff.first_name AS counselor_first_name,
    staff.last_name AS counselor_last_name
FROM students
LEFT JOIN LATERAL (
    SELECT
        enrollments.school_id,
        enrollments.counselor_staff_id
    FROM student_school_enrollments AS enrollments
    WHERE
        enrollments.tenant_id = students.tenant_id
        AND enrollments.student_id = students.student_id
        AND enrollments.entry_on <= :on_day
    ORDER BY
        (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day) DESC,
        enrollments.is_primary DESC,
        enrollments.entry_on DESC,
        enrollments.enrollment_id ASC
    LIMIT 1
) AS enrolled ON TRUE
LEFT JOIN schools ON students.tenant_id = schools.tenant_id AND enrolled.school_id = schools.school_id
LEFT JOIN staff ON students.tenant_id = staff.tenant_id AND enrolled.counselor_staff_id = staff.staff_id
WHERE students.tenant_id = :tenant_id AND students.student_id = :student_id;

-- name: school_year_entry
-- The day a student entered in the school year of their enrollment that was open on a day, else of their last.
-- params   tenant_id int, student_id uuid, on_day date
-- returns  one row: entry_on date or null
SELECT min(enrollments.entry_on) AS entry_on
FROM student_school_enrollments AS enrollments
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.student_id = :student_id
    AND enrollments.is_primary
    AND enrollments.school_year = (
        SELECT latest.school_year
        FROM student_school_enrollments AS latest
        WHERE
            latest.tenant_id = :tenant_id
            AND latest.student_id = :student_id
            AND latest.is_primary
            AND latest.entry_on <= :on_day
        ORDER BY (latest.exit_on IS NULL OR latest.exit_on > :on_day) DESC, latest.entry_on DESC
        LIMIT 1
    );

-- name: students_page
-- Students by number, some at a time. Words fit in any case: first upper, as sigma and i have two small forms.
-- params   tenant_id int, sees_all bool; words text[] (all must be in the name or number); grade_level int or null;
--          school text or null (its code, an enrollment open today); today date; after text or null; page_size int
-- returns  student_id uuid, student_number, first_name, last_name, preferred_name text, grade_level int
SELECT
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    students.grade_level
FROM students
WHERE
    students.tenant_id = :tenant_id
    AND (:sees_all OR students.student_id = ANY((SELECT rollbook_students_in_sight())::uuid[]))
    AND (cast(:after AS text) IS NULL OR students.student_number > :after)
    AND (cast(:grade_level AS int) IS NULL OR students.grade_level = :grade_level)
    AND (
        cast(:school AS text) IS NULL
        OR students.student_id IN (
            SELECT enrollments.student_id
            FROM student_school_enrollments AS enrollments
            INNER JOIN schools USING (tenant_id, school_id)
            WHERE
                enrollments.tenant_id = :tenant_id
                AND schools.school_code = :school
                AND enrollments.entry_on <= :today
                AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :today)
        )
    )
    AND (
        SELECT
            coalesce(
                bool_and(
                    strpos(
                        lower(
                            upper(
                                concat_ws(
                                    ' ',
                                    students.preferred_name,
                                    students.first_name,
                                    students.last_name,
                                    students.student_number
                                )
                            )
                        ),
                        lower(upper(word))
                    ) > 0
                ),
                TRUE
            )
        FROM unnest(cast(:words AS text[])) AS word
    )
ORDER BY students.student_number
LIMIT :page_size;

-- name: students_count
-- How many students are in sight, counted no further than `most`.
-- params   tenant_id int, sees_all bool, most int
-- returns  one row: students int
SELECT count(*) AS students
FROM (
    SELECT 1
    FROM students
    WHERE
        tenant_id = :tenant_id
        AND (:sees_all OR students.student_id = ANY((SELECT rollbook_students_in_sight())::uuid[]))
    ORDER BY student_id
    LIMIT :most
) AS counted;
