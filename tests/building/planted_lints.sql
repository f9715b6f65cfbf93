-- Faults, planted one at a time: the guard of the same name in lints.sql has to notice each.

-- name: schemas_are_closed
GRANT USAGE ON SCHEMA public TO public;
GRANT CREATE ON SCHEMA public TO rollbook_app;
GRANT USAGE ON SCHEMA edupulse TO public;

-- name: defaults_grant_nothing
ALTER DEFAULT PRIVILEGES FOR ROLE rollbook_owner IN SCHEMA public GRANT SELECT ON TABLES TO rollbook_bi;
ALTER DEFAULT PRIVILEGES FOR ROLE rollbook_owner GRANT SELECT ON TABLES TO public;

-- name: others_only_read
GRANT INSERT ON grades TO rollbook_bi;
GRANT UPDATE ON students TO rollbook_bi;
GRANT USAGE ON SEQUENCE audit_write_ids TO rollbook_app;

-- name: secrets_are_not_shown
GRANT SELECT ON students TO rollbook_bi;
GRANT SELECT ON users TO rollbook_bi;
GRANT SELECT (secret) ON totp_secrets TO rollbook_bi;

-- name: who_types_sql_is_walled_by_name
ALTER POLICY student_rows ON grades TO public;
GRANT SELECT (email) ON users TO rollbook_bi;
CREATE POLICY more ON grades FOR SELECT TO rollbook_bi USING (
    tenant_id = nullif(current_setting('rollbook.tenant', TRUE), '')::int
);

-- name: one_policy_each
CREATE POLICY more ON grades FOR SELECT TO rollbook_bi USING (TRUE);
CREATE POLICY more ON imports FOR SELECT USING (TRUE);

-- name: roles_cannot_grow
CREATE ROLE passing BYPASSRLS;
ALTER ROLE rollbook_bi LOGIN;
ALTER ROLE rollbook_bi CREATEROLE;
GRANT rollbook_app TO rollbook_bi;

-- name: functions_know_their_tables
CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM students';
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SET work_mem = '8MB' AS 'BEGIN RETURN 1; END';

-- name: references_are_indexed
DROP INDEX ix_bi_roles_tenant_id_school_id;

-- name: indexes_differ
CREATE INDEX again ON students (tenant_id, student_number);

-- name: extensions_are_known
CREATE EXTENSION pg_trgm;

-- name: operations_name_nobody
ALTER TABLE operations.runs ADD COLUMN student_id uuid;
GRANT INSERT ON operations.runs TO rollbook_app;
