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
    teachers.teacher
FROM course_enrollments AS enrollments
INNER JOIN sections USING (tenant_id, section_id)
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN course_outcomes USING (tenant_id, student_id, section_id)
LEFT JOIN LATERAL (
    SELECT concat_ws(' ', staff.first_name, staff.last_name) AS teacher
    FROM section_staff
    INNER JOIN staff USING (tenant_id, staff_id)
    WHERE
        section_staff.tenant_id = sections.tenant_id
        AND section_staff.section_id = sections.section_id
        AND section_staff.section_role = 'teacher'
        AND (section_staff.begins_on IS NULL OR section_staff.begins_on <= :until)
    ORDER BY
        section_staff.is_primary DESC,
        section_staff.ends_on DESC NULLS FIRST,
        section_staff.begins_on DESC NULLS LAST,
        staff.staff_number ASC
    LIMIT 1
) AS teachers ON TRUE
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.student_id = :student_id
    AND sections.starts_on <= :until
    AND sections.ends_on >= :since
ORDER BY sections.starts_on DESC, courses.course_code ASC, sections.section_code ASC;
