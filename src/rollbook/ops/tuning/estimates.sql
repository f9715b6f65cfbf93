-- Of which columns the planner could keep more.

-- name: full_columns
-- Columns with more common values than are kept, and how many are kept: -1 stands for the server's default.
-- params   none
-- returns  schema text, table_name text, name text, target int
SELECT
    cast(pg_namespace.nspname AS text) AS schema,
    cast(pg_class.relname AS text) AS table_name,
    cast(pg_attribute.attname AS text) AS name,
    coalesce(cast(pg_attribute.attstattarget AS int), -1) AS target
FROM pg_stats
INNER JOIN pg_namespace ON pg_stats.schemaname = pg_namespace.nspname
INNER JOIN pg_class ON pg_namespace.oid = pg_class.relnamespace AND pg_stats.tablename = pg_class.relname
INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid AND pg_stats.attname = pg_attribute.attname
WHERE
    pg_namespace.nspname !~ '^pg_'
    AND pg_namespace.nspname <> 'information_schema'
    AND coalesce(nullif(cast(pg_attribute.attstattarget AS int), -1), 100) < 1000
    AND (
        cardinality(pg_stats.most_common_freqs)
        >= coalesce(
            nullif(cast(pg_attribute.attstattarget AS int), -1),
            cast(current_setting('default_statistics_target') AS int)
        )
        -- few values stand out from very many: what is kept of those is how many they are
        OR pg_stats.n_distinct > 2 * cardinality(pg_stats.most_common_freqs)
    );
