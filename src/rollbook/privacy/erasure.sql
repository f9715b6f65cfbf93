-- What an erasure does to the audit's logs, as the owner. The values are taken out, the rest stays, and so does the
-- digest of what was taken out where a seal has it; else a random one.

-- name: hold_seals
-- Let nothing be sealed until the transaction ends.
-- params   tenant_id int
-- returns  one row
SELECT pg_advisory_xact_lock(hashtext('rollbook_audit_seal'), :tenant_id);

-- name: next_erasure
-- The number of the erasure that begins.
-- returns  one row: erasure_id int
SELECT cast(nextval(pg_get_serial_sequence('erasures', 'erasure_id')) AS int) AS erasure_id;

-- name: mark_writes
-- Mark in the log of writes every change that is about the student: by the keys of their rows, by what sources
-- call them, or because it quotes them and is of no other student.
-- params   tenant_id int, student_id text, keys text[], source_ids text[], quotes text[]
-- returns  nothing
INSERT INTO redaction_marks (write_id, at, place)
SELECT
    written.write_id,
    written.at,
    change.place
FROM audit_writes AS written
CROSS JOIN LATERAL jsonb_array_elements(written.changes) WITH ORDINALITY AS change (said, place)
WHERE
    written.tenant_id = :tenant_id
    AND NOT rollbook_is_redaction(change.said)
    AND (
        change.said -> 'old' ->> 'student_id' = :student_id
        OR change.said -> 'new' ->> 'student_id' = :student_id
        OR (
            coalesce(change.said -> 'key' ->> 'student_id', :student_id) = :student_id
            AND (
                EXISTS (
                    SELECT FROM jsonb_each_text(change.said -> 'key') AS part
                    WHERE part.value = any(cast(:keys AS text[]))
                )
                OR EXISTS (
                    SELECT FROM unnest(cast(:quotes AS text[])) AS quoted
                    WHERE strpos(cast(change.said AS text), quoted) > 0
                )
            )
        )
        OR (
            written.table_name = 'source_records'
            AND change.said -> 'key' ->> 'source_id' = any(cast(:source_ids AS text[]))
        )
    );

-- name: redact_disclosures
-- Take out of the log of disclosures what was said that the record was needed for, of the student's and of every
-- entry that quotes them. Who was shown it, when and by which right stays.
-- params   tenant_id int, erasure_id int, student_id uuid, quotes text[]
-- returns  one row: redacted bigint
WITH sealed AS (
    SELECT coalesce(max(last_id), 0) AS last_id
    FROM audit_seals
    WHERE tenant_id = :tenant_id AND log = 'disclosures'
),

found AS (
    SELECT
        shown.disclosure_id,
        shown.at,
        encode(
            CASE
                WHEN shown.disclosure_id <= sealed.last_id THEN sha256(convert_to(shown.purpose, 'UTF8'))
                ELSE sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
            END,
            'hex'
        ) AS digest
    FROM disclosures AS shown
    CROSS JOIN sealed
    WHERE
        shown.tenant_id = :tenant_id
        AND shown.purpose IS NOT NULL
        AND (
            shown.student_id = :student_id
            OR EXISTS (
                SELECT FROM unnest(cast(:quotes AS text[])) AS quoted
                WHERE strpos(shown.purpose, quoted) > 0
            )
        )
),

rewritten AS (
    UPDATE disclosures AS shown
    SET
        purpose = NULL,
        redaction = jsonb_build_object('erasure', cast(:erasure_id AS int), 'redacted', found.digest)
    FROM found
    WHERE
        shown.tenant_id = :tenant_id AND shown.disclosure_id = found.disclosure_id AND shown.at = found.at
    RETURNING shown.disclosure_id
),

listed AS (
    INSERT INTO audit_redactions (tenant_id, log, row_id, place, erasure_id, digest)
    SELECT
        :tenant_id,
        'disclosures',
        disclosure_id,
        1,
        :erasure_id,
        digest
    FROM found
    RETURNING row_id
)

SELECT count(*) AS redacted
FROM listed
WHERE (SELECT count(*) FROM rewritten) >= 0;

-- name: keep_erasure
-- Say that a record was erased.
-- params   tenant_id int, erasure_id int, erased_id uuid, erased_by text, basis text, removed jsonb, kept jsonb,
--          redactions int
INSERT INTO erasures (tenant_id, erasure_id, erased_id, erased_by, basis, removed, kept, redactions)
VALUES (
    :tenant_id,
    :erasure_id,
    :erased_id,
    :erased_by,
    :basis,
    cast(:removed AS jsonb),
    cast(:kept AS jsonb),
    :redactions
);

-- name: held
-- Whether a legal hold on the student stands.
-- params   tenant_id int, student_id uuid
-- returns  one row: held bool
SELECT count(*) > 0 AS held
FROM legal_holds
WHERE tenant_id = :tenant_id AND student_id = :student_id AND ended_at IS NULL;

-- name: others_guardians
-- Which of these guardians answer for another student too.
-- params   tenant_id int, student_id uuid, guardian_ids uuid[]
-- returns  guardian_id uuid
SELECT DISTINCT guardian_id
FROM student_guardians
WHERE
    tenant_id = :tenant_id AND guardian_id = any(cast(:guardian_ids AS uuid[])) AND student_id <> :student_id;

-- name: others_incidents
-- Which of these incidents other students had a part in, now or in an earlier version.
-- params   tenant_id int, student_id uuid, incident_ids uuid[]
-- returns  incident_id uuid
SELECT incident_id
FROM incident_participants
WHERE
    tenant_id = :tenant_id AND incident_id = any(cast(:incident_ids AS uuid[])) AND student_id <> :student_id
UNION
SELECT incident_id
FROM incident_participants_history
WHERE
    tenant_id = :tenant_id AND incident_id = any(cast(:incident_ids AS uuid[])) AND student_id <> :student_id;

-- name: accounts_of_guardians
-- The users by whom these guardians sign in, and nobody else.
-- params   tenant_id int, guardian_ids uuid[]
-- returns  user_id uuid
SELECT users.user_id
FROM users
WHERE
    users.tenant_id = :tenant_id
    AND users.role = 'guardian'
    AND users.user_id IN (
        SELECT mine.user_id FROM guardians AS mine
        WHERE mine.tenant_id = :tenant_id AND mine.guardian_id = any(cast(:guardian_ids AS uuid[]))
    )
    AND NOT EXISTS (
        SELECT FROM guardians AS others
        WHERE
            others.tenant_id = :tenant_id
            AND others.user_id = users.user_id
            AND others.guardian_id <> all(cast(:guardian_ids AS uuid[]))
    );

-- name: names_in_sources
-- What source systems call the student as a person.
-- params   tenant_id int, student_id uuid
-- returns  source text, source_id text
SELECT
    source,
    source_id
FROM source_records
WHERE tenant_id = :tenant_id AND entity_type = 'students' AND entity_id = :student_id
UNION
SELECT
    source,
    source_id
FROM source_records_history
WHERE tenant_id = :tenant_id AND entity_type = 'students' AND entity_id = :student_id;

-- name: half_archived
-- Months that are out of their tables and not in files yet: their rows are not seen.
-- returns  month text
SELECT format('%s %s', table_name, to_char(month, 'YYYY-MM')) AS month
FROM operations.detached_months
ORDER BY month;
