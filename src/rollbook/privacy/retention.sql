-- What rules of retention remove, as the owner. Rows go by tables in Python; who is past what is found here.

-- name: make_leavers
-- Students who left, and the first day that they were no longer enrolled.
CREATE TEMPORARY TABLE IF NOT EXISTS retention_leavers (
    student_id uuid PRIMARY KEY,
    left_on date NOT NULL
) ON COMMIT DROP;

-- name: make_gone
-- Rows that go: by a value of their key, their own id or else their student's.
CREATE TEMPORARY TABLE IF NOT EXISTS retention_gone (
    table_name text NOT NULL,
    value text NOT NULL
) ON COMMIT DROP;

-- name: forget_leavers
-- Begin anew.
DELETE FROM retention_leavers;

-- name: forget_gone
-- Begin anew.
DELETE FROM retention_gone;

-- name: find_leavers
-- Who left: all their times at schools have ended, no hold stands and no family waits for a decision on an amendment.
-- Without any time at a school nobody knows when they left. They are locked: nobody enrolls them or places a hold now.
-- params   tenant_id int, today date
INSERT INTO retention_leavers (student_id, left_on)
SELECT
    students.student_id,
    (
        SELECT max(times.exit_on)
        FROM student_school_enrollments AS times
        WHERE times.tenant_id = :tenant_id AND times.student_id = students.student_id
    ) AS left_on
FROM students
WHERE
    students.tenant_id = :tenant_id
    AND EXISTS (
        SELECT FROM student_school_enrollments AS times
        WHERE times.tenant_id = :tenant_id AND times.student_id = students.student_id
    )
    AND NOT EXISTS (
        SELECT FROM student_school_enrollments AS times
        WHERE
            times.tenant_id = :tenant_id
            AND times.student_id = students.student_id
            AND (times.exit_on IS NULL OR times.exit_on > :today)
    )
    AND NOT EXISTS (
        SELECT FROM legal_holds AS holds
        WHERE
            holds.tenant_id = :tenant_id
            AND holds.student_id = students.student_id
            AND holds.ended_at IS NULL
    )
    AND NOT EXISTS (
        SELECT FROM amendment_requests AS asked
        WHERE
            asked.tenant_id = :tenant_id
            AND asked.student_id = students.student_id
            AND asked.state IN ('asked', 'heard')
    );

-- name: lock_leavers
-- Let nobody enroll them or place a hold until the transaction ends.
-- params   tenant_id int
-- returns  one row: locked bigint
WITH locked AS (
    SELECT students.student_id
    FROM students
    WHERE
        students.tenant_id = :tenant_id
        AND students.student_id IN (SELECT leavers.student_id FROM retention_leavers AS leavers)
    FOR UPDATE
)

SELECT count(*) AS locked
FROM locked;

-- name: find_incidents
-- Incidents of which every student who has a part in them is past the rule.
-- params   tenant_id int, cutoff date
INSERT INTO retention_gone (table_name, value)
SELECT
    'discipline_incidents' AS table_name,
    cast(parts.incident_id AS text) AS value
FROM incident_participants AS parts
LEFT JOIN retention_leavers AS leavers ON parts.student_id = leavers.student_id AND leavers.left_on < :cutoff
WHERE parts.tenant_id = :tenant_id
GROUP BY parts.incident_id
HAVING count(*) = count(leavers.student_id);

-- name: mark_removed
-- Mark in the log of writes what the removed rows were: every change of a row that is gone, and what the removal
-- itself noted.
-- params   tenant_id int, tables text[], fields jsonb (by table: which part of a key)
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
    AND written.table_name = any(cast(:tables AS text[]))
    AND written.command IN ('INSERT', 'UPDATE', 'DELETE')
    AND NOT rollbook_is_redaction(change.said)
    AND (
        (
            written.command = 'DELETE'
            AND written.transaction_id = cast(cast(pg_current_xact_id() AS text) AS bigint)
        )
        OR EXISTS (
            SELECT FROM retention_gone AS gone
            WHERE
                gone.table_name = written.table_name
                AND gone.value
                = change.said -> 'key' ->> (cast(:fields AS jsonb) ->> written.table_name)
        )
    );
