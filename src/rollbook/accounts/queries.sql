-- name: name_tries
-- Let the transaction see the counts with these keys.
-- params   keys text (hexadecimal, parted by commas)
SELECT set_config('rollbook.try_keys', :keys, TRUE);

-- name: begin_counts
-- Begin a count of nothing for each key that has none.
-- params   keys bytea[], now timestamptz
INSERT INTO sign_in_tries (tenant_id, key_hash, failures, last_failed_at, waits_until)
SELECT
    0,
    counted.key_hash,
    0,
    :now,
    to_timestamp(0)
FROM unnest(cast(:keys AS bytea[])) AS counted (key_hash)
ORDER BY counted.key_hash
ON CONFLICT DO NOTHING;

-- name: hold_counts
-- The counts with these keys, held until the transaction ends, always in the same order.
-- params   keys bytea[]
-- returns  key_hash bytea, failures double precision, last_failed_at timestamptz, waits_until timestamptz
SELECT
    key_hash,
    failures,
    last_failed_at,
    waits_until
FROM sign_in_tries
WHERE tenant_id = 0 AND key_hash = ANY(cast(:keys AS bytea[]))
ORDER BY key_hash
FOR UPDATE;

-- name: keep_count
-- Write one count.
-- params   key_hash bytea, failures double precision, now, waits_until timestamptz
UPDATE sign_in_tries
SET failures = :failures, last_failed_at = :now, waits_until = :waits_until
WHERE tenant_id = 0 AND key_hash = :key_hash;

-- name: forget_stale_counts
-- Forget counts that nobody has added to for two days.
-- params   since timestamptz
DELETE FROM sign_in_tries
WHERE tenant_id = 0 AND last_failed_at < :since;
