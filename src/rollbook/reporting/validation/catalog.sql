-- Faults of the database itself. A row is a fault: see __init__.py.

-- name: constraint_not_validated
-- Constraints that the rows there have not been checked against.
-- severity error
-- do       As the owner: ALTER TABLE ... VALIDATE CONSTRAINT ...; it says which row breaks it.
-- returns  example text
SELECT concat_ws('.', conrelid::regclass, conname) AS example
FROM pg_constraint
WHERE NOT convalidated AND connamespace = 'public'::regnamespace;

-- name: index_invalid
-- Indexes that are not in use because making them failed.
-- severity error
-- do       As the owner: REINDEX INDEX CONCURRENTLY ...
-- returns  example text
SELECT pg_index.indexrelid::regclass::text AS example
FROM pg_index
INNER JOIN pg_class ON pg_index.indexrelid = pg_class.oid
WHERE NOT pg_index.indisvalid AND pg_class.relnamespace = 'public'::regnamespace;

-- name: trigger_disabled
-- Triggers that are switched off: versions are lost, or references are not checked.
-- severity error
-- do       As the owner: ALTER TABLE ... ENABLE TRIGGER ALL; then validate again.
-- returns  example text
SELECT concat_ws('.', pg_trigger.tgrelid::regclass, pg_trigger.tgname) AS example
FROM pg_trigger
INNER JOIN pg_class ON pg_trigger.tgrelid = pg_class.oid
WHERE pg_trigger.tgenabled <> 'O' AND pg_class.relnamespace = 'public'::regnamespace;

-- name: table_without_walls
-- Tables with a tenant's rows whose row-level security is off, not forced, or without a policy.
-- severity error
-- do       Stop serving. As the owner: ALTER TABLE ... ENABLE, and FORCE, ROW LEVEL SECURITY.
-- returns  example text
SELECT pg_class.oid::regclass::text AS example
FROM pg_class
INNER JOIN pg_attribute ON pg_class.oid = pg_attribute.attrelid AND pg_attribute.attname = 'tenant_id'
WHERE
    pg_class.relnamespace = 'public'::regnamespace
    AND pg_class.relkind IN ('r', 'p')
    AND (
        NOT (pg_class.relrowsecurity AND pg_class.relforcerowsecurity)
        OR NOT pg_class.relispartition
        AND NOT EXISTS (SELECT 1 FROM pg_policy WHERE pg_policy.polrelid = pg_class.oid)
    );

-- name: month_missing
-- Months in which there was school up to today, but where attendance has no place to go to.
-- severity error
-- do       As any role of Rollbook's: SELECT rollbook_ensure_months('attendance_records', first day, last day)
-- params   today date
-- returns  example text
SELECT DISTINCT to_char(date, 'YYYY-MM') AS example
FROM school_calendar_days
WHERE
    is_instructional
    AND date <= :today
    AND to_regclass('public.attendance_records_' || to_char(date, 'YYYY_MM')) IS NULL;

-- name: partition_without_index
-- Partitions that lack an index which their table has.
-- severity error
-- do       As the owner: make the index on the partition, and attach it.
-- returns  example text
WITH wanted AS (
    SELECT
        pg_index.indrelid AS parent,
        pg_index.indexrelid AS parent_index
    FROM pg_index
    INNER JOIN pg_class ON pg_index.indrelid = pg_class.oid
    WHERE pg_class.relkind = 'p' AND pg_class.relnamespace = 'public'::regnamespace
)

SELECT concat_ws('.', pg_inherits.inhrelid::regclass, wanted.parent_index::regclass) AS example
FROM wanted
INNER JOIN pg_inherits ON wanted.parent = pg_inherits.inhparent
WHERE NOT EXISTS (
        SELECT 1
        FROM pg_inherits AS attached
        INNER JOIN pg_index ON attached.inhrelid = pg_index.indexrelid
        WHERE attached.inhparent = wanted.parent_index AND pg_index.indrelid = pg_inherits.inhrelid
    );
