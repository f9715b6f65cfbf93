-- name: student_work
-- What was set to a student's sections up to a day, with what had come in by then, newest first. Work that was
-- due before the student joined counts only if it came in.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive)
-- returns  section_id uuid, course_code, section_code, assignment_code, title, assignment_type text, max_value numeric,
--          due_on date, has_grade bool, grade_value numeric, grade_letter text, submitted_on date,
--          is_carried_over bool, is_late bool (as the source says, else by the dates), is_missing, is_exempt bool
SELECT
    sections.section_id,
    courses.course_code,
    sections.section_code,
    assignments.assignment_code,
    assignments.title,
    assignments.assignment_type,
    assignments.max_value,
    coalesce(assignments.due_on, sections.ends_on) AS due_on,
    grades.student_id IS NOT NULL AS has_grade,
    grades.grade_value,
    grades.grade_letter,
    grades.submitted_on,
    coalesce(grades.is_carried_over, FALSE) AS is_carried_over,
    coalesce(
        grades.is_late,
        NOT grades.is_carried_over AND grades.submitted_on > coalesce(assignments.due_on, sections.ends_on),
        FALSE
    ) AS is_late,
    coalesce(grades.is_missing, FALSE) AS is_missing,
    coalesce(grades.is_exempt, FALSE) AS is_exempt
FROM course_enrollments AS enrollments
INNER JOIN sections USING (tenant_id, section_id)
INNER JOIN courses USING (tenant_id, course_id)
INNER JOIN assignments USING (tenant_id, section_id)
LEFT JOIN grades
    ON
        enrollments.tenant_id = grades.tenant_id
        AND enrollments.student_id = grades.student_id
        AND assignments.assignment_id = grades.assignment_id
        AND (grades.submitted_on IS NULL OR grades.submitted_on <= :until)
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.student_id = :student_id
    AND coalesce(assignments.due_on, sections.ends_on) >= :since
    AND (
        coalesce(assignments.due_on, sections.ends_on) <= :until
        OR grades.submitted_on <= :until
    )
    AND (
        grades.student_id IS NOT NULL
        OR enrollments.enrolled_on IS NULL
        OR coalesce(assignments.due_on, sections.ends_on) >= enrollments.enrolled_on
    )
    AND (
        enrollments.withdrawn_on IS NULL
        OR coalesce(assignments.due_on, sections.ends_on) < enrollments.withdrawn_on
    )
ORDER BY due_on DESC, courses.course_code ASC, assignments.assignment_code ASC;
