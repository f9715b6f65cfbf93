-- What the server says of itself before its statements are read.

-- name: statements_view
-- Where pg_stat_statements is in this database, and which columns this version of it has.
-- params   none
-- returns  schema text, columns text[]
SELECT
    quote_ident(pg_namespace.nspname) AS schema,
    array_agg(cast(pg_attribute.attname AS text)) AS columns
FROM pg_extension
INNER JOIN pg_namespace ON pg_extension.extnamespace = pg_namespace.oid
INNER JOIN pg_class
    ON pg_namespace.oid = pg_class.relnamespace AND pg_class.relname = 'pg_stat_statements'
INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid AND pg_attribute.attnum > 0
WHERE pg_extension.extname = 'pg_stat_statements'
GROUP BY pg_namespace.nspname;

-- name: moment
-- Who asks, of which database, and when it is there.
-- params   none
-- returns  database text, role text, at timestamptz
SELECT
    cast(current_database() AS text) AS database,
    cast(current_user AS text) AS role,
    clock_timestamp() AS at;
