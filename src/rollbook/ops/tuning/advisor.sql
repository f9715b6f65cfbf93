-- What the advisor asks of the real database's catalogue and counters.

-- name: columns
-- Statistics of columns that a B-tree can order, of tables that are worth an index; of a partitioned table those of
-- the whole. Values of numeric, floating and compound types that are equal may differ in bytes: they are not packed.
-- params   least_pages int
-- returns  schema text, table_name text, name text, width int, kinds float8, packs bool
WITH tables AS (
    SELECT
        pg_class.oid,
        pg_class.relname,
        pg_class.relnamespace,
        pg_class.relkind = 'p' AS is_partitioned
    FROM pg_class
    WHERE
        NOT pg_class.relispartition
        AND (
            pg_class.relkind = 'p'
            OR (pg_class.relkind IN ('r', 'm') AND pg_class.relpages >= cast(:least_pages AS int))
        )
)

SELECT
    cast(pg_namespace.nspname AS text) AS schema,
    cast(tables.relname AS text) AS table_name,
    cast(pg_attribute.attname AS text) AS name,
    pg_stats.avg_width AS width,
    cast(pg_stats.n_distinct AS float8) AS kinds,
    pg_type.typname NOT IN ('numeric', 'float4', 'float8', 'jsonb')
    AND pg_type.typtype IN ('b', 'e', 'd') AS packs
FROM tables
INNER JOIN pg_namespace ON tables.relnamespace = pg_namespace.oid
INNER JOIN pg_attribute ON tables.oid = pg_attribute.attrelid AND pg_attribute.attnum > 0
INNER JOIN pg_type ON pg_attribute.atttypid = pg_type.oid
INNER JOIN pg_stats
    ON
        pg_namespace.nspname = pg_stats.schemaname
        AND tables.relname = pg_stats.tablename
        AND pg_attribute.attname = pg_stats.attname
        AND tables.is_partitioned = pg_stats.inherited
WHERE
    pg_namespace.nspname !~ '^pg_'
    AND pg_namespace.nspname <> 'information_schema'
    AND EXISTS (
        SELECT 1 FROM pg_opclass
        WHERE
            pg_opclass.opcdefault
            AND pg_opclass.opcmethod = (SELECT pg_am.oid FROM pg_am WHERE pg_am.amname = 'btree')
            AND pg_opclass.opcintype IN (
                pg_type.oid,
                pg_type.typbasetype,
                CASE WHEN pg_type.typcategory = 'S' THEN to_regtype('text') ELSE pg_type.oid END,
                CASE WHEN pg_type.typtype = 'e' THEN to_regtype('anyenum') ELSE pg_type.oid END
            )
    );

-- name: tables
-- Rows of each table or partition, what it is a part of, and how often an index on it would have to be written: for
-- each insert, and each update that was not done in place. The whole of a partitioned table is the sum of its parts.
-- params   since timestamptz (when the counters began)
-- returns  schema text, name text, root_schema text, root text, rows float8, writes_per_s float8
WITH RECURSIVE parts AS (
    SELECT
        pg_class.oid AS root,
        pg_class.oid AS part
    FROM pg_class
    WHERE pg_class.relkind IN ('r', 'p', 'm') AND NOT pg_class.relispartition
    UNION ALL
    SELECT
        parts.root,
        pg_inherits.inhrelid
    FROM parts
    INNER JOIN pg_inherits ON parts.part = pg_inherits.inhparent
),

measured AS (
    SELECT
        parts.root,
        parts.part,
        CASE WHEN pg_class.relkind = 'p' THEN 0 ELSE greatest(pg_class.reltuples, 0) END AS rows,
        coalesce(stats.n_tup_ins + stats.n_tup_upd - stats.n_tup_hot_upd, 0)
        / greatest(extract(EPOCH FROM clock_timestamp() - cast(:since AS timestamptz)), 1) AS writes_per_s
    FROM parts
    INNER JOIN pg_class ON parts.part = pg_class.oid
    LEFT JOIN pg_stat_user_tables AS stats ON parts.part = stats.relid
)

SELECT
    cast(part_space.nspname AS text) AS schema,
    cast(part_class.relname AS text) AS name,
    cast(root_space.nspname AS text) AS root_schema,
    cast(root_class.relname AS text) AS root,
    cast(
        CASE
            WHEN measured.part = measured.root
                THEN sum(measured.rows) OVER (PARTITION BY measured.root)
            ELSE measured.rows
        END AS float8
    ) AS rows,
    cast(
        CASE
            WHEN measured.part = measured.root
                THEN sum(measured.writes_per_s) OVER (PARTITION BY measured.root)
            ELSE measured.writes_per_s
        END AS float8
    ) AS writes_per_s
FROM measured
INNER JOIN pg_class AS part_class ON measured.part = part_class.oid
INNER JOIN pg_namespace AS part_space ON part_class.relnamespace = part_space.oid
INNER JOIN pg_class AS root_class ON measured.root = root_class.oid
INNER JOIN pg_namespace AS root_space ON root_class.relnamespace = root_space.oid
WHERE root_space.nspname !~ '^pg_' AND root_space.nspname <> 'information_schema';

-- name: taken_names
-- What tables and indexes are called, but for indexes that a failed build left: those are built again by their name.
-- params   none
-- returns  name text
SELECT cast(pg_class.relname AS text) AS name
FROM pg_class
LEFT JOIN pg_index ON pg_class.oid = pg_index.indexrelid
WHERE
    pg_class.relnamespace NOT IN (
        SELECT pg_namespace.oid FROM pg_namespace WHERE pg_namespace.nspname ~ '^pg_'
    )
    AND pg_index.indisvalid IS DISTINCT FROM FALSE;
