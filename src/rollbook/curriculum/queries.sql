-- name: student_sections
-- The sections a student is or was in that ran within a window, newest first, with how they ended.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive)
-- returns  section_id uuid, course_code, title, section_code text, starts_on, ends_on, enrolled_on, withdrawn_on date,
--          result text, teacher text
SELECT
    sections.section_id,
    courses.course_code,
    courses.title,
    sections.section_code,
    sections.starts_on,
    sections.ends_on,
    enrollments.enrolled_on,
    enrollments.withdrawn_on,
    course_outcomes.result,
    nullif(concat_ws(' ', staff.first_name, staff.last_name), '') AS teacher
FROM course_enrollments AS enrollments
INNER JOIN sections USING (tenant_id, section_id)
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN course_outcomes USING (tenant_id, student_id, section_id)
LEFT JOIN staff ON sections.tenant_id = staff.tenant_id AND sections.teacher_staff_id = staff.staff_id
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.student_id = :student_id
    AND sections.starts_on <= :until
    AND sections.ends_on >= :since
ORDER BY sections.starts_on DESC, courses.course_code ASC, sections.section_code ASC;
