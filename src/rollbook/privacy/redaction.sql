-- How marked values are taken out of the log of writes, as the owner. The rest of an entry stays, and so does the digest
-- of what was taken out where a seal has it; else a random one.

-- name: make_marks
-- Make the place where it is said which changes are to be taken out; it says nothing of what they hold.
-- returns  nothing
CREATE TEMPORARY TABLE IF NOT EXISTS redaction_marks (
    write_id bigint NOT NULL,
    at timestamptz NOT NULL,
    place bigint NOT NULL
);

-- name: forget_marks
-- Forget what was marked before.
-- returns  nothing
DELETE FROM redaction_marks;

-- name: redact_marked
-- Take the marked changes out, and list them as the erasure's.
-- params   tenant_id int, erasure_id int
-- returns  one row: redacted bigint
WITH sealed AS (
    SELECT coalesce(max(last_id), 0) AS last_id
    FROM audit_seals
    WHERE tenant_id = :tenant_id AND log = 'writes'
),

found AS (
    SELECT
        written.write_id,
        written.at,
        change.place,
        jsonb_build_object(
            'erasure', cast(:erasure_id AS int),
            'redacted',
            encode(
                CASE
                    WHEN
                        written.write_id <= sealed.last_id
                        THEN sha256(convert_to(cast(change.said AS text), 'UTF8'))
                    ELSE sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
                END,
                'hex'
            )
        ) AS redaction
    FROM audit_writes AS written
    CROSS JOIN sealed
    CROSS JOIN LATERAL jsonb_array_elements(written.changes) WITH ORDINALITY AS change (said, place)
    INNER JOIN redaction_marks AS mark
        ON written.write_id = mark.write_id AND written.at = mark.at AND change.place = mark.place
    WHERE written.tenant_id = :tenant_id
),

rewritten AS (
    UPDATE audit_writes AS written
    SET
        changes = (
            SELECT jsonb_agg(coalesce(found.redaction, change.said) ORDER BY change.place)
            FROM jsonb_array_elements(written.changes) WITH ORDINALITY AS change (said, place)
            LEFT JOIN found ON written.write_id = found.write_id AND change.place = found.place
        )
    WHERE
        written.tenant_id = :tenant_id
        AND EXISTS (
            SELECT FROM found AS touched
            WHERE touched.write_id = written.write_id AND touched.at = written.at
        )
    RETURNING written.write_id
),

listed AS (
    INSERT INTO audit_redactions (tenant_id, log, row_id, place, erasure_id, digest)
    SELECT
        :tenant_id,
        'writes',
        write_id,
        place,
        :erasure_id,
        redaction ->> 'redacted'
    FROM found
    RETURNING row_id
)

SELECT count(*) AS redacted
FROM listed
WHERE (SELECT count(*) FROM rewritten) >= 0;
