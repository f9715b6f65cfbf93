-- What is there, how big and how busy it is. Read as the owner's role, from the catalogue and statistics alone.

-- name: sizes
-- Every table: its bytes, those of its indexes, its rows, and how often it was read and written so far.
-- returns  name text, bytes bigint, index_bytes bigint, row_count bigint, writes bigint, reads bigint
SELECT
    cast(cast(pg_class.oid AS regclass) AS text) AS name,
    pg_relation_size(pg_class.oid) AS bytes,
    pg_indexes_size(pg_class.oid) AS index_bytes,
    cast(greatest(pg_class.reltuples, stats.n_live_tup, 0) AS bigint) AS row_count,
    coalesce(stats.n_tup_ins + stats.n_tup_upd + stats.n_tup_del, 0) AS writes,
    coalesce(stats.seq_scan, 0) + coalesce(stats.idx_scan, 0) AS reads
FROM pg_class
LEFT JOIN pg_stat_user_tables AS stats ON pg_class.oid = stats.relid
WHERE
    pg_class.relkind IN ('r', 'p', 'm', 'v')
    AND pg_class.relpersistence <> 't'
    AND pg_class.relnamespace NOT IN (
        SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_|^information_schema$'
    );

-- name: additions
-- What migrations did not make: partitions, and indexes that somebody added; as statements, in their order.
-- returns  statement text
SELECT
    format(
        'CREATE TABLE %s PARTITION OF %s %s',
        cast(child.oid AS regclass),
        cast(pg_inherits.inhparent AS regclass),
        pg_get_expr(child.relpartbound, child.oid)
    ) AS statement
FROM pg_inherits
INNER JOIN pg_class AS child ON pg_inherits.inhrelid = child.oid
WHERE child.relispartition AND child.relkind IN ('r', 'p')
UNION ALL
SELECT pg_get_indexdef(pg_index.indexrelid)
FROM pg_index
INNER JOIN pg_class AS owner ON pg_index.indrelid = owner.oid
WHERE
    pg_index.indisvalid
    AND NOT owner.relispartition
    AND owner.relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_');

-- name: circumstances
-- What decides how statements work: the server's version, and the time zone of this database.
-- returns  version int, time_zone text
SELECT
    cast(current_setting('server_version_num') AS int) AS version,
    current_setting('timezone') AS time_zone;
