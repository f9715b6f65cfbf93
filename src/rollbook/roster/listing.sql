-- name: students_found
-- One page of the students in sight, with each row's place, the number of rows, and the key that the page before
-- stands after. All that fit are found and numbered by their keys alone; only the page's rows are read in full.
-- Words fit in any case: first upper, as sigma and i have two small forms.
-- params   tenant_id int, on_day date; words text[] (all must be in the name or number); grade_level int or null;
--          school text or null (its code, an enrollment open on the day); sort text; after_key text and after_id uuid
--          or null; page_size int
-- returns  the columns of RosterLine in listing.py
WITH matching AS (
    SELECT
        students.student_id AS row_id,
        CASE cast(:sort AS text)
            WHEN 'number' THEN students.student_number
            WHEN 'grade'
                THEN
                    lpad(coalesce(students.grade_level, 99)::text, 2, '0')
                    || lower(concat_ws(' ', students.last_name, students.first_name, students.student_number))
            ELSE lower(concat_ws(' ', students.last_name, students.first_name, students.student_number))
        END AS sort_key
    FROM students
    WHERE
        students.tenant_id = :tenant_id
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
                    AND enrollments.entry_on <= :on_day
                    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
            )
        )
        AND (
            cardinality(cast(:words AS text[])) = 0
            OR (
                SELECT
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
                    )
                FROM unnest(cast(:words AS text[])) AS word
            )
        )
),

numbered AS (
    SELECT
        matching.*,
        row_number() OVER (ORDER BY matching.sort_key, matching.row_id) AS place,
        count(*) OVER () AS total
    FROM matching
),

page AS (
    SELECT numbered.*
    FROM numbered
    WHERE
        cast(:after_key AS text) IS NULL
        OR (numbered.sort_key, numbered.row_id) > (cast(:after_key AS text), cast(:after_id AS uuid))
    ORDER BY numbered.place
    LIMIT :page_size
),

before AS MATERIALIZED (
    SELECT
        numbered.sort_key,
        numbered.row_id
    FROM numbered
    WHERE numbered.place = (SELECT min(page.place) FROM page) - cast(:page_size AS int) - 1
),

enrolled AS (
    SELECT DISTINCT ON (enrollments.student_id)
        enrollments.student_id,
        schools.name AS school,
        nullif(concat_ws(' ', staff.first_name, staff.last_name), '') AS counselor
    FROM page
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
    page.*,
    page.row_id AS student_id,
    before.sort_key AS before_key,
    before.row_id AS before_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    students.grade_level,
    enrolled.school,
    enrolled.counselor
FROM page
LEFT JOIN before ON TRUE
INNER JOIN students ON students.tenant_id = :tenant_id AND page.row_id = students.student_id
LEFT JOIN enrolled ON page.row_id = enrolled.student_id
ORDER BY page.place;

-- name: grades_in_sight
-- The grades that students in sight are in.
-- params   tenant_id int
-- returns  grade_level int
SELECT DISTINCT grade_level
FROM students
WHERE tenant_id = :tenant_id AND grade_level IS NOT NULL
ORDER BY grade_level;
