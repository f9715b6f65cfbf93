"""The migrated schema keeps its promises, and each guard notices when one is broken."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from building.guards import GUARDS, PLANTED, faults
from rollbook.testing.databases import Database, TestServer
from superuser import superuser_of

MONTHS = """
SELECT rollbook_ensure_months(oid::regclass, '2024-01-15', '2024-03-15')
FROM pg_class WHERE relkind = 'p' AND relnamespace = 'public'::regnamespace
"""
FAULTS = [(guard, fault) for guard, planted in PLANTED.items() for fault in planted]


@pytest.fixture(scope="module")
def superuser(rollbook_server: TestServer, database: Database) -> Iterator[Engine]:
    """Connect as the superuser: roles can be broken only by that one."""
    with superuser_of(rollbook_server, database) as engine:
        yield engine


@pytest.fixture
def schema(superuser: Engine) -> Iterator[Connection]:
    """Open the migrated schema, with months made, in a transaction that is rolled back."""
    with superuser.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("SET LOCAL ROLE rollbook_owner")
        connection.exec_driver_sql(MONTHS)
        connection.exec_driver_sql("RESET ROLE")
        yield connection
        transaction.rollback()


@pytest.mark.parametrize("guard", GUARDS)
def test_the_schema_has_no_fault(schema: Connection, guard: str) -> None:
    assert faults(schema, guard) == []


def test_the_guards_look_at_tables_partitions_and_histories(schema: Connection) -> None:
    faults(schema, "rows_are_walled")

    seen = set(schema.exec_driver_sql("SELECT name FROM our_tables").scalars())

    assert {"students", "students_history", "attendance_records", "attendance_records_2024_02"} <= seen


@pytest.mark.parametrize(("guard", "fault"), FAULTS)
def test_a_planted_fault_is_noticed(schema: Connection, guard: str, fault: str) -> None:
    schema.exec_driver_sql(fault)

    assert len(faults(schema, guard)) >= 1


def test_every_guard_has_faults_to_notice() -> None:
    assert set(PLANTED) == set(GUARDS)
