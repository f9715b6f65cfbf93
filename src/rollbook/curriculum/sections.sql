-- name: sections_matching
-- The sections that fit, by their keys alone: by course and code.
-- params   tenant_id int, on_day date, running boolean (only those that run on the day);
--          course text, school text or null (their codes);
--          user_id uuid or null (only those that this user works in on the day)
-- returns  row_id uuid, sort_key text, searched text
SELECT
    sections.section_id AS row_id,
    courses.course_code || ' ' || sections.section_code AS sort_key,
    concat_ws(' ', courses.course_code, courses.title, sections.section_code, sections.title) AS searched
FROM sections
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN schools ON sections.tenant_id = schools.tenant_id AND sections.school_id = schools.school_id
WHERE
    sections.tenant_id = :tenant_id
    AND (NOT cast(:running AS boolean) OR :on_day BETWEEN sections.starts_on AND sections.ends_on)
    AND (cast(:course AS text) IS NULL OR courses.course_code = :course)
    AND (cast(:school AS text) IS NULL OR schools.school_code = :school)
    AND (
        cast(:user_id AS uuid) IS NULL
        OR sections.section_id IN (
            SELECT section_staff.section_id
            FROM staff
            INNER JOIN section_staff USING (tenant_id, staff_id)
            WHERE
                staff.tenant_id = :tenant_id
                AND staff.user_id = :user_id
                AND (section_staff.begins_on IS NULL OR section_staff.begins_on <= :on_day)
                AND (section_staff.ends_on IS NULL OR section_staff.ends_on > :on_day)
        )
    );

-- name: sections_listed
-- What the list shows of some sections, in their order. Students are those in sight who are enrolled on the section's
-- day that is nearest.
-- params   tenant_id int, on_day date, row_ids uuid[]
-- returns  the columns of SectionLine in sections.py
WITH enrolled AS (
    SELECT
        enrollments.section_id,
        count(*) AS students
    FROM unnest(cast(:row_ids AS uuid[])) AS page (row_id)
    INNER JOIN sections ON sections.tenant_id = :tenant_id AND page.row_id = sections.section_id
    INNER JOIN course_enrollments AS enrollments USING (tenant_id, section_id)
    WHERE
        (
            enrollments.enrolled_on IS NULL
            OR enrollments.enrolled_on <= greatest(sections.starts_on, least(:on_day, sections.ends_on))
        )
        AND (
            enrollments.withdrawn_on IS NULL
            OR enrollments.withdrawn_on > greatest(sections.starts_on, least(:on_day, sections.ends_on))
        )
    GROUP BY enrollments.section_id
),

teachers AS (
    SELECT
        section_staff.section_id,
        string_agg(
            concat_ws(' ', staff.first_name, staff.last_name),
            ', ' ORDER BY section_staff.is_primary DESC, staff.last_name ASC, staff.staff_number ASC
        ) AS teacher
    FROM unnest(cast(:row_ids AS uuid[])) AS page (row_id)
    INNER JOIN sections ON sections.tenant_id = :tenant_id AND page.row_id = sections.section_id
    INNER JOIN section_staff USING (tenant_id, section_id)
    INNER JOIN staff USING (tenant_id, staff_id)
    WHERE
        section_staff.section_role = 'teacher'
        AND (
            section_staff.begins_on IS NULL
            OR section_staff.begins_on <= greatest(:on_day, sections.starts_on)
        )
        AND (
            section_staff.ends_on IS NULL
            OR section_staff.ends_on > :on_day
            OR section_staff.ends_on >= sections.ends_on
        )
    GROUP BY section_staff.section_id
)

SELECT
    sections.section_id,
    sections.section_code,
    courses.course_id,
    courses.course_code,
    coalesce(sections.title, courses.title) AS title,
    courses.subject,
    schools.school_id,
    schools.name AS school,
    sections.starts_on,
    sections.ends_on,
    sections.location,
    sections.periods,
    sections.is_homeroom,
    teachers.teacher,
    coalesce(enrolled.students, 0) AS students
FROM unnest(cast(:row_ids AS uuid[])) WITH ORDINALITY AS page (row_id, place)
INNER JOIN sections ON sections.tenant_id = :tenant_id AND page.row_id = sections.section_id
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN schools ON sections.tenant_id = schools.tenant_id AND sections.school_id = schools.school_id
LEFT JOIN teachers ON sections.section_id = teachers.section_id
LEFT JOIN enrolled ON sections.section_id = enrolled.section_id
ORDER BY page.place;

-- name: section_card
-- One section.
-- params   tenant_id int, section_id uuid
-- returns  the columns of SectionFacts in sections.py, or no row
SELECT
    sections.section_id,
    sections.section_code,
    courses.course_id,
    courses.course_code,
    coalesce(sections.title, courses.title) AS title,
    courses.subject,
    schools.school_id,
    schools.name AS school,
    sections.starts_on,
    sections.ends_on,
    sections.location,
    sections.periods,
    sections.is_homeroom
FROM sections
INNER JOIN courses USING (tenant_id, course_id)
LEFT JOIN schools ON sections.tenant_id = schools.tenant_id AND sections.school_id = schools.school_id
WHERE sections.tenant_id = :tenant_id AND sections.section_id = :section_id;

-- name: staff_of_section
-- Who works or worked in a section, the one named first at the head.
-- params   tenant_id int, section_id uuid
-- returns  the columns of SectionMember in sections.py
SELECT
    staff.staff_id,
    staff.staff_number,
    concat_ws(' ', staff.first_name, staff.last_name) AS name,
    section_staff.section_role,
    section_staff.is_primary,
    section_staff.begins_on,
    section_staff.ends_on
FROM section_staff
INNER JOIN staff USING (tenant_id, staff_id)
WHERE section_staff.tenant_id = :tenant_id AND section_staff.section_id = :section_id
ORDER BY
    array_position(
        ARRAY['teacher', 'aide', 'administrator', 'proctor'], section_staff.section_role::text
    ) ASC,
    section_staff.is_primary DESC,
    section_staff.ends_on DESC NULLS FIRST,
    staff.last_name ASC,
    staff.staff_number ASC;

-- name: sessions_of_section
-- The terms in which a section meets, in order.
-- params   tenant_id int, section_id uuid
-- returns  the columns of AcademicPeriod in roster/calendar.py
SELECT
    sessions.session_id,
    sessions.session_code,
    sessions.title,
    sessions.session_type,
    sessions.starts_on,
    sessions.ends_on,
    sessions.school_year,
    sessions.parent_session_id
FROM section_sessions
INNER JOIN academic_sessions AS sessions USING (tenant_id, session_id)
WHERE section_sessions.tenant_id = :tenant_id AND section_sessions.section_id = :section_id
ORDER BY sessions.starts_on, sessions.session_code;

-- name: class_list
-- Who in sight is in a section on a day, by name, as known before an instant.
-- params   tenant_id int, section_id uuid, on_day date, known_until timestamptz or null (what is known now)
-- returns  row_id uuid (the student's), sort_key text, the columns of Classmate in sections.py
WITH versions AS (
    SELECT
        student_id,
        enrolled_on,
        withdrawn_on,
        known_at,
        'infinity'::timestamptz AS superseded_at
    FROM course_enrollments
    WHERE tenant_id = :tenant_id AND section_id = :section_id
    UNION ALL
    SELECT
        student_id,
        enrolled_on,
        withdrawn_on,
        known_at,
        superseded_at
    FROM course_enrollments_history
    WHERE tenant_id = :tenant_id AND section_id = :section_id
)

SELECT
    students.student_id AS row_id,
    students.student_id,
    lower(concat_ws(' ', students.last_name, students.first_name, students.student_number)) AS sort_key,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    students.grade_level,
    versions.enrolled_on,
    versions.withdrawn_on
FROM versions
INNER JOIN students ON students.tenant_id = :tenant_id AND versions.student_id = students.student_id
WHERE
    versions.known_at < coalesce(cast(:known_until AS timestamptz), 'infinity')
    AND versions.superseded_at >= coalesce(cast(:known_until AS timestamptz), 'infinity')
    AND (versions.enrolled_on IS NULL OR versions.enrolled_on <= :on_day)
    AND (versions.withdrawn_on IS NULL OR versions.withdrawn_on > :on_day);
