-- Indexes that cost and do not help, those that are missing, and statistics that are stale. From the catalogue alone.

-- name: inventory
-- Indexes with how they are made and how often they were read; partitions are counted with the whole they are of.
-- "keys" says of each key column what it is and how it is ordered, so that two can be compared by what they begin with.
-- params   none
-- returns  schema text, name text, table_name text, number bigint, table_number bigint, method text, is_needed bool,
--          is_valid bool, is_being_built bool, keys text[], key_count int, all_columns smallint[],
--          has_expressions bool, predicate text, scans bigint, bytes bigint, parts text[]
WITH RECURSIVE parts AS (
    SELECT
        pg_class.oid AS root,
        pg_class.oid AS part
    FROM pg_class
    INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
    WHERE
        pg_class.relkind IN ('i', 'I')
        AND NOT pg_class.relispartition
        AND pg_namespace.nspname !~ '^pg_'
        AND pg_namespace.nspname <> 'information_schema'
    UNION ALL
    SELECT
        parts.root,
        pg_inherits.inhrelid
    FROM parts
    INNER JOIN pg_inherits ON parts.part = pg_inherits.inhparent
),

used AS (
    SELECT
        parts.root,
        cast(coalesce(sum(stats.idx_scan), 0) AS bigint) AS scans,
        cast(sum(pg_relation_size(parts.part)) AS bigint) AS bytes,
        array_agg(cast(pg_class.relname AS text)) AS parts,
        array_agg(parts.part) AS numbers
    FROM parts
    INNER JOIN pg_class ON parts.part = pg_class.oid
    LEFT JOIN pg_stat_user_indexes AS stats ON parts.part = stats.indexrelid
    GROUP BY parts.root
)

SELECT
    cast(pg_namespace.nspname AS text) AS schema,
    cast(pg_class.relname AS text) AS name,
    cast(tables.relname AS text) AS table_name,
    cast(pg_index.indexrelid AS bigint) AS number,
    cast(pg_index.indrelid AS bigint) AS table_number,
    cast(pg_am.amname AS text) AS method,
    pg_index.indisunique
    OR pg_index.indisexclusion
    OR pg_index.indisreplident
    OR pg_index.indisclustered AS is_needed,
    pg_index.indisvalid AND pg_index.indisready AS is_valid,
    EXISTS(
        SELECT 1
        FROM pg_stat_progress_create_index AS progress
        WHERE
            progress.datid = (SELECT pg_database.oid FROM pg_database WHERE datname = current_database())
            -- which one another role builds, not everybody may see
            AND (progress.index_relid IS NULL OR used.numbers @> ARRAY[progress.index_relid])
    ) AS is_being_built,
    array(
        SELECT
            concat_ws(
                '/',
                pg_index.indkey[n],
                pg_index.indclass[n],
                pg_index.indcollation[n],
                pg_index.indoption[n]
            )
        FROM generate_series(0, pg_index.indnkeyatts - 1) AS n
        ORDER BY n
    ) AS keys,
    cast(pg_index.indnkeyatts AS int) AS key_count,
    cast(string_to_array(cast(pg_index.indkey AS text), ' ') AS smallint[]) AS all_columns,
    pg_index.indexprs IS NOT NULL AS has_expressions,
    pg_get_expr(pg_index.indpred, pg_index.indrelid) AS predicate,
    used.scans,
    used.bytes,
    used.parts
FROM used
INNER JOIN pg_index ON used.root = pg_index.indexrelid
INNER JOIN pg_class ON pg_index.indexrelid = pg_class.oid
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
INNER JOIN pg_class AS tables ON pg_index.indrelid = tables.oid
INNER JOIN pg_am ON pg_class.relam = pg_am.oid
ORDER BY schema, name;

-- name: foreign_keys
-- Foreign keys with their columns, how many rows the table has and how often the other one loses or changes rows: each
-- such time PostgreSQL looks for referring rows. Those of partitions are told once, with the whole.
-- params   none
-- returns  schema text, table_name text, table_number bigint, name text, columns text[], numbers smallint[],
--          referred text, rows float8, changes_there bigint
SELECT
    cast(pg_namespace.nspname AS text) AS schema,
    cast(tables.relname AS text) AS table_name,
    cast(tables.oid AS bigint) AS table_number,
    cast(pg_constraint.conname AS text) AS name,
    pg_constraint.conkey AS numbers,
    array(
        SELECT cast(pg_attribute.attname AS text)
        FROM unnest(pg_constraint.conkey) WITH ORDINALITY AS keys (number, place)
        INNER JOIN pg_attribute ON keys.number = pg_attribute.attnum AND pg_attribute.attrelid = tables.oid
        ORDER BY keys.place
    ) AS columns,
    cast(referred.relname AS text) AS referred,
    cast(
        greatest(
            tables.reltuples,
            (
                SELECT sum(greatest(pg_class.reltuples, 0))
                FROM pg_inherits
                INNER JOIN pg_class ON pg_inherits.inhrelid = pg_class.oid
                WHERE pg_inherits.inhparent = tables.oid
            ),
            0
        ) AS float8
    ) AS rows,
    cast(coalesce(stats.n_tup_del + stats.n_tup_upd - stats.n_tup_hot_upd, 0) AS bigint) AS changes_there
FROM pg_constraint
INNER JOIN pg_class AS tables ON pg_constraint.conrelid = tables.oid
INNER JOIN pg_namespace ON tables.relnamespace = pg_namespace.oid
INNER JOIN pg_class AS referred ON pg_constraint.confrelid = referred.oid
LEFT JOIN pg_stat_user_tables AS stats ON referred.oid = stats.relid
WHERE
    pg_constraint.contype = 'f'
    AND pg_constraint.conparentid = 0
    AND NOT tables.relispartition
    AND pg_namespace.nspname !~ '^pg_'
ORDER BY schema, table_name, name;

-- name: counting_since
-- Since when reads of indexes were counted: since these counters began anew, or else all of the server's, which outlive
-- a restart and not a crash. A replica counts its own.
-- params   none
-- returns  since timestamptz, replicas int
SELECT
    coalesce(
        pg_stat_database.stats_reset,
        least(
            pg_stat_bgwriter.stats_reset,
            pg_stat_archiver.stats_reset,
            pg_postmaster_start_time()
        )
    ) AS since,
    cast(
        (SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'physical') AS int
    ) AS replicas
FROM pg_stat_database
CROSS JOIN pg_stat_bgwriter
CROSS JOIN pg_stat_archiver
WHERE pg_stat_database.datname = current_database();

-- name: upkeep
-- Tables with what changed since they were last vacuumed and looked at. A partitioned table is only looked at by hand:
-- its changes are those of its parts since then.
-- params   none
-- returns  schema text, name text, is_partitioned bool, is_looked_at bool, rows float8, dead bigint, live bigint,
--          changed bigint, bytes bigint
WITH changed AS (
    SELECT
        pg_inherits.inhparent AS relid,
        sum(greatest(pg_class.reltuples, 0)) AS rows,
        sum(stats.n_live_tup) AS live,
        -- a part that was looked at after the whole says no more what changed in between: perhaps all of it
        sum(
            CASE
                WHEN
                    greatest(stats.last_analyze, stats.last_autoanalyze)
                    > whole.last_analyze + cast('1 hour' AS interval)
                    THEN greatest(stats.n_live_tup, stats.n_mod_since_analyze)
                ELSE stats.n_mod_since_analyze
            END
        ) AS changed
    FROM pg_inherits
    INNER JOIN pg_class ON pg_inherits.inhrelid = pg_class.oid
    INNER JOIN pg_stat_user_tables AS stats ON pg_inherits.inhrelid = stats.relid
    LEFT JOIN pg_stat_user_tables AS whole ON pg_inherits.inhparent = whole.relid
    WHERE pg_class.relkind = 'r'
    GROUP BY pg_inherits.inhparent
)

SELECT
    cast(pg_namespace.nspname AS text) AS schema,
    cast(pg_class.relname AS text) AS name,
    pg_class.relkind = 'p' AS is_partitioned,
    pg_class.reltuples >= 0
    AND (
        pg_class.relkind = 'p' OR coalesce(stats.last_analyze, stats.last_autoanalyze) IS NOT NULL
    ) AS is_looked_at,
    cast(greatest(pg_class.reltuples, changed.rows, 0) AS float8) AS rows,
    cast(coalesce(stats.n_dead_tup, 0) AS bigint) AS dead,
    cast(greatest(stats.n_live_tup, changed.live, 0) AS bigint) AS live,
    cast(greatest(stats.n_mod_since_analyze, changed.changed, 0) AS bigint) AS changed,
    cast(pg_relation_size(pg_class.oid) AS bigint) AS bytes
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
LEFT JOIN pg_stat_user_tables AS stats ON pg_class.oid = stats.relid
LEFT JOIN changed ON pg_class.oid = changed.relid
WHERE
    pg_class.relkind IN ('r', 'p', 'm')
    AND pg_class.relpersistence <> 't'
    AND pg_namespace.nspname !~ '^pg_'
    AND pg_namespace.nspname <> 'information_schema'
ORDER BY schema, name;

-- name: index_columns
-- Statistics of what B-tree indexes hold, as far as this role may see them, to say how large they would be if they were
-- built now; those over expressions are left out.
-- params   least_bytes bigint
-- returns  schema text, name text, bytes bigint, rows float8, packs bool, widths int[], kinds float8[]
SELECT
    cast(pg_namespace.nspname AS text) AS schema,
    cast(pg_class.relname AS text) AS name,
    cast(pg_relation_size(pg_class.oid) AS bigint) AS bytes,
    cast(tables.reltuples AS float8) AS rows,
    bool_and(pg_type.typname NOT IN ('numeric', 'float4', 'float8', 'jsonb'))
    AND pg_index.indnatts = pg_index.indnkeyatts AS packs,
    array_agg(coalesce(pg_stats.avg_width, 8)) AS widths,
    array_agg(cast(coalesce(pg_stats.n_distinct, -1) AS float8)) AS kinds
FROM pg_index
INNER JOIN pg_class ON pg_index.indexrelid = pg_class.oid AND pg_class.relkind = 'i'
INNER JOIN pg_am ON pg_class.relam = pg_am.oid AND pg_am.amname = 'btree'
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
INNER JOIN pg_class AS tables ON pg_index.indrelid = tables.oid
INNER JOIN pg_attribute
    ON tables.oid = pg_attribute.attrelid AND pg_attribute.attnum = ANY(pg_index.indkey)
INNER JOIN pg_type ON pg_attribute.atttypid = pg_type.oid
LEFT JOIN pg_stats
    ON
        pg_namespace.nspname = pg_stats.schemaname
        AND tables.relname = pg_stats.tablename
        AND pg_attribute.attname = pg_stats.attname
        AND NOT pg_stats.inherited
WHERE
    pg_index.indexprs IS NULL
    AND pg_index.indpred IS NULL
    AND pg_index.indisvalid
    AND NOT pg_index.indisexclusion
    AND pg_namespace.nspname !~ '^pg_'
    AND pg_relation_size(pg_class.oid) >= cast(:least_bytes AS bigint)
    AND tables.reltuples > 0
GROUP BY
    pg_namespace.nspname,
    pg_class.oid,
    pg_class.relname,
    tables.reltuples,
    pg_index.indnatts,
    pg_index.indnkeyatts
ORDER BY schema, name;
