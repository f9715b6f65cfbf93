-- Tables, indexes, sequences and constraints, from the catalogue and the statistics; nobody's rows are read.

-- name: tables
-- The largest tables, partitions counted as their table: live and dead rows, size as of the last vacuum.
-- returns  table_name text, live float8, dead float8, bytes float8, unanalyzed float8
SELECT
    cast(cast(coalesce(pg_partition_root(stats.relid), stats.relid) AS regclass) AS text) AS table_name,
    cast(sum(stats.n_live_tup) AS float8) AS live,
    cast(sum(stats.n_dead_tup) AS float8) AS dead,
    cast(
        sum(greatest(pg_class.relpages, 0)) * cast(current_setting('block_size') AS int) AS float8
    ) AS bytes,
    cast(sum(stats.n_mod_since_analyze) AS float8) AS unanalyzed
FROM pg_stat_user_tables AS stats
INNER JOIN pg_class ON stats.relid = pg_class.oid
GROUP BY coalesce(pg_partition_root(stats.relid), stats.relid)
ORDER BY bytes DESC, live DESC, table_name ASC
LIMIT 40;

-- name: heaps
-- The largest tables that hold rows themselves: their pages, rows and how full a page may be.
-- returns  table_name text, schema_name text, relation_name text, pages int, tuples float8, fill float8
SELECT
    cast(cast(pg_class.oid AS regclass) AS text) AS table_name,
    cast(pg_namespace.nspname AS text) AS schema_name,
    cast(pg_class.relname AS text) AS relation_name,
    pg_class.relpages AS pages,
    cast(pg_class.reltuples AS float8) AS tuples,
    cast(coalesce(option.option_value, '100') AS float8) / 100 AS fill
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
LEFT JOIN LATERAL pg_options_to_table(pg_class.reloptions) AS option ON option.option_name = 'fillfactor'
WHERE
    pg_class.relkind IN ('r', 'm')
    AND pg_class.relpages > 128
    AND pg_class.reltuples >= 0
    AND pg_class.relpersistence <> 't'
    AND pg_namespace.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY pg_class.relpages DESC
LIMIT 40;

-- name: sequences
-- The sequences that are nearest to their end, or to that of the column they number.
-- returns  sequence_name text, table_name text, last float8, most float8
WITH numbering AS (
    SELECT
        cast(cast(pg_sequence.seqrelid AS regclass) AS text) AS sequence_name,
        cast(cast(pg_attribute.attrelid AS regclass) AS text) AS table_name,
        cast(coalesce(pg_sequence_last_value(pg_sequence.seqrelid), 0) AS float8) AS last,
        cast(
            least(
                pg_sequence.seqmax,
                CASE pg_attribute.atttypid
                    WHEN cast('int2' AS regtype) THEN 32767
                    WHEN cast('int4' AS regtype) THEN 2147483647
                    ELSE 9223372036854775807
                END
            ) AS float8
        ) AS most
    FROM pg_sequence
    LEFT JOIN pg_depend
        ON
            pg_sequence.seqrelid = pg_depend.objid
            AND pg_depend.classid = cast('pg_class' AS regclass)
            AND pg_depend.refclassid = cast('pg_class' AS regclass)
            AND pg_depend.deptype IN ('a', 'i')
    LEFT JOIN pg_attribute
        ON pg_depend.refobjid = pg_attribute.attrelid AND pg_depend.refobjsubid = pg_attribute.attnum
    WHERE
        pg_sequence.seqincrement > 0
        AND NOT pg_sequence.seqcycle
        AND has_sequence_privilege(pg_sequence.seqrelid, 'USAGE, SELECT')
)

SELECT
    sequence_name,
    table_name,
    last,
    most
FROM numbering
ORDER BY last / most DESC, sequence_name ASC
LIMIT 10;

-- name: invalid_indexes
-- Indexes that no query uses and every write pays for: building them failed. One that is being built is none.
-- returns  index_name text, table_name text
SELECT
    cast(cast(indexrelid AS regclass) AS text) AS index_name,
    cast(cast(indrelid AS regclass) AS text) AS table_name
FROM pg_index
WHERE
    NOT (indisvalid AND indisready)
    AND NOT EXISTS (
        SELECT 1 FROM pg_stat_progress_create_index AS building
        WHERE building.relid = pg_index.indrelid
    )
ORDER BY index_name;

-- name: unvalidated
-- Constraints that old rows may break, since they were never checked. One that is not enforced is meant so.
-- returns  constraint_name text, table_name text
SELECT
    cast(conname AS text) AS constraint_name,
    cast(cast(conrelid AS regclass) AS text) AS table_name
FROM pg_constraint
WHERE NOT convalidated AND coalesce(to_jsonb(pg_constraint) ->> 'conenforced', 'true') = 'true'
ORDER BY table_name, constraint_name;
