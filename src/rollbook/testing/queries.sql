-- name: batch_students
-- Students numbered 1 to count after a prefix, names and grade levels in turn.
-- params   prefix text, count int, low_grade int, high_grade int, known_at timestamptz
-- returns  student_id uuid
INSERT INTO students (
    tenant_id, student_number, first_name, last_name, grade_level, birth_date, gender, known_at
)
SELECT
    current_setting('rollbook.tenant')::int AS tenant_id,
    :prefix || to_char(n, 'FM000000') AS student_number,
    (ARRAY['Ada', 'Ben', 'Chi', 'Dina', 'Eli', 'Fay', 'Gus'])[1 + n % 7] AS first_name,
    (ARRAY['Ames', 'Bose', 'Cruz', 'Diaz', 'Egede'])[1 + n % 5] || ' ' || n AS last_name,
    :low_grade + n % (:high_grade - :low_grade + 1) AS grade_level,
    make_date(2025 - 6 - (:low_grade + n % (:high_grade - :low_grade + 1)), 1 + n % 8, 1 + n % 28)
        AS birth_date,
    (ARRAY['F', 'M'])[1 + n % 2] AS gender,
    :known_at AS known_at
FROM generate_series(1, :count) AS n
RETURNING student_id;

-- name: batch_school_enrollments
-- The students in one school from a day on.
-- params   student_ids uuid[], school_id uuid, counselor_staff_id uuid, school_year int, since date, known_at timestamptz
-- returns  nothing
INSERT INTO student_school_enrollments (
    tenant_id, student_id, school_id, school_year, grade_level, entry_on, counselor_staff_id, known_at
)
SELECT
    tenant_id,
    student_id,
    :school_id AS school_id,
    :school_year AS school_year,
    grade_level,
    :since AS entry_on,
    :counselor_staff_id AS counselor_staff_id,
    :known_at AS known_at
FROM students
WHERE student_id = ANY(:student_ids);

-- name: batch_attendance
-- A whole-day mark for each student on each school day, absent, tardy or present by a hash of both.
-- params   student_ids uuid[], since date, until date (inclusive), absence_rate double precision, tardy_rate double precision
-- returns  nothing
WITH marks AS (
    SELECT
        students.tenant_id,
        students.student_id,
        days.day::date AS date,
        (hashtextextended(students.student_number || days.day::date, 0) & 1048575) / 1048576.0 AS draw
    FROM students
    CROSS JOIN generate_series(:since, :until, interval '1 day') AS days (day)
    WHERE students.student_id = ANY(:student_ids) AND extract(ISODOW FROM days.day) <= 5
)

INSERT INTO attendance_records (tenant_id, student_id, date, status, minutes_late, known_at)
SELECT
    tenant_id,
    student_id,
    date,
    CASE
        WHEN draw < :absence_rate THEN 'absent'
        WHEN draw < :absence_rate + :tardy_rate THEN 'tardy'
        ELSE 'present'
    END AS status,
    CASE WHEN draw >= :absence_rate AND draw < :absence_rate + :tardy_rate THEN 10 ELSE 0 END AS minutes_late,
    (date + time '12:00') AT TIME ZONE 'UTC' AS known_at
FROM marks;

-- name: batch_course_enrollments
-- The students in one section, from its first day.
-- params   student_ids uuid[], section_id uuid
-- returns  nothing
INSERT INTO course_enrollments (tenant_id, student_id, section_id, enrolled_on, known_at)
SELECT
    sections.tenant_id,
    students.student_id,
    sections.section_id,
    sections.starts_on,
    (sections.starts_on + time '12:00') AT TIME ZONE 'UTC' AS known_at
FROM sections
INNER JOIN students ON sections.tenant_id = students.tenant_id
WHERE sections.section_id = :section_id AND students.student_id = ANY(:student_ids);

-- name: batch_assignments
-- One piece of work a week for a section, the first due on its first day.
-- params   section_id uuid, count int
-- returns  nothing
INSERT INTO assignments (tenant_id, section_id, assignment_code, assignment_type, due_on)
SELECT
    sections.tenant_id,
    sections.section_id,
    'W' || to_char(n, 'FM00') AS assignment_code,
    'homework' AS assignment_type,
    sections.starts_on + 7 * (n - 1) AS due_on
FROM sections
CROSS JOIN generate_series(1, :count) AS n
WHERE sections.section_id = :section_id;

-- name: batch_grades
-- A mark for everyone enrolled in a section on each of its assignments: 40 to 100 points by a hash.
-- params   section_id uuid
-- returns  nothing
INSERT INTO grades (tenant_id, student_id, assignment_id, grade_value, submitted_on, known_at)
SELECT
    assignments.tenant_id,
    course_enrollments.student_id,
    assignments.assignment_id,
    40
    + (hashtextextended(students.student_number || assignments.assignment_code, 0) & 1023)
    % 61 AS grade_value,
    assignments.due_on AS submitted_on,
    (assignments.due_on + time '12:00') AT TIME ZONE 'UTC' AS known_at
FROM assignments
INNER JOIN course_enrollments
    ON assignments.tenant_id = course_enrollments.tenant_id
        AND assignments.section_id = course_enrollments.section_id
INNER JOIN students
    ON course_enrollments.tenant_id = students.tenant_id
        AND course_enrollments.student_id = students.student_id
WHERE assignments.section_id = :section_id;
