-- A class is who has a place in a section on a day and is enrolled in a school then, as far as they are in sight.

-- name: class_marks
-- The class of a day by name, with each student's mark of a period.
-- params   tenant_id int, section_id uuid, on_day date, period int
-- returns  student_id uuid, student_number, first_name, last_name, preferred_name text, status text or null,
--          minutes_late int or null, reason text or null
SELECT
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    marks.status,
    marks.minutes_late,
    marks.reason
FROM course_enrollments AS places
INNER JOIN students USING (tenant_id, student_id)
INNER JOIN student_school_enrollments AS enrollments USING (tenant_id, student_id)
LEFT JOIN attendance_records AS marks
    ON
        places.tenant_id = marks.tenant_id
        AND places.student_id = marks.student_id
        AND marks.date = :on_day
        AND marks.period = :period
WHERE
    places.tenant_id = :tenant_id
    AND places.section_id = :section_id
    AND (places.enrolled_on IS NULL OR places.enrolled_on <= :on_day)
    AND (places.withdrawn_on IS NULL OR places.withdrawn_on > :on_day)
    AND enrollments.is_primary
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
ORDER BY students.last_name, students.first_name, students.student_number;

-- name: mark_class_present
-- Mark present whom a list does not name; where the school sends exceptions only, those who have another mark.
-- params   tenant_id int, section_id uuid, on_day date, period int, student_ids uuid[] (the list's)
-- returns  one row for each mark that was written
INSERT INTO attendance_records AS ours (tenant_id, student_id, date, period, status)
SELECT
    places.tenant_id,
    places.student_id,
    :on_day,
    :period,
    'present'
FROM course_enrollments AS places
INNER JOIN student_school_enrollments AS enrollments USING (tenant_id, student_id)
LEFT JOIN attendance_submissions AS submissions
    ON enrollments.tenant_id = submissions.tenant_id AND enrollments.school_id = submissions.school_id
WHERE
    places.tenant_id = :tenant_id
    AND places.section_id = :section_id
    AND (places.enrolled_on IS NULL OR places.enrolled_on <= :on_day)
    AND (places.withdrawn_on IS NULL OR places.withdrawn_on > :on_day)
    AND enrollments.is_primary
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    AND places.student_id <> ALL(cast(:student_ids AS uuid[]))
    AND (
        NOT coalesce(submissions.is_by_exception, FALSE)
        OR EXISTS (
            SELECT FROM attendance_records AS marks
            WHERE
                marks.tenant_id = places.tenant_id
                AND marks.student_id = places.student_id
                AND marks.date = :on_day
                AND marks.period = :period
        )
    )
ON CONFLICT (tenant_id, student_id, date, period) DO UPDATE
    SET
        status = 'present',
        minutes_late = 0,
        reason = NULL,
        known_at = excluded.known_at,
        import_id = NULL
    WHERE ours.status <> 'present'
RETURNING 1 AS written;

-- name: school_day
-- How far a school's day is told.
-- params   tenant_id int, school_id uuid, on_day date
-- returns  one row: enrolled int, marked int (of these), is_by_exception bool, submitted_through date or null
SELECT
    count(*) AS enrolled,
    count(*) FILTER (
        WHERE EXISTS (
            SELECT FROM attendance_records AS marks
            WHERE
                marks.tenant_id = enrollments.tenant_id
                AND marks.student_id = enrollments.student_id
                AND marks.date = :on_day
        )
    ) AS marked,
    coalesce(
        (
            SELECT is_by_exception FROM attendance_submissions
            WHERE tenant_id = :tenant_id AND school_id = :school_id
        ),
        FALSE
    ) AS is_by_exception,
    (
        SELECT submitted_through FROM attendance_submissions
        WHERE tenant_id = :tenant_id AND school_id = :school_id
    ) AS submitted_through
FROM student_school_enrollments AS enrollments
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.school_id = :school_id
    AND enrollments.is_primary
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day);

-- name: day_exceptions
-- The marks other than present of a school's day, by name.
-- params   tenant_id int, school_id uuid, on_day date
-- returns  student_id uuid, student_number, first_name, last_name, preferred_name text, period int, status text,
--          minutes_late int, reason text or null
SELECT
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    marks.period,
    marks.status,
    marks.minutes_late,
    marks.reason
FROM student_school_enrollments AS enrollments
INNER JOIN students USING (tenant_id, student_id)
INNER JOIN attendance_records AS marks USING (tenant_id, student_id)
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.school_id = :school_id
    AND enrollments.is_primary
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    AND marks.date = :on_day
    AND marks.status <> 'present'
ORDER BY students.last_name, students.first_name, students.student_number, marks.period;

-- name: marked_students
-- Who has a mark on a school's day.
-- params   tenant_id int, school_id uuid, on_day date
-- returns  student_id uuid
SELECT DISTINCT enrollments.student_id
FROM student_school_enrollments AS enrollments
INNER JOIN attendance_records AS marks USING (tenant_id, student_id)
WHERE
    enrollments.tenant_id = :tenant_id
    AND enrollments.school_id = :school_id
    AND enrollments.is_primary
    AND enrollments.entry_on <= :on_day
    AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :on_day)
    AND marks.date = :on_day;
