-- What the guards look at: ours, in any schema, not what extensions bring; and neither Alembic's own table nor the
-- schema operations, which hold no tenant's rows: the guard operations_name_nobody sees to that.
CREATE TEMPORARY VIEW our_relations AS
SELECT
    pg_class.oid,
    pg_class.relname AS name,
    pg_class.relkind AS kind,
    pg_class.relispartition AS is_partition
FROM pg_class
WHERE relnamespace NOT IN (
        SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_|^information_schema$|^operations$'
    )
    AND relkind IN ('r', 'p', 'v', 'm')
    AND relname <> 'alembic_version'
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e');

CREATE TEMPORARY VIEW our_tables AS
SELECT
    oid,
    name,
    is_partition
FROM our_relations
WHERE kind IN ('r', 'p');

CREATE TEMPORARY VIEW our_functions AS
SELECT
    oid,
    proname,
    prosecdef AS is_definer,
    prorettype = 'trigger'::regtype AS is_trigger,
    proconfig,
    proacl,
    proowner
FROM pg_proc
WHERE pronamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_|^information_schema$')
    AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e');
