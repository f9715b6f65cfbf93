"""The migrated schema keeps its promises, and each guard notices when a promise is broken."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection, create_engine

from building.guards import GUARDS, faults
from rollbook.ops.embedded import connect_as_superuser
from rollbook.testing.databases import Database, TestServer

MONTHS = """
SELECT rollbook_ensure_months(oid::regclass, '2024-01-15', '2024-03-15')
FROM pg_class WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace
"""
PLANTED = {
    "rows_are_walled": [
        "CREATE TABLE notes (tenant_id int PRIMARY KEY)",
        "ALTER TABLE students NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE students_history DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE attendance_records_2024_02 NO FORCE ROW LEVEL SECURITY",
    ],
    "policies_name_the_tenant": [
        "CREATE TABLE notes (tenant_id int PRIMARY KEY)",
        "CREATE POLICY all_rows ON students USING (true)",
        "CREATE POLICY all_rows ON students TO rollbook_app USING (tenant_id > 0)",
    ],
    "student_rows_are_walled": [
        "CREATE TABLE notes (tenant_id int, student_id uuid)",
        "ALTER POLICY student_rows ON grades"
        " USING (tenant_id = nullif(current_setting('rollbook.tenant', true), '')::int)",
        "ALTER POLICY student_rows ON predictions"
        " WITH CHECK (tenant_id = nullif(current_setting('rollbook.tenant', true), '')::int)",
    ],
    "partitions_are_not_granted": [
        "GRANT SELECT ON attendance_records_2024_01 TO rollbook_app",
        "GRANT SELECT ON attendance_records_2024_01 TO PUBLIC",
    ],
    "nothing_is_public": [
        "GRANT SELECT ON schools TO PUBLIC",
        "GRANT TRUNCATE ON schools TO rollbook_app",
    ],
    "tenant_leads_keys": [
        "CREATE TABLE notes (note_id int PRIMARY KEY, tenant_id int)",
        "CREATE TABLE notes (tenant_id int)",
        "ALTER TABLE schools ADD UNIQUE (school_code)",
        "CREATE UNIQUE INDEX ON staff (staff_number) WHERE school_id IS NULL",
        "CREATE UNIQUE INDEX ON staff (lower(staff_number), tenant_id)",
    ],
    "tenant_leads_references": [
        "ALTER TABLE staff ADD CONSTRAINT wrong FOREIGN KEY (school_id, tenant_id)"
        " REFERENCES schools (school_id, tenant_id)",
    ],
    "no_cascading_deletes": [
        "ALTER TABLE staff ADD CONSTRAINT wrong FOREIGN KEY (tenant_id, school_id)"
        " REFERENCES schools (tenant_id, school_id) ON DELETE CASCADE",
        "ALTER TABLE staff ADD CONSTRAINT wrong FOREIGN KEY (tenant_id, school_id)"
        " REFERENCES schools (tenant_id, school_id) ON DELETE SET NULL (school_id)",
    ],
    "partitions_have_bounds": [
        "CREATE TABLE attendance_records_rest PARTITION OF attendance_records DEFAULT",
    ],
    "history_is_kept": [
        "DROP TRIGGER keep_updated ON students",
        "ALTER TABLE students DISABLE TRIGGER keep_deleted",
        "ALTER TABLE students ADD COLUMN shoe_size int",
        "ALTER TABLE students_history ALTER COLUMN birth_date TYPE timestamp",
        "ALTER TABLE students DROP COLUMN known_at",
        "CREATE TABLE notes_history (tenant_id int PRIMARY KEY)",
    ],
    "views_are_seen_through": [
        "CREATE VIEW names AS SELECT tenant_id, last_name FROM students",
        "CREATE VIEW names WITH (security_invoker = false) AS SELECT tenant_id FROM students",
        "CREATE MATERIALIZED VIEW names AS SELECT tenant_id, last_name FROM students",
    ],
    "definers_pin_their_path": [
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NULL; END'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'SELECT 1'",
    ],
}
SUPERUSERS_FAULTS = [
    "ALTER ROLE rollbook_app BYPASSRLS",
    "ALTER ROLE rollbook_owner SUPERUSER",
    "ALTER ROLE rollbook_app CREATEROLE",
    "GRANT rollbook_owner TO rollbook_app",
    "ALTER TABLE students OWNER TO rollbook_app",
    "ALTER FUNCTION rollbook_columns OWNER TO rollbook_app",
]


@pytest.fixture
def owner(database: Database) -> Iterator[Connection]:
    """Connect as the owner, with months made, in a transaction that is rolled back."""
    engine = create_engine(database.owner_url)
    with engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql(MONTHS)
        yield connection
        transaction.rollback()
    engine.dispose()


@pytest.mark.parametrize("guard", GUARDS)
def test_the_schema_has_no_fault(owner: Connection, guard: str) -> None:
    assert faults(owner, guard) == []


def test_the_guards_look_at_tables_partitions_and_histories(owner: Connection) -> None:
    faults(owner, "rows_are_walled")

    seen = set(owner.exec_driver_sql("SELECT name FROM our_tables").scalars())

    assert {"students", "students_history", "attendance_records", "attendance_records_2024_02"} <= seen


@pytest.mark.parametrize(
    ("guard", "fault"), [(guard, fault) for guard, planted in PLANTED.items() for fault in planted]
)
def test_a_planted_fault_is_noticed(owner: Connection, guard: str, fault: str) -> None:
    owner.exec_driver_sql(fault)

    assert len(faults(owner, guard)) >= 1


def test_every_guard_has_been_seen_to_bite() -> None:
    assert {*PLANTED, "roles_are_plain"} == set(GUARDS)


@pytest.mark.parametrize("fault", SUPERUSERS_FAULTS)
def test_a_role_with_too_much_power_is_noticed(
    rollbook_server: TestServer, fresh_database: Database, fault: str
) -> None:
    name = fresh_database.owner_url.rsplit("/", 1)[1]
    with connect_as_superuser(rollbook_server.settings, name) as superuser, superuser.transaction() as undo:
        superuser.execute(fault.encode())
        found = superuser.execute(GUARDS["roles_are_plain"].encode()).fetchall()
        raise psycopg.Rollback(undo)
    assert len(found) >= 1
