-- What is in two places at once, or outside of what it is part of. A row is a fault, shown by ids, never by names: see __init__.py.

-- name: overlapping_school_enrollments
-- Students with two primary enrollments on one day.
-- severity error
-- do       Close the earlier one on the day on which the later one begins.
-- returns  example text
WITH stays AS (
    SELECT
        enrollment_id,
        exit_on,
        lead(entry_on) OVER (PARTITION BY tenant_id, student_id ORDER BY entry_on, enrollment_id) AS next_on
    FROM student_school_enrollments
    WHERE is_primary AND exit_on IS DISTINCT FROM entry_on
)

SELECT enrollment_id::text AS example
FROM stays
WHERE next_on < coalesce(exit_on, 'infinity');

-- name: overlapping_programs
-- Students who are twice in the same program on one day.
-- severity warning
-- do       Close the earlier one on the day on which the later one begins.
-- returns  example text
WITH spells AS (
    SELECT
        student_id,
        program_type,
        begins_on,
        ends_on,
        lead(begins_on) OVER (PARTITION BY tenant_id, student_id, program_type ORDER BY begins_on) AS next_on
    FROM student_programs
)

SELECT concat_ws('/', student_id, program_type, begins_on) AS example
FROM spells
WHERE next_on < coalesce(ends_on, 'infinity');

-- name: overlapping_staff_assignments
-- Staff with the same role at the same school twice on one day.
-- severity warning
-- do       Close the earlier assignment on the day on which the later one begins.
-- returns  example text
WITH spells AS (
    SELECT
        staff_assignment_id,
        ends_on,
        lead(coalesce(begins_on, '-infinity')) OVER (
            PARTITION BY tenant_id, staff_id, school_id, staff_role
            ORDER BY coalesce(begins_on, '-infinity'), staff_assignment_id
        ) AS next_on
    FROM staff_assignments
)

SELECT staff_assignment_id::text AS example
FROM spells
WHERE next_on < coalesce(ends_on, 'infinity');

-- name: two_sections_at_once
-- Students with two sections in the same period of the same term.
-- severity warning
-- do       Correct the timetable, or the periods of the sections.
-- returns  example text
SELECT concat_ws('/', places.student_id, sections.starts_on, period.name) AS example
FROM course_enrollments AS places
INNER JOIN sections USING (tenant_id, section_id)
CROSS JOIN LATERAL unnest(sections.periods) AS period (name)
WHERE places.withdrawn_on IS NULL AND sections.school_id IS NOT NULL
GROUP BY places.student_id, sections.school_id, sections.starts_on, period.name
HAVING count(*) > 1;

-- name: enrollment_outside_section
-- Students who join a section after its end, or leave it before they join or after its end.
-- severity error
-- do       Correct the dates of the enrollment, or those of the section.
-- returns  example text
SELECT concat_ws('/', places.student_id, places.section_id) AS example
FROM course_enrollments AS places
INNER JOIN sections USING (tenant_id, section_id)
WHERE
    places.enrolled_on > sections.ends_on
    OR places.withdrawn_on < places.enrolled_on
    OR places.withdrawn_on > sections.ends_on + 1;

-- name: section_at_another_school
-- Students in a section of a school that they are not enrolled in on any day of it.
-- severity warning
-- do       Enroll them there (an enrollment that is not primary will do), or correct the section's school.
-- returns  example text
SELECT concat_ws('/', places.student_id, places.section_id) AS example
FROM course_enrollments AS places
INNER JOIN sections USING (tenant_id, section_id)
LEFT JOIN student_school_enrollments AS stays
    ON
        places.tenant_id = stays.tenant_id
        AND places.student_id = stays.student_id
        AND sections.school_id = stays.school_id
        AND sections.ends_on >= stays.entry_on
        AND (stays.exit_on IS NULL OR sections.starts_on < stays.exit_on)
WHERE
    sections.school_id IS NOT NULL
    AND stays.tenant_id IS NULL
    AND EXISTS (SELECT 1 FROM student_school_enrollments)
GROUP BY places.student_id, places.section_id;

-- name: mark_outside_enrollment
-- Attendance on days on which the student was in no school.
-- severity error
-- do       Correct the enrollment's dates, or take the import back that brought the marks.
-- returns  example text
SELECT concat_ws('/', marks.student_id, marks.date, marks.period) AS example
FROM attendance_records AS marks
LEFT JOIN student_school_enrollments AS stays
    ON
        marks.tenant_id = stays.tenant_id
        AND marks.student_id = stays.student_id
        AND marks.date >= stays.entry_on
        AND (stays.exit_on IS NULL OR marks.date < stays.exit_on)
WHERE stays.tenant_id IS NULL;

-- name: mark_without_school
-- Attendance on days without school.
-- severity error
-- do       Correct the school's calendar, or take the import back that brought the marks.
-- returns  example text
SELECT concat_ws('/', marks.student_id, marks.date, marks.period) AS example
FROM attendance_records AS marks
INNER JOIN student_school_enrollments AS stays
    ON
        marks.tenant_id = stays.tenant_id
        AND marks.student_id = stays.student_id
        AND marks.date >= stays.entry_on
        AND (stays.exit_on IS NULL OR marks.date < stays.exit_on)
INNER JOIN school_calendar_days AS days
    ON stays.tenant_id = days.tenant_id AND stays.school_id = days.school_id AND marks.date = days.date
WHERE stays.is_primary AND NOT days.is_instructional;

-- name: mark_of_day_and_period
-- Days that have both a mark of the whole day and marks by period.
-- severity warning
-- do       Keep one of them: the mark of the whole day is the one that counts.
-- returns  example text
SELECT concat_ws('/', student_id, date) AS example
FROM attendance_records
GROUP BY student_id, date
HAVING bool_or(period = 0) AND bool_or(period > 0);

-- name: work_due_outside_section
-- Assignments that are due before the section starts or after it ends.
-- severity warning
-- do       Correct the day, or the section's dates.
-- returns  example text
SELECT assignments.assignment_id::text AS example
FROM assignments
INNER JOIN sections USING (tenant_id, section_id)
WHERE assignments.due_on < sections.starts_on OR assignments.due_on > sections.ends_on;

-- name: grade_outside_enrollment
-- Work handed in by students before they joined the section or after they left it.
-- severity warning
-- do       Correct the enrollment's dates, or those of the work.
-- returns  example text
SELECT concat_ws('/', grades.student_id, grades.assignment_id) AS example
FROM grades
INNER JOIN assignments USING (tenant_id, assignment_id)
INNER JOIN course_enrollments AS places
    ON
        grades.tenant_id = places.tenant_id
        AND grades.student_id = places.student_id
        AND assignments.section_id = places.section_id
WHERE
    NOT grades.is_carried_over
    AND (grades.submitted_on < places.enrolled_on OR grades.submitted_on >= places.withdrawn_on);

-- name: session_outside_its_parent
-- Academic sessions that begin before, or end after, the one they are part of.
-- severity warning
-- do       Correct the dates of the session, or of its parent.
-- returns  example text
SELECT part.session_code AS example
FROM academic_sessions AS part
INNER JOIN academic_sessions AS whole
    ON part.tenant_id = whole.tenant_id AND part.parent_session_id = whole.session_id
WHERE part.starts_on < whole.starts_on OR part.ends_on > whole.ends_on;
