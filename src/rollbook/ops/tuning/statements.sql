-- What the server says of itself before its statements are read.

-- name: statements_view
-- Where pg_stat_statements is in this database, and which columns this version of it has.
-- params   none
-- returns  schema text, columns text[]
SELECT
    cast(pg_namespace.nspname AS text) AS schema,
    array_agg(cast(pg_attribute.attname AS text)) AS columns
FROM pg_extension
INNER JOIN pg_namespace ON pg_extension.extnamespace = pg_namespace.oid
INNER JOIN pg_class
    ON pg_namespace.oid = pg_class.relnamespace AND pg_class.relname = 'pg_stat_statements'
INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid AND pg_attribute.attnum > 0
WHERE pg_extension.extname = 'pg_stat_statements'
GROUP BY pg_namespace.nspname;

-- name: moment
-- Who asks, of which database, and when it is there. A name alone does not tell a database from one of that name on
-- another server, or from one that was dropped and made again.
-- params   none
-- returns  database text, role text, at timestamptz
SELECT
    concat_ws(
        '/',
        current_database(),
        (SELECT pg_database.oid FROM pg_database WHERE pg_database.datname = current_database()),
        (SELECT control.system_identifier FROM pg_control_system() AS control)
    ) AS database,
    cast(current_user AS text) AS role,
    clock_timestamp() AS at;
