-- Who is where: roles at schools and enrollments in classes of a OneRoster bundle, typed. Temporary tables only.

-- name: make_role_rows
-- Roles that a room keeps: of students and staff. Some are kept as source records alone: those of guardians,
-- a student's at what is no school, and what repeats another.
CREATE TEMP TABLE IF NOT EXISTS oneroster_role_rows ON COMMIT DROP AS
SELECT
    role.line_number,
    role."sourcedId" AS source_id,
    who.kind,
    who.entity_id,
    who.is_main,
    role.role,
    role."roleType" = 'primary' AS is_primary,
    school.school_id,
    role."beginDate"::date AS begins_on,
    role."endDate"::date AS ends_on,
    role."dateLastModified"::timestamptz AS known_at,
    coalesce(role.status = 'tobedeleted', FALSE) AS is_gone
FROM stage_roles AS role
INNER JOIN oneroster_members AS who
    ON
        role."userSourcedId" = who.source_id
        AND who.kind = CASE WHEN role.role = 'student' THEN 'students' ELSE 'staff' END
LEFT JOIN oneroster_schools AS school ON role."orgSourcedId" = school.source_id
WHERE
    role.role IN (
        'aide', 'counselor', 'districtAdministrator', 'principal', 'proctor', 'siteAdministrator',
        'systemAdministrator', 'teacher'
    )
    OR (role.role = 'student' AND school.school_id IS NOT NULL);

-- name: make_first_days
-- The first day on which a student is known to be at a school: of their enrollments, or the classes'.
CREATE TEMP TABLE IF NOT EXISTS oneroster_first_days ON COMMIT DROP AS
SELECT
    enrollment."userSourcedId" AS source_id,
    section.school_id,
    min(coalesce(enrollment."beginDate"::date, section.starts_on)) AS first_on,
    min(enrollment."beginDate"::date) AS told_on
FROM stage_enrollments AS enrollment
INNER JOIN oneroster_sections AS section ON enrollment."classSourcedId" = section.source_id
WHERE
    enrollment.role = 'student'
    AND enrollment.status IS DISTINCT FROM 'tobedeleted'
    AND enrollment."userSourcedId" IN (
        SELECT "userSourcedId" FROM stage_roles
        WHERE role = 'student' AND "beginDate" IS NULL
    )
GROUP BY enrollment."userSourcedId", section.school_id;

-- name: make_stays
-- Students at schools. Who does not say since when is there since their first class; since the school year
-- began, if they have none; since today, if the source has told of this year before and had them elsewhere. A stay
-- that we have is the one of the same id at that school, or that begins with it there.
CREATE TEMP TABLE IF NOT EXISTS oneroster_stays ON COMMIT DROP AS
WITH begun AS (
    SELECT
        today,
        coalesce(
            (
                SELECT min(starts_on) FROM oneroster_sessions
                WHERE session_type = 'schoolYear' AND today BETWEEN starts_on AND ends_on
            ),
            (
                SELECT max(starts_on) FROM oneroster_sessions
                WHERE session_type = 'schoolYear'
            ),
            make_date((extract(YEAR FROM today) - (extract(MONTH FROM today) < 7)::int)::int, 7, 1)
        ) AS starts_on
    FROM oneroster_run
),

year AS (
    SELECT
        begun.starts_on,
        begun.today,
        EXISTS(
            SELECT FROM imports
            WHERE
                source = (SELECT source FROM oneroster_run)
                AND state = 'done'
                AND started_at::date >= begun.starts_on
        ) AS has_told
    FROM begun
),

named AS (
    SELECT DISTINCT ON (source_id)
        source_id,
        enrollment_id,
        student_id,
        school_id,
        entry_on
    FROM student_school_enrollments
    WHERE
        source_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM imports AS other
            WHERE
                other.import_id = student_school_enrollments.import_id
                AND other.format_key = 'oneroster'
                AND other.source <> (SELECT source FROM oneroster_run)
        )
    ORDER BY source_id ASC, exit_on DESC NULLS FIRST, enrollment_id ASC
),

dated AS (
    SELECT
        role.*,
        named.enrollment_id AS named_id,
        coalesce(
            role.begins_on,
            named.entry_on,
            CASE WHEN moved.is_so THEN least(coalesce(first_day.told_on, year.today), role.ends_on) END,
            first_day.first_on,
            least(year.starts_on, role.ends_on)
        ) AS entry_on
    FROM oneroster_role_rows AS role
    CROSS JOIN year
    INNER JOIN
        stage_roles AS said
        ON role.line_number = said.line_number AND role.source_id = said."sourcedId"
    LEFT JOIN named
        ON
            role.source_id = named.source_id
            AND role.entity_id = named.student_id
            AND role.school_id = named.school_id
    LEFT JOIN oneroster_first_days AS first_day
        ON said."userSourcedId" = first_day.source_id AND role.school_id = first_day.school_id
    CROSS JOIN
        LATERAL (
            SELECT
                year.has_told AND EXISTS (
                    SELECT FROM student_school_enrollments AS ours
                    WHERE
                        ours.student_id = role.entity_id
                        AND ours.school_id <> role.school_id
                        AND ours.entry_on < year.today
                        AND (ours.exit_on IS NULL OR ours.exit_on > year.today)
                ) AS is_so
        ) AS moved
    WHERE role.kind = 'students'
),

first AS (
    SELECT DISTINCT ON (entity_id, school_id, entry_on) *
    FROM dated
    ORDER BY entity_id ASC, school_id ASC, entry_on ASC, is_gone ASC, is_primary DESC, source_id ASC
)

SELECT
    coalesce(first.named_id, same.enrollment_id, uuidv7()) AS enrollment_id,
    first.source_id,
    first.entity_id AS student_id,
    first.school_id,
    first.entry_on,
    CASE WHEN first.ends_on >= first.entry_on THEN first.ends_on END AS exit_on,
    first.is_primary,
    first.known_at,
    first.is_gone
FROM first
LEFT JOIN student_school_enrollments AS same
    ON
        first.named_id IS NULL
        AND first.entity_id = same.student_id
        AND first.school_id = same.school_id
        AND first.entry_on = same.entry_on;

-- name: make_left_behind
-- Stays whose role is now one at another school, by the same id: they end when that one begins, as ours alone.
CREATE TEMP TABLE IF NOT EXISTS oneroster_left_behind ON COMMIT DROP AS
SELECT
    ours.enrollment_id,
    ours.student_id,
    ours.school_id,
    ours.entry_on,
    greatest(ours.entry_on, stay.entry_on) AS exit_on,
    ours.is_primary,
    ours.school_year,
    ours.grade_level,
    stay.known_at
FROM student_school_enrollments AS ours
INNER JOIN oneroster_stays AS stay
    ON ours.source_id = stay.source_id AND ours.student_id = stay.student_id
WHERE
    ours.school_id <> stay.school_id
    AND NOT stay.is_gone
    AND ours.enrollment_id NOT IN (SELECT enrollment_id FROM oneroster_stays)
    AND (ours.exit_on IS NULL OR ours.exit_on > greatest(ours.entry_on, stay.entry_on))
    AND NOT EXISTS (
        SELECT FROM imports AS other
        WHERE
            other.import_id = ours.import_id
            AND other.format_key = 'oneroster'
            AND other.source <> (SELECT source FROM oneroster_run)
    );

-- name: make_incoming_student_school_enrollments
-- One school is the primary one on any day: the primary organisation, else where the stay began last.
CREATE TEMP TABLE IF NOT EXISTS incoming_student_school_enrollments ON COMMIT DROP AS
WITH ranked AS (
    SELECT
        stay.*,
        row_number() OVER (
            PARTITION BY stay.student_id
            ORDER BY
                stay.is_primary DESC, home.school_id IS NOT NULL DESC, stay.entry_on DESC, stay.source_id ASC
        ) AS nr
    FROM oneroster_stays AS stay
    INNER JOIN stage_roles AS role ON stay.source_id = role."sourcedId"
    LEFT JOIN stage_users AS member ON role."userSourcedId" = member."sourcedId"
    LEFT JOIN oneroster_schools AS home
        ON member."primaryOrgSourcedId" = home.source_id AND stay.school_id = home.school_id
),

-- Stays that are not the primary one: they overlap with a better one, or with one of ours that goes on.
second AS (
    SELECT one.enrollment_id
    FROM ranked AS one
    INNER JOIN ranked AS better USING (student_id)
    WHERE
        better.nr < one.nr
        AND NOT better.is_gone
        AND better.is_primary
        AND daterange(better.entry_on, better.exit_on) && daterange(one.entry_on, one.exit_on)
    UNION
    SELECT one.enrollment_id
    FROM ranked AS one
    INNER JOIN student_school_enrollments AS ours USING (student_id)
    LEFT JOIN oneroster_stays AS told ON ours.enrollment_id = told.enrollment_id
    WHERE
        told.enrollment_id IS NULL
        AND ours.enrollment_id NOT IN (SELECT enrollment_id FROM oneroster_left_behind)
        AND ours.is_primary
        AND (
            ours.source_id IS NULL
            OR 'roles' NOT IN (SELECT record_type FROM oneroster_files WHERE is_bulk)
            OR EXISTS (
                SELECT FROM imports AS other
                WHERE
                    other.import_id = ours.import_id
                    AND other.format_key = 'oneroster'
                    AND other.source <> (SELECT source FROM oneroster_run)
            )
        )
        AND daterange(ours.entry_on, ours.exit_on) && daterange(one.entry_on, one.exit_on)
)

SELECT
    one.enrollment_id,
    one.source_id,
    one.student_id,
    one.school_id,
    one.entry_on,
    one.exit_on,
    one.is_primary AND second.enrollment_id IS NULL AS is_primary,
    (extract(YEAR FROM one.entry_on) + (extract(MONTH FROM one.entry_on) > 6)::int)::smallint AS school_year,
    student.grade_level,
    one.known_at,
    one.is_gone
FROM ranked AS one
LEFT JOIN second ON one.enrollment_id = second.enrollment_id
LEFT JOIN incoming_students AS student ON one.student_id = student.student_id
UNION ALL
SELECT
    enrollment_id,
    NULL AS source_id,
    student_id,
    school_id,
    entry_on,
    exit_on,
    is_primary,
    school_year,
    grade_level,
    known_at,
    FALSE AS is_gone
FROM oneroster_left_behind;

-- name: index_stays
-- When a stay ends that the bundle does not have, the student's next one is looked up.
CREATE INDEX IF NOT EXISTS incoming_stays_by_student ON incoming_student_school_enrollments (student_id);

-- name: make_incoming_staff_assignments
-- Staff at schools, or for the whole tenant where the organisation is no school.
CREATE TEMP TABLE IF NOT EXISTS incoming_staff_assignments ON COMMIT DROP AS
WITH named AS (
    SELECT DISTINCT ON (source_id)
        source_id,
        staff_assignment_id,
        staff_id
    FROM staff_assignments
    WHERE
        source_id IS NOT NULL
        AND NOT EXISTS (
            SELECT FROM imports AS other
            WHERE
                other.import_id = staff_assignments.import_id
                AND other.format_key = 'oneroster'
                AND other.source <> (SELECT source FROM oneroster_run)
        )
    ORDER BY source_id ASC, ends_on DESC NULLS FIRST, staff_assignment_id ASC
),

first AS (
    SELECT DISTINCT ON (entity_id, school_id, role, begins_on) *
    FROM oneroster_role_rows
    WHERE kind = 'staff'
    ORDER BY
        entity_id ASC, school_id ASC, role ASC, begins_on ASC, is_gone ASC, is_primary DESC, source_id ASC
)

SELECT
    coalesce(named.staff_assignment_id, same.staff_assignment_id, uuidv7()) AS staff_assignment_id,
    first.source_id,
    first.entity_id AS staff_id,
    first.school_id,
    first.role AS staff_role,
    first.is_primary,
    first.begins_on,
    first.ends_on,
    first.known_at,
    first.is_gone
FROM first
LEFT JOIN named ON first.source_id = named.source_id AND first.entity_id = named.staff_id
LEFT JOIN staff_assignments AS same
    ON
        named.staff_assignment_id IS NULL
        AND first.entity_id = same.staff_id
        AND (first.school_id, first.begins_on) IS NOT DISTINCT FROM (same.school_id, same.begins_on)
        AND first.role = same.staff_role;

-- name: make_incoming_course_enrollments
-- Students in classes, a row for each enrollment. Who stays to a class's last day has not withdrawn from it, nor
-- has anybody whose enrollment is taken back when the class is over. ``has_rest``: the row says something that
-- has no column of ours.
CREATE TEMP TABLE IF NOT EXISTS incoming_course_enrollments ON COMMIT DROP AS
SELECT
    student.entity_id AS student_id,
    section.section_id,
    enrollment."sourcedId" AS source_id,
    student.is_main,
    enrollment."beginDate"::date AS enrolled_on,
    days.withdrawn_on,
    enrollment."dateLastModified"::timestamptz AS known_at,
    coalesce(enrollment.status = 'tobedeleted', FALSE) AS is_gone,
    coalesce(
        NOT student.is_main
        OR enrollment."schoolSourcedId" <> section.school_source_id
        OR enrollment."primary" = 'true'
        OR (days.withdrawn_on IS NULL AND days.last_on NOT BETWEEN section.ends_on AND section.ends_on + 1)
        OR enrollment.extension IS NOT NULL,
        FALSE
    ) AS has_rest
FROM stage_enrollments AS enrollment
INNER JOIN oneroster_members AS student
    ON enrollment."userSourcedId" = student.source_id AND student.kind = 'students'
INNER JOIN oneroster_sections AS section ON enrollment."classSourcedId" = section.source_id
CROSS JOIN
    LATERAL (
        SELECT
            enrollment."endDate"::date AS last_on,
            CASE
                WHEN enrollment."endDate"::date < section.ends_on THEN enrollment."endDate"::date
            END AS withdrawn_on
    ) AS days
WHERE
    enrollment.role = 'student'
    AND (
        enrollment.status IS DISTINCT FROM 'tobedeleted'
        OR section.ends_on >= (SELECT today FROM oneroster_run)
    );

-- name: join_repeated_places
-- Students who are in a class twice, such as once for each term, have one place, from the first to the last day.
WITH repeated AS (
    SELECT
        student_id,
        section_id
    FROM incoming_course_enrollments
    GROUP BY student_id, section_id
    HAVING count(*) > 1
),

taken AS (
    DELETE FROM incoming_course_enrollments AS place
    USING repeated
    WHERE place.student_id = repeated.student_id AND place.section_id = repeated.section_id
    RETURNING place.*
)

INSERT INTO incoming_course_enrollments (
    student_id, section_id, source_id, is_main, enrolled_on, withdrawn_on, known_at, is_gone, has_rest
)
SELECT
    student_id,
    section_id,
    coalesce(min(source_id) FILTER (WHERE is_main), min(source_id)),
    bool_or(is_main),
    min(enrolled_on) FILTER (WHERE NOT is_gone),
    CASE
        WHEN bool_and(withdrawn_on IS NOT NULL) FILTER (WHERE NOT is_gone)
            THEN max(withdrawn_on) FILTER (WHERE NOT is_gone)
    END,
    max(known_at),
    bool_and(is_gone),
    TRUE
FROM taken
GROUP BY student_id, section_id;

-- name: make_incoming_section_staff
-- Who teaches a class, or helps in it; of a class that is over, who did.
CREATE TEMP TABLE IF NOT EXISTS incoming_section_staff ON COMMIT DROP AS
SELECT
    section.section_id,
    staff.entity_id AS staff_id,
    replace(enrollment.role, 'ext:aide', 'aide') AS section_role,
    coalesce(
        min(enrollment."sourcedId") FILTER (WHERE staff.is_main), min(enrollment."sourcedId")
    ) AS source_id,
    coalesce(bool_or(enrollment."primary" = 'true'), FALSE) AS is_primary,
    min(enrollment."beginDate"::date) AS begins_on,
    CASE
        WHEN count(*) = count(*) FILTER (WHERE enrollment."endDate"::date < section.ends_on)
            THEN max(enrollment."endDate"::date)
    END AS ends_on,
    max(enrollment."dateLastModified"::timestamptz) AS known_at,
    bool_and(coalesce(enrollment.status = 'tobedeleted', FALSE)) AS is_gone,
    count(*) > 1
    OR coalesce(
        bool_or(
            NOT staff.is_main
            OR enrollment."schoolSourcedId" <> section.school_source_id
            OR enrollment."endDate"::date >= section.ends_on
            OR enrollment.extension IS NOT NULL
        ),
        FALSE
    ) AS has_rest
FROM stage_enrollments AS enrollment
INNER JOIN oneroster_members AS staff
    ON enrollment."userSourcedId" = staff.source_id AND staff.kind = 'staff'
INNER JOIN oneroster_sections AS section ON enrollment."classSourcedId" = section.source_id
WHERE
    enrollment.role IN ('administrator', 'aide', 'ext:aide', 'proctor', 'teacher')
    AND (
        enrollment.status IS DISTINCT FROM 'tobedeleted'
        OR section.ends_on >= (SELECT today FROM oneroster_run)
    )
GROUP BY section.section_id, staff.entity_id, replace(enrollment.role, 'ext:aide', 'aide');

-- name: count_rests
-- Most enrollments have nothing left over: the planner is told, so that the few that have are looked for first.
ANALYZE incoming_course_enrollments (has_rest), incoming_section_staff (has_rest);
