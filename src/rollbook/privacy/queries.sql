-- Queries of privacy with a fixed shape; those over every table are composed.

-- name: shared_incidents
-- Which of these incidents had more than one student in it.
-- params   tenant_id int, incident_ids uuid[]
-- returns  incident_id uuid
SELECT incident_id
FROM incident_participants
WHERE tenant_id = :tenant_id AND incident_id = any(cast(:incident_ids AS uuid[]))
GROUP BY incident_id
HAVING count(*) > 1;

-- name: writes_about
-- Who wrote what about a student: the changes whose key is one of theirs, or that name the student. Statements of
-- more than 1,000 rows keep no changes; what they wrote says its import itself.
-- params   tenant_id int, student_id text, keys text[], source_ids text[]
-- returns  write_id bigint, at timestamptz, who text, request_id text, purpose text, table_name text, command text,
--          by_import int, change jsonb
SELECT
    written.write_id,
    written.at,
    coalesce(users.full_name, nullif(written.who, ''), written.session_role) AS who,
    written.request_id,
    written.purpose,
    written.table_name,
    written.command,
    written.by_import,
    change.said AS change
FROM audit_writes AS written
CROSS JOIN LATERAL jsonb_array_elements(written.changes) AS change (said)
LEFT JOIN users ON written.tenant_id = users.tenant_id AND written.user_id = users.user_id
WHERE
    written.tenant_id = :tenant_id
    AND (
        (
            coalesce(change.said -> 'key' ->> 'student_id', :student_id) = :student_id
            AND EXISTS (
                SELECT FROM jsonb_each_text(change.said -> 'key') AS part
                WHERE part.value = any(cast(:keys AS text[]))
            )
        )
        OR change.said -> 'old' ->> 'student_id' = :student_id
        OR change.said -> 'new' ->> 'student_id' = :student_id
        OR (
            written.table_name = 'source_records'
            AND change.said -> 'key' ->> 'source_id' = any(cast(:source_ids AS text[]))
        )
    )
ORDER BY written.write_id;
