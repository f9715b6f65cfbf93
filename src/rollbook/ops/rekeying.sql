-- What rotating keys asks the catalogue and the server. What it asks of a table is composed in rekeying.py.

-- name: sealed_tables
-- Every table that has encrypted columns, histories too: they keep the ciphertext of the row they are of.
-- returns  name text; of_table text (whose name and key the ciphertext is bound to); columns text[];
--          key text[], key_types text[] (primary key without tenant_id); row_key text[] (that of of_table)
WITH sealed AS (
    SELECT
        pg_class.oid,
        pg_class.relname AS name,
        regexp_replace(pg_class.relname, '_history$', '') AS of_table,
        array_agg(pg_attribute.attname::text ORDER BY pg_attribute.attnum) AS columns
    FROM pg_attribute
    INNER JOIN pg_class ON pg_attribute.attrelid = pg_class.oid
    WHERE
        pg_attribute.atttypid = to_regtype('public.sealed')
        AND NOT pg_attribute.attisdropped
        AND pg_class.relkind = 'r'
        AND pg_class.relnamespace = 'public'::regnamespace
    GROUP BY pg_class.oid
),

keys AS (
    SELECT
        pg_index.indrelid,
        array_agg(pg_attribute.attname::text ORDER BY place.nr) AS names,
        array_agg(format_type(pg_attribute.atttypid, NULL) ORDER BY place.nr) AS types
    FROM pg_index
    CROSS JOIN unnest(pg_index.indkey::int2[]) WITH ORDINALITY AS place (attnum, nr)
    INNER JOIN pg_attribute
        ON pg_index.indrelid = pg_attribute.attrelid AND place.attnum = pg_attribute.attnum
    WHERE pg_index.indisprimary AND pg_attribute.attname <> 'tenant_id'
    GROUP BY pg_index.indrelid
)

SELECT
    sealed.name,
    sealed.of_table,
    sealed.columns,
    keys.names AS key,
    keys.types AS key_types,
    bound.names AS row_key
FROM sealed
INNER JOIN keys ON sealed.oid = keys.indrelid
INNER JOIN keys AS bound ON to_regclass(quote_ident(sealed.of_table)) = bound.indrelid
ORDER BY sealed.name;

-- name: tenants
-- Every tenant, for the owner.
-- returns  tenant_id int
SELECT tenant_id FROM tenants ORDER BY tenant_id;

-- name: say_rekeying
-- Tell the triggers, until the end of the transaction, that values get another key and no fact changes.
SELECT set_config('rollbook.rekeying', 'on', TRUE);

-- name: try_lock
-- One process at a time; held until its connection ends.
-- returns  locked bool
SELECT pg_try_advisory_lock(hashtext('rollbook.rekeying')) AS locked;

-- name: is_validated
-- Whether the database has looked, in every table, that no plain text is left; no row where none is encrypted.
-- returns  convalidated bool
SELECT convalidated FROM pg_constraint WHERE conname = 'sealed_no_plain';

-- name: wait_briefly
-- Wait for no writer longer than a page would.
SELECT set_config('lock_timeout', '4s', TRUE);

-- name: next_transaction
-- The first transaction that has not begun yet.
-- returns  xmax bigint
SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS xmax;

-- name: oldest_transaction
-- The first transaction that still runs, or would be next.
-- returns  xmin bigint
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xmin;
