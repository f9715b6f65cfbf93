-- What is asked of a connection. Read as the app's role.

-- name: walled
-- Tables with a tenant's rows that this role may read, partitions left out.
-- returns  schema_name text, table_name text
SELECT
    cast(pg_namespace.nspname AS text) AS schema_name,
    cast(pg_class.relname AS text) AS table_name
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid
WHERE
    pg_class.relkind IN ('r', 'p')
    AND NOT pg_class.relispartition
    AND pg_class.relrowsecurity
    AND pg_attribute.attname = 'tenant_id'
    AND has_table_privilege(pg_class.oid, 'SELECT')
ORDER BY pg_class.relname;

-- name: room
-- How many connections the server takes from roles that are not superusers, and how many there are.
-- returns  most int, taken int
SELECT
    cast(current_setting('max_connections') AS int)
    - cast(current_setting('superuser_reserved_connections') AS int)
    - coalesce(cast(current_setting('reserved_connections', TRUE) AS int), 0) AS most,
    cast((SELECT sum(numbackends) FROM pg_stat_database) AS int) AS taken;

-- name: encryption
-- Whether the server itself sees this connection encrypted: behind a pooler, the pooler's.
-- returns  is_encrypted bool, version text, client text (its address, empty for a socket)
SELECT
    ssl AS is_encrypted,
    coalesce(version, '') AS version,
    coalesce(host(inet_client_addr()), '') AS client
FROM pg_stat_ssl
WHERE pid = pg_backend_pid();
