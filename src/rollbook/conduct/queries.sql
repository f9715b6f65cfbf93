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
