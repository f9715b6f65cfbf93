-- Figures that do not agree, and distributions that are not plausible. A row is a fault, shown by ids, never by names: see __init__.py.

-- name: list_of_another_size
-- Lists of scores that do not have as many as they say.
-- severity error
-- do       Score that day again.
-- returns  example text
SELECT concat_ws('/', model_version, as_of) AS example
FROM predictions
GROUP BY model_version, as_of
HAVING count(*) <> max(cohort_size) OR min(cohort_size) <> max(cohort_size) OR max(rank) > count(*);

-- name: credits_against_outcome
-- Final course grades with credits although the course was failed or given up, or with more than it gives.
-- severity error
-- do       Correct the course grade, the outcome, or the credits of the course.
-- returns  example text
SELECT concat_ws('/', marks.student_id, marks.section_id) AS example
FROM course_grades AS marks
INNER JOIN sections USING (tenant_id, section_id)
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN course_outcomes AS outcomes
    ON
        marks.tenant_id = outcomes.tenant_id
        AND marks.student_id = outcomes.student_id
        AND marks.section_id = outcomes.section_id
WHERE
    marks.is_final
    AND (
        marks.credits_earned > 0 AND outcomes.result IN ('fail', 'withdrawn')
        OR marks.credits_attempted > courses.credits
    );

-- name: progress_against_assignments
-- Accounts of progress with more work than was set to the student by then.
-- severity error
-- do       Reckon the progress anew.
-- returns  example text
WITH work AS (
    SELECT
        progress.student_id,
        progress.course_id,
        progress.measured_on,
        progress.assignments_set,
        count(assignments.assignment_id) AS assignments
    FROM progress
    INNER JOIN course_enrollments AS places USING (tenant_id, student_id)
    INNER JOIN sections
        ON
            places.tenant_id = sections.tenant_id
            AND places.section_id = sections.section_id
            AND progress.course_id = sections.course_id
    LEFT JOIN assignments
        ON
            sections.tenant_id = assignments.tenant_id
            AND sections.section_id = assignments.section_id
            AND coalesce(assignments.due_on, sections.ends_on) <= progress.measured_on
    GROUP BY progress.student_id, progress.course_id, progress.measured_on, progress.assignments_set
)

SELECT concat_ws('/', progress.student_id, progress.course_id, progress.measured_on) AS example
FROM progress
LEFT JOIN work USING (student_id, course_id, measured_on)
WHERE progress.assignments_set > coalesce(work.assignments, 0);

-- name: grade_level_against_enrollment
-- Students whose grade is another one than that of the school they are enrolled in.
-- severity warning
-- do       Correct the student's grade, or the enrollment's.
-- returns  example text
SELECT students.student_id::text AS example
FROM students
INNER JOIN student_school_enrollments AS stays USING (tenant_id, student_id)
WHERE stays.is_primary AND stays.exit_on IS NULL AND students.grade_level <> stays.grade_level;

-- name: withdrawn_without_withdrawal
-- Outcomes that say withdrawn although the enrollment has no such day.
-- severity warning
-- do       Say on which day the student left the section.
-- returns  example text
SELECT concat_ws('/', outcomes.student_id, outcomes.section_id) AS example
FROM course_outcomes AS outcomes
INNER JOIN course_enrollments AS places USING (tenant_id, student_id, section_id)
WHERE outcomes.result = 'withdrawn' AND places.withdrawn_on IS NULL;

-- name: letter_of_no_scale
-- Course grades with letters that no scale of the tenant has, where it has scales.
-- severity warning
-- do       Add the letter to the scale, or correct the grade: it counts in no GPA.
-- returns  example text
SELECT concat_ws('/', marks.student_id, marks.section_id, marks.session_id) AS example
FROM course_grades AS marks
LEFT JOIN grade_scale_steps AS steps
    ON marks.tenant_id = steps.tenant_id AND marks.grade_letter = steps.grade_letter
WHERE
    marks.grade_letter IS NOT NULL
    AND steps.tenant_id IS NULL
    AND EXISTS (SELECT 1 FROM grade_scale_steps);

-- name: grade_above_maximum
-- Grades of more points than the assignment has.
-- severity warning
-- do       Correct the points, or the assignment's maximum; extra credit may be meant.
-- returns  example text
SELECT concat_ws('/', grades.student_id, grades.assignment_id) AS example
FROM grades
INNER JOIN assignments USING (tenant_id, assignment_id)
WHERE grades.grade_value > assignments.max_value;

-- name: one_person_twice
-- Students who have the name, birth date and school of another: one person with two records, perhaps.
-- severity warning
-- do       Compare the two records by their ids; have the source merge them if they are one person's.
-- returns  example text
WITH people AS (
    SELECT
        students.student_id,
        count(*) OVER (
            PARTITION BY
                lower(students.first_name), lower(students.last_name), students.birth_date, stays.school_id
        ) AS alike
    FROM students
    INNER JOIN student_school_enrollments AS stays USING (tenant_id, student_id)
    WHERE
        stays.is_primary
        AND stays.exit_on IS NULL
        AND students.first_name IS NOT NULL
        AND students.birth_date IS NOT NULL
)

SELECT student_id::text AS example
FROM people
WHERE alike > 1;

-- name: grade_outside_school
-- Enrollments in a grade that the school does not have.
-- severity error
-- do       Correct the grade, the school, or the school's span of grades.
-- returns  example text
SELECT stays.enrollment_id::text AS example
FROM student_school_enrollments AS stays
INNER JOIN schools USING (tenant_id, school_id)
WHERE stays.grade_level < schools.low_grade OR stays.grade_level > schools.high_grade;

-- name: section_too_large
-- Sections of schools with more than 60 students at a time.
-- severity warning
-- do       Divide it, or see whether an import put several sections into one.
-- returns  example text
SELECT sections.section_id::text AS example
FROM sections
INNER JOIN schools USING (tenant_id, school_id)
INNER JOIN course_enrollments AS places USING (tenant_id, section_id)
WHERE schools.school_type <> 'postsecondary' AND places.withdrawn_on IS NULL
GROUP BY sections.section_id
HAVING count(*) > 60;

-- name: lopsided_grade
-- Grades of a school with over four times as many students as the school's grades usually have.
-- severity warning
-- do       See whether an import gave many students the same grade, such as one for unknown.
-- returns  example text
WITH grades_of_schools AS (
    SELECT
        school_id,
        school_year,
        grade_level,
        count(*) AS students
    FROM student_school_enrollments
    WHERE grade_level IS NOT NULL
    GROUP BY school_id, school_year, grade_level
),

usual AS (
    SELECT
        school_id,
        school_year,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY students) AS students
    FROM grades_of_schools
    GROUP BY school_id, school_year
    HAVING count(*) > 2
)

SELECT concat_ws('/', found.school_id, found.school_year, 'grade ' || found.grade_level) AS example
FROM grades_of_schools AS found
INNER JOIN usual USING (school_id, school_year)
WHERE found.students > 4 * usual.students AND found.students > 40;
