-- Faults, planted one at a time: the guard of the same name in guards.sql has to notice each.

-- name: rows_are_walled
CREATE TABLE notes (tenant_id int PRIMARY KEY);
ALTER TABLE students NO FORCE ROW LEVEL SECURITY;
ALTER TABLE students_history DISABLE ROW LEVEL SECURITY;
ALTER TABLE attendance_records_2024_02 NO FORCE ROW LEVEL SECURITY;

-- name: policies_name_the_tenant
CREATE TABLE notes (tenant_id int PRIMARY KEY);
CREATE POLICY all_rows ON students USING (TRUE);
CREATE POLICY all_rows ON students TO rollbook_app USING (tenant_id > 0);

-- name: student_rows_are_walled
CREATE TABLE notes (tenant_id int, student_id uuid);
ALTER POLICY student_rows ON grades USING (
    tenant_id = nullif(current_setting('rollbook.tenant', TRUE), '')::int
);
ALTER POLICY student_rows ON predictions WITH CHECK (
    tenant_id = nullif(current_setting('rollbook.tenant', TRUE), '')::int
);

-- name: scope_is_read_once
CREATE POLICY seen_rows ON schools USING (current_setting('rollbook.scope', TRUE) = 'tenant');
CREATE POLICY kept_rows ON schools WITH CHECK (
    (SELECT current_setting('rollbook.scope', TRUE)) = 'tenant'
    OR current_setting('rollbook.scope', TRUE) = 'students'
);

-- name: partitions_are_not_granted
GRANT SELECT ON attendance_records_2024_01 TO rollbook_app;
GRANT SELECT ON attendance_records_2024_01 TO public;

-- name: nothing_is_public
GRANT SELECT ON schools TO public;
GRANT TRUNCATE ON schools TO rollbook_app;

-- name: tenant_leads_keys
CREATE TABLE notes (note_id int PRIMARY KEY, tenant_id int);
CREATE TABLE notes (tenant_id int);
ALTER TABLE schools ADD UNIQUE (school_code);
CREATE UNIQUE INDEX ON staff (staff_number) WHERE school_id IS NULL;
CREATE UNIQUE INDEX ON staff (lower(staff_number), tenant_id);

-- name: tenant_leads_references
ALTER TABLE staff ADD CONSTRAINT wrong FOREIGN KEY (school_id, tenant_id) REFERENCES schools (
    school_id, tenant_id
);

-- name: no_cascading_deletes
ALTER TABLE staff ADD CONSTRAINT wrong FOREIGN KEY (tenant_id, school_id) REFERENCES schools (
    tenant_id, school_id
) ON DELETE CASCADE;
ALTER TABLE staff ADD CONSTRAINT wrong FOREIGN KEY (tenant_id, school_id) REFERENCES schools (
    tenant_id, school_id
) ON DELETE SET NULL (school_id);

-- name: partitions_have_bounds
CREATE TABLE attendance_records_rest PARTITION OF attendance_records DEFAULT;

-- name: history_is_kept
DROP TRIGGER keep_updated ON students;
ALTER TABLE students DISABLE TRIGGER keep_deleted;
ALTER TABLE students ADD COLUMN shoe_size int;
ALTER TABLE students_history ALTER COLUMN birth_date TYPE timestamp;
ALTER TABLE students DROP COLUMN known_at CASCADE;
CREATE TABLE notes_history (tenant_id int PRIMARY KEY);

-- name: views_are_seen_through
CREATE VIEW names AS SELECT
    tenant_id,
    last_name
FROM students;
CREATE VIEW names WITH (security_invoker = FALSE) AS SELECT tenant_id FROM students;
CREATE MATERIALIZED VIEW names AS SELECT
    tenant_id,
    last_name
FROM students;
CREATE VIEW edupulse.names AS SELECT last_name FROM students;

-- name: definers_pin_their_path
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'SELECT 1';
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';

-- name: compat_stays_in_its_schemas
CREATE TABLE edupulse.notes (tenant_id int PRIMARY KEY);
CREATE FUNCTION edupulse.f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'SELECT 1';

-- name: roles_are_plain
ALTER ROLE rollbook_app BYPASSRLS;
ALTER ROLE rollbook_owner SUPERUSER;
ALTER ROLE rollbook_app CREATEROLE;
GRANT rollbook_owner TO rollbook_app;
ALTER TABLE students OWNER TO rollbook_app;
ALTER FUNCTION rollbook_columns OWNER TO rollbook_app;

-- name: writes_are_audited
CREATE TABLE notes (tenant_id int PRIMARY KEY);
DROP TRIGGER audit_updated ON students;
ALTER TABLE grades DISABLE TRIGGER audit_inserted;
CREATE OR REPLACE TRIGGER audit_inserted AFTER INSERT ON staff REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION rollbook_audit('tenant_id');
DROP TRIGGER audit_deleted ON users;

-- name: secrets_stay_out_of_the_audit
ALTER TABLE users ADD COLUMN private_pin text;
ALTER TABLE users ADD COLUMN recovery_codes text;
