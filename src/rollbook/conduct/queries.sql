-- name: student_incidents
-- A student's incidents, newest first.
-- params   tenant_id int, student_id uuid, since date, until date (both inclusive)
-- returns  incident_on date, incident_type text, severity_level int, description, action_taken text
SELECT
    incident_on,
    incident_type,
    severity_level,
    description,
    action_taken
FROM discipline_incidents
WHERE
    tenant_id = :tenant_id
    AND student_id = :student_id
    AND incident_on >= :since
    AND incident_on <= :until
ORDER BY incident_on DESC, incident_id DESC;
