-- What a planner twin needs to know of the real database.

-- name: roles
-- Roles to be made in the twin.
-- params   none
-- returns  name text, is_superuser bool, bypasses bool
SELECT
    rolname AS name,
    rolsuper AS is_superuser,
    rolbypassrls AS bypasses
FROM pg_roles
WHERE rolname !~ '^pg_'
ORDER BY rolname;

-- name: memberships
-- Which role is a member of which.
-- params   none
-- returns  role text, member text
SELECT
    held.rolname AS role,
    holder.rolname AS member
FROM pg_auth_members
INNER JOIN pg_roles AS held ON pg_auth_members.roleid = held.oid
INNER JOIN pg_roles AS holder ON pg_auth_members.member = holder.oid
WHERE held.rolname !~ '^pg_' AND holder.rolname !~ '^pg_';

-- name: planner_settings
-- What this server tells its planner.
-- params   none
-- returns  name text, value text
SELECT
    name,
    current_setting(name) AS value
FROM pg_settings
WHERE
    category LIKE 'Query Tuning%'
    OR name IN ('work_mem', 'hash_mem_multiplier', 'max_parallel_workers', 'TimeZone')
ORDER BY name;

-- name: locale
-- How this database compares text. Columns of pg_database that came with a version are asked for by name.
-- params   none
-- returns  provider text, collation text, ctype text, locale text
SELECT
    cast(datlocprovider AS text) AS provider,
    datcollate AS collation,
    datctype AS ctype,
    coalesce(to_jsonb(pg_database) ->> 'datlocale', to_jsonb(pg_database) ->> 'daticulocale') AS locale
FROM pg_database
WHERE datname = current_database();

-- name: true_sizes
-- How many pages each table and index has.
-- params   none
-- returns  schema text, name text, pages bigint
SELECT
    pg_namespace.nspname AS schema,
    pg_class.relname AS name,
    pg_relation_size(pg_class.oid) / cast(current_setting('block_size') AS int) AS pages
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
WHERE
    pg_class.relkind IN ('r', 'm', 'i')
    AND pg_class.relpersistence <> 't'
    AND pg_namespace.nspname !~ '^pg_'
    AND pg_namespace.nspname <> 'information_schema';

-- name: hidden_statistics
-- How many tables with rows this role may see no statistics of, though there are some.
-- params   none
-- returns  hidden bigint
SELECT count(*) AS hidden
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
WHERE
    pg_class.relkind IN ('r', 'm')
    AND pg_class.reltuples > 0
    AND pg_namespace.nspname !~ '^pg_'
    AND pg_namespace.nspname <> 'information_schema'
    AND row_security_active(pg_class.oid);

-- name: files
-- Where the twin keeps each table and index.
-- params   none
-- returns  schema text, name text, path text
SELECT
    pg_namespace.nspname AS schema,
    pg_class.relname AS name,
    pg_relation_filepath(pg_class.oid) AS path
FROM pg_class
INNER JOIN pg_namespace ON pg_class.relnamespace = pg_namespace.oid
WHERE
    pg_class.relkind IN ('r', 'm', 'i')
    AND pg_namespace.nspname !~ '^pg_'
    AND pg_namespace.nspname <> 'information_schema';

-- name: show_index
-- Let the planner see an index of the twin, and its partitions, or not.
-- params   index text, shown bool
-- returns  nothing
WITH RECURSIVE parts AS (
    SELECT cast(to_regclass(:index) AS oid) AS part
    UNION ALL
    SELECT pg_inherits.inhrelid
    FROM parts
    INNER JOIN pg_inherits ON parts.part = pg_inherits.inhparent
)

UPDATE pg_index SET indisvalid = cast(:shown AS bool)
FROM parts
WHERE pg_index.indexrelid = parts.part;
