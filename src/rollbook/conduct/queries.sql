-- name: student_incidents
-- A student's part in incidents and what was done about it, newest first: a row for each action, or one without.
-- Neither the others who took part nor the description, which may name them: a family may read this.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive)
-- returns  incident_id uuid, incident_number text, incident_on date, incident_time time, incident_type text,
--          severity_level int, location, participant_role, injury, note text;
--          action_type text, starts_on date, ends_on date, days_lost numeric, notes text
SELECT
    incidents.incident_id,
    incidents.incident_number,
    incidents.incident_on,
    incidents.incident_time,
    incidents.incident_type,
    incidents.severity_level,
    incidents.location,
    participants.participant_role,
    participants.injury,
    participants.note,
    actions.action_type,
    actions.starts_on,
    actions.ends_on,
    actions.days_lost,
    actions.notes
FROM incident_participants AS participants
INNER JOIN discipline_incidents AS incidents USING (tenant_id, incident_id)
LEFT JOIN discipline_actions AS actions
    ON
        participants.tenant_id = actions.tenant_id
        AND participants.incident_id = actions.incident_id
        AND participants.student_id = actions.student_id
WHERE
    participants.tenant_id = :tenant_id
    AND participants.student_id = :student_id
    AND incidents.incident_on >= :since
    AND incidents.incident_on <= :until
ORDER BY
    incidents.incident_on DESC,
    incidents.incident_id DESC,
    actions.starts_on ASC,
    actions.action_type ASC;

-- name: students_in_sight
-- Those of the students that this transaction may see.
-- params   tenant_id int, student_ids uuid[]
-- returns  student_id uuid
SELECT student_id
FROM students
WHERE tenant_id = :tenant_id AND student_id = ANY(:student_ids);

-- name: incidents_page
-- Incidents of which the transaction sees a participant, newest first, some at a time.
-- params   tenant_id int; since, until date (both inclusive); school text or null (its code); incident_type text or null;
--          severity_level int or null; after_on date or null, after_id uuid or null (the last row before); page_size int
-- returns  incident_id uuid, incident_number text, incident_on date, incident_time time, incident_type text,
--          severity_level int, school text or null, location, description, reported_by text or null
SELECT
    incidents.incident_id,
    incidents.incident_number,
    incidents.incident_on,
    incidents.incident_time,
    incidents.incident_type,
    incidents.severity_level,
    schools.name AS school,
    incidents.location,
    incidents.description,
    coalesce(staff.first_name || ' ' || staff.last_name, incidents.reported_by) AS reported_by
FROM discipline_incidents AS incidents
LEFT JOIN schools ON incidents.tenant_id = schools.tenant_id AND incidents.school_id = schools.school_id
LEFT JOIN staff ON incidents.tenant_id = staff.tenant_id AND incidents.reported_by_staff_id = staff.staff_id
WHERE
    incidents.tenant_id = :tenant_id
    AND incidents.incident_on >= :since
    AND incidents.incident_on <= :until
    AND (cast(:school AS text) IS NULL OR schools.school_code = :school)
    AND (cast(:incident_type AS text) IS NULL OR incidents.incident_type = :incident_type)
    AND (cast(:severity_level AS int) IS NULL OR incidents.severity_level = :severity_level)
    AND (
        cast(:after_on AS date) IS NULL
        OR (incidents.incident_on, incidents.incident_id) < (:after_on, cast(:after_id AS uuid))
    )
ORDER BY incidents.incident_on DESC, incidents.incident_id DESC
LIMIT :page_size;

-- name: participants_of
-- Who took part in some incidents, of those in sight: who brought it about first.
-- params   tenant_id int, incident_ids uuid[]
-- returns  incident_id, student_id uuid, student_number, first_name, last_name, preferred_name, participant_role text,
--          actions text or null, days_lost numeric or null
SELECT
    participants.incident_id,
    students.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    participants.participant_role,
    string_agg(actions.action_type, ', ' ORDER BY actions.starts_on ASC, actions.action_type ASC) AS actions,
    sum(actions.days_lost) AS days_lost
FROM incident_participants AS participants
INNER JOIN students USING (tenant_id, student_id)
LEFT JOIN discipline_actions AS actions
    ON
        participants.tenant_id = actions.tenant_id
        AND participants.incident_id = actions.incident_id
        AND participants.student_id = actions.student_id
WHERE participants.tenant_id = :tenant_id AND participants.incident_id = ANY(:incident_ids)
GROUP BY students.tenant_id, students.student_id, participants.incident_id, participants.participant_role
ORDER BY
    participants.incident_id ASC,
    (participants.participant_role = 'perpetrator') DESC,
    participants.participant_role ASC,
    students.student_number ASC;

-- name: incident_counts
-- How many incidents in sight there were: in all, and by school, type, severity and month.
-- params   tenant_id int; since, until date (both inclusive); school text or null (its code); incident_type text or null;
--          severity_level int or null
-- returns  dimension text (all, school, type, severity, month), value text or null (a school's code, a type, a level,
--          a month such as 2025-10), label text or null (a school's name), incidents int,
--          students int (in sight, enrolled at some time from since to until: at the school, or at any)
WITH shown AS (
    SELECT
        incidents.school_id,
        incidents.incident_type,
        incidents.severity_level,
        to_char(incidents.incident_on, 'YYYY-MM') AS month
    FROM discipline_incidents AS incidents
    LEFT JOIN schools ON incidents.tenant_id = schools.tenant_id AND incidents.school_id = schools.school_id
    WHERE
        incidents.tenant_id = :tenant_id
        AND incidents.incident_on >= :since
        AND incidents.incident_on <= :until
        AND (cast(:school AS text) IS NULL OR schools.school_code = :school)
        AND (cast(:incident_type AS text) IS NULL OR incidents.incident_type = :incident_type)
        AND (cast(:severity_level AS int) IS NULL OR incidents.severity_level = :severity_level)
),

counted AS (
    SELECT
        grouping(school_id, incident_type, severity_level, month) AS grouped,
        school_id,
        incident_type,
        severity_level,
        month,
        cast(count(*) AS int) AS incidents
    FROM shown
    GROUP BY GROUPING SETS ((), (school_id), (incident_type), (severity_level), (month))
),

enrolled AS (
    SELECT
        enrollments.school_id,
        cast(count(DISTINCT enrollments.student_id) AS int) AS students
    FROM student_school_enrollments AS enrollments
    INNER JOIN schools USING (tenant_id, school_id)
    WHERE
        enrollments.tenant_id = :tenant_id
        AND enrollments.entry_on <= :until
        AND (enrollments.exit_on IS NULL OR enrollments.exit_on > :since)
        AND (cast(:school AS text) IS NULL OR schools.school_code = :school)
    GROUP BY GROUPING SETS ((), (enrollments.school_id))
)

SELECT
    CASE counted.grouped
        WHEN 15 THEN 'all' WHEN 7 THEN 'school' WHEN 11 THEN 'type' WHEN 13 THEN 'severity' ELSE 'month'
    END AS dimension,
    coalesce(
        schools.school_code, counted.incident_type, cast(counted.severity_level AS text), counted.month
    ) AS value,
    schools.name AS label,
    counted.incidents,
    coalesce(enrolled.students, 0) AS students
FROM counted
LEFT JOIN schools ON schools.tenant_id = :tenant_id AND counted.school_id = schools.school_id
LEFT JOIN enrolled
    ON
        CASE counted.grouped
            WHEN 7 THEN counted.school_id = enrolled.school_id
            ELSE enrolled.school_id IS NULL
        END
ORDER BY counted.grouped DESC, counted.incidents DESC, value ASC;
