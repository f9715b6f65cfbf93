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
    coalesce(
        nullif(concat_ws(' by ', users.full_name, nullif(written.who, '')), ''), written.session_role
    ) AS who,
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

-- name: amendments_in_sight
-- Requests to amend the records of students in sight: those that wait, the oldest first, or those that were decided,
-- the newest first.
-- params   tenant_id int, is_decided bool, most int
-- returns  student_id uuid, student_number, first_name, last_name, preferred_name text, about text, asked_by text,
--          asked_at timestamptz, state text, hearing_on date, decided_at timestamptz, total bigint (without most)
SELECT
    requests.student_id,
    students.student_number,
    students.first_name,
    students.last_name,
    students.preferred_name,
    requests.about,
    requests.asked_by,
    requests.asked_at,
    requests.state,
    requests.hearing_on,
    requests.decided_at,
    count(*) OVER () AS total
FROM amendment_requests AS requests
INNER JOIN students USING (tenant_id, student_id)
WHERE requests.tenant_id = :tenant_id AND (requests.decided_at IS NOT NULL) = :is_decided
ORDER BY requests.decided_at DESC NULLS LAST, requests.asked_at ASC, requests.amendment_id ASC
LIMIT :most;
