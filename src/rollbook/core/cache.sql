-- What a kept answer is known by: who may see what, and what has been changed.

-- name: standing
-- Whose answer this is, and the fingerprint of all changes of some topics that this transaction sees. Installation and
-- database are named too: several may share one cache. A transaction that has written sees what nobody else does.
-- params   topics text[]
-- returns  one row: tenant text, scope text, students text, place text, changes text, has_written bool
SELECT
    current_setting('rollbook.tenant', TRUE) AS tenant,
    current_setting('rollbook.scope', TRUE) AS scope,
    coalesce(current_setting('rollbook.students', TRUE), '') AS students,
    concat_ws(
        ' ',
        (SELECT system_identifier FROM pg_control_system()),
        (SELECT pg_database.oid FROM pg_database WHERE pg_database.datname = current_database()),
        current_user
    ) AS place,
    (
        SELECT concat_ws(' ', count(*), bit_xor(mark), max(at))
        FROM operations.changes
        WHERE
            changes.topic IN (
                SELECT rollbook_change_topic(tenants.tenant_id, topics.topic)
                FROM unnest(cast(:topics AS text[])) AS topics (topic)
                CROSS JOIN unnest(
                    ARRAY[0, nullif(current_setting('rollbook.tenant', TRUE), '')::int]
                ) AS tenants (tenant_id)
            )
    ) AS changes,
    pg_current_xact_id_if_assigned() IS NOT NULL AS has_written;

-- name: forget_changes
-- Put one new mark in the place of old ones, so that no fingerprint is ever what it was before. As the owner.
-- params   before timestamptz
-- returns  one row for each topic
WITH gone AS (
    DELETE FROM operations.changes
    WHERE at < cast(:before AS timestamptz)
    RETURNING topic
)

INSERT INTO operations.changes (topic)
SELECT DISTINCT gone.topic FROM gone
ON CONFLICT DO NOTHING
RETURNING topic;
