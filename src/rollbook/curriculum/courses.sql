-- name: courses_page
-- Courses by code, some at a time, each with how many sections run on a day.
-- params   tenant_id int, on_day date; words text[] (all must be in the code or title); subject text or null;
--          school text or null (its code; courses of the whole tenant fit too); after text or null; page_size int
-- returns  the columns of CourseLine in courses.py
SELECT
    courses.course_id,
    courses.course_code,
    courses.title,
    courses.subject,
    courses.level,
    courses.credits::double precision AS credits,
    courses.low_grade,
    courses.high_grade,
    schools.name AS school,
    (
        SELECT count(*)
        FROM sections
        WHERE
            sections.tenant_id = courses.tenant_id
            AND sections.course_id = courses.course_id
            AND :on_day BETWEEN sections.starts_on AND sections.ends_on
    ) AS sections_running
FROM courses
LEFT JOIN schools USING (tenant_id, school_id)
WHERE
    courses.tenant_id = :tenant_id
    AND (cast(:after AS text) IS NULL OR courses.course_code > :after)
    AND (cast(:subject AS text) IS NULL OR courses.subject = :subject)
    AND (cast(:school AS text) IS NULL OR courses.school_id IS NULL OR schools.school_code = :school)
    AND (
        cardinality(cast(:words AS text[])) = 0
        OR (
            SELECT
                bool_and(
                    strpos(lower(upper(courses.course_code || ' ' || courses.title)), lower(upper(word))) > 0
                )
            FROM unnest(cast(:words AS text[])) AS word
        )
    )
ORDER BY courses.course_code
LIMIT :page_size;

-- name: course_card
-- One course.
-- params   tenant_id int, course_id uuid, on_day date
-- returns  the columns of CourseLine in courses.py and description text, or no row
SELECT
    courses.course_id,
    courses.course_code,
    courses.title,
    courses.subject,
    courses.level,
    courses.credits::double precision AS credits,
    courses.low_grade,
    courses.high_grade,
    schools.name AS school,
    (
        SELECT count(*)
        FROM sections
        WHERE
            sections.tenant_id = courses.tenant_id
            AND sections.course_id = courses.course_id
            AND :on_day BETWEEN sections.starts_on AND sections.ends_on
    ) AS sections_running,
    courses.description
FROM courses
LEFT JOIN schools USING (tenant_id, school_id)
WHERE courses.tenant_id = :tenant_id AND courses.course_id = :course_id;

-- name: prerequisites_of
-- The courses that a course asks for, and those that these ask for in turn, each once. UNION drops what was reached
-- before, so a circle of prerequisites ends where it closes.
-- params   tenant_id int, course_id uuid
-- returns  the columns of Prerequisite in courses.py
WITH RECURSIVE asked AS (
    SELECT prerequisite_course_id AS course_id
    FROM course_prerequisites
    WHERE tenant_id = :tenant_id AND course_id = :course_id
    UNION
    SELECT further.prerequisite_course_id AS course_id
    FROM asked
    INNER JOIN course_prerequisites AS further
        ON further.tenant_id = :tenant_id AND asked.course_id = further.course_id
)

SELECT
    courses.course_id,
    courses.course_code,
    courses.title,
    exists(
        SELECT 1
        FROM course_prerequisites AS direct
        WHERE
            direct.tenant_id = :tenant_id
            AND direct.course_id = :course_id
            AND direct.prerequisite_course_id = courses.course_id
    ) AS is_direct
FROM asked
INNER JOIN courses ON courses.tenant_id = :tenant_id AND asked.course_id = courses.course_id
WHERE courses.course_id <> :course_id
ORDER BY is_direct DESC, courses.course_code ASC;

-- name: standards_of
-- What a course teaches, as the state or district words it.
-- params   tenant_id int, course_id uuid
-- returns  the columns of Standard in courses.py
SELECT
    standards.standard_code,
    standards.description,
    standards.subject,
    standards.grade_level
FROM course_standards
INNER JOIN learning_standards AS standards USING (tenant_id, standard_id)
WHERE course_standards.tenant_id = :tenant_id AND course_standards.course_id = :course_id
ORDER BY standards.standard_code;
