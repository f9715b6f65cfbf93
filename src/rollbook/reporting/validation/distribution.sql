-- name: distribution
-- How many students are in each grade of each school in the latest school year, beside what is usual there.
-- returns  school_code text, school_year int, grade_level int or null, students int,
--          sections int (with a student of that grade), largest_section int, is_outside_span bool
WITH latest AS (
    SELECT max(school_year) AS school_year FROM student_school_enrollments
),

stays AS (
    SELECT DISTINCT
        enrollments.tenant_id,
        enrollments.school_id,
        enrollments.school_year,
        enrollments.grade_level,
        enrollments.student_id
    FROM student_school_enrollments AS enrollments
    INNER JOIN latest USING (school_year)
),

sizes AS (
    SELECT
        places.tenant_id,
        places.section_id,
        sections.school_id,
        count(*) AS students
    FROM course_enrollments AS places
    INNER JOIN sections USING (tenant_id, section_id)
    WHERE places.withdrawn_on IS NULL
    GROUP BY places.tenant_id, places.section_id, sections.school_id
),

classes AS (
    SELECT
        stays.school_id,
        stays.grade_level,
        count(DISTINCT sizes.section_id) AS sections,
        max(sizes.students) AS largest_section
    FROM stays
    INNER JOIN course_enrollments AS places USING (tenant_id, student_id)
    INNER JOIN sizes
        ON
            places.tenant_id = sizes.tenant_id
            AND places.section_id = sizes.section_id
            AND stays.school_id = sizes.school_id
    GROUP BY stays.school_id, stays.grade_level
)

SELECT
    schools.school_code,
    stays.school_year,
    stays.grade_level,
    count(*) AS students,
    coalesce(max(classes.sections), 0) AS sections,
    coalesce(max(classes.largest_section), 0) AS largest_section,
    coalesce(stays.grade_level NOT BETWEEN schools.low_grade AND schools.high_grade, FALSE) AS is_outside_span
FROM stays
INNER JOIN schools USING (tenant_id, school_id)
LEFT JOIN classes
    ON stays.school_id = classes.school_id AND stays.grade_level IS NOT DISTINCT FROM classes.grade_level
GROUP BY schools.school_code, schools.low_grade, schools.high_grade, stays.school_year, stays.grade_level
ORDER BY schools.low_grade, schools.school_code, stays.grade_level;
