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

-- name: close_places
-- End a student's places in the sections of a school that they leave; one that had not begun ends on its first day.
-- params   tenant_id int, student_id, school_id uuid, exit_on date (first day no longer there), now timestamptz
-- returns  section_id uuid of each that was open
UPDATE course_enrollments AS places
SET
    withdrawn_on = greatest(cast(:exit_on AS date), places.enrolled_on),
    known_at = :now,
    import_id = NULL
FROM sections
WHERE
    places.tenant_id = :tenant_id
    AND places.student_id = :student_id
    AND sections.tenant_id = places.tenant_id
    AND sections.section_id = places.section_id
    AND sections.school_id = :school_id
    AND sections.ends_on >= :exit_on
    AND (places.withdrawn_on IS NULL OR places.withdrawn_on > :exit_on)
    AND places.withdrawn_on IS DISTINCT FROM greatest(cast(:exit_on AS date), places.enrolled_on)
RETURNING places.section_id;

-- name: place_in_section
-- Give a student a place; a closed one is opened again, with its first day.
-- params   tenant_id int, student_id, section_id uuid, on_day date, now timestamptz
-- returns  one row if something was written
INSERT INTO course_enrollments AS ours (tenant_id, student_id, section_id, enrolled_on, known_at)
VALUES (:tenant_id, :student_id, :section_id, :on_day, :now)
ON CONFLICT (tenant_id, student_id, section_id) DO UPDATE
    SET
        withdrawn_on = NULL,
        known_at = excluded.known_at,
        import_id = NULL
    WHERE ours.withdrawn_on IS NOT NULL
RETURNING 1 AS written;
