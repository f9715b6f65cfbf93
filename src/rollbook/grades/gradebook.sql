-- The gradebook of a section: its work across, its students down.

-- name: gradebook_work
-- What is set to a section, in the order in which it is due.
-- params   tenant_id int, section_id uuid
-- returns  assignment_id uuid, assignment_code text, title text or null, assignment_type text, category text or null,
--          max_value numeric, due_on date
SELECT
    assignments.assignment_id,
    assignments.assignment_code,
    assignments.title,
    assignments.assignment_type,
    categories.title AS category,
    assignments.max_value,
    coalesce(assignments.due_on, sections.ends_on) AS due_on
FROM assignments
INNER JOIN sections USING (tenant_id, section_id)
LEFT JOIN assignment_categories AS categories USING (tenant_id, category_id)
WHERE assignments.tenant_id = :tenant_id AND assignments.section_id = :section_id
ORDER BY due_on ASC, assignments.assignment_code ASC;

-- name: gradebook_marks
-- The marks of each student in a section, as known then: a row for each, or one without for who has none.
-- params   tenant_id int, section_id uuid, as_of date, known_until timestamptz
-- returns  student_id uuid, student_number, first_name, last_name, preferred_name text;
--          assignment_id uuid or null, grade_value numeric or null, grade_letter text or null, is_late, is_missing,
--          is_exempt bool
WITH marks AS (
    SELECT
        tenant_id,
        student_id,
        assignment_id,
        grade_value,
        grade_letter,
        submitted_on,
        is_carried_over,
        is_late,
        is_missing,
        is_exempt
    FROM grades
    WHERE tenant_id = :tenant_id AND known_at < :known_until
    UNION ALL
    SELECT
        tenant_id,
        student_id,
        assignment_id,
        grade_value,
        grade_letter,
        submitted_on,
        is_carried_over,
        is_late,
        is_missing,
        is_exempt
    FROM grades_history
    WHERE tenant_id = :tenant_id AND known_at < :known_until AND superseded_at >= :known_until
)

SELECT
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    given.assignment_id,
    given.grade_value,
    given.grade_letter,
    given.is_late,
    given.is_missing,
    given.is_exempt
FROM course_enrollments AS enrollments
INNER JOIN sections USING (tenant_id, section_id)
INNER JOIN students USING (tenant_id, student_id)
LEFT JOIN (
    SELECT
        marks.student_id,
        marks.assignment_id,
        marks.grade_value,
        marks.grade_letter,
        coalesce(
            marks.is_late,
            NOT marks.is_carried_over AND marks.submitted_on > assignments.due_on,
            FALSE
        ) AS is_late,
        marks.is_missing,
        marks.is_exempt
    FROM assignments
    INNER JOIN marks USING (tenant_id, assignment_id)
    WHERE assignments.tenant_id = :tenant_id AND assignments.section_id = :section_id
) AS given
    ON enrollments.student_id = given.student_id
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.section_id = :section_id
    AND (enrollments.enrolled_on IS NULL OR enrollments.enrolled_on <= :as_of)
    AND (enrollments.withdrawn_on IS NULL OR enrollments.withdrawn_on > :as_of)
ORDER BY students.last_name, students.first_name, students.student_number;
