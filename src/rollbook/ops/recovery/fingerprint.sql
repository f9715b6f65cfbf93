-- What tables hold, to be compared where the same moment was restored.

-- name: tables
-- The tables of a database that hold rows of their own, by schema and name.
-- params   none
-- returns  schema_name text, table_name text
SELECT
    namespaces.nspname AS schema_name,
    tables.relname AS table_name
FROM pg_class AS tables
INNER JOIN pg_namespace AS namespaces ON tables.relnamespace = namespaces.oid
WHERE
    tables.relkind = 'r'
    AND tables.relpersistence = 'p'
    AND namespaces.nspname NOT IN ('pg_catalog', 'information_schema')
    AND namespaces.nspname NOT LIKE 'pg\_toast%'
ORDER BY namespaces.nspname, tables.relname;
