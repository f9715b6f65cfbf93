"""Incidents with a student and an action in one row become events with participants, and go back."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.orm import Session

from rollbook.core.database import engine_for
from rollbook.core.tenancy import ensure_tenant
from rollbook.ops import migrate
from rollbook.testing.databases import Database

BEFORE: Final = "20261121_0905"
WHOLE: Final = (
    "SELECT set_config('rollbook.tenant', '{}', false), set_config('rollbook.scope', 'tenant', false)"
)
# Two incidents: one was known in September, its action in October, and found milder in November; the other
# was first recorded of somebody else, and then withdrawn.
ROWS: Final = """
INSERT INTO students (tenant_id, student_id, student_number)
SELECT {tenant}, cast('00000000-0000-7000-8000-00000000000' || n AS uuid), 'S' || n
FROM generate_series(1, 2) AS n;
INSERT INTO discipline_incidents
    (tenant_id, incident_id, student_id, incident_on, incident_type, severity_level, known_at)
SELECT {tenant}, cast('10000000-0000-7000-8000-00000000000' || n AS uuid),
    cast('00000000-0000-7000-8000-00000000000' || n AS uuid), date '2025-09-01', 'fighting', 4,
    timestamptz '2025-09-01 12:00Z'
FROM generate_series(1, 2) AS n;
UPDATE discipline_incidents SET action_taken = 'suspension', known_at = '2025-10-01 12:00Z'
WHERE incident_id = '10000000-0000-7000-8000-000000000001';
UPDATE discipline_incidents SET severity_level = 3, known_at = '2025-11-01 12:00Z'
WHERE incident_id = '10000000-0000-7000-8000-000000000001';
UPDATE discipline_incidents
SET student_id = '00000000-0000-7000-8000-000000000001', known_at = '2025-09-03 12:00Z'
WHERE incident_id = '10000000-0000-7000-8000-000000000002';
DELETE FROM discipline_incidents WHERE incident_id = '10000000-0000-7000-8000-000000000002'
"""
VERSIONS: Final = """
SELECT incident_id, student_id, severity_level, action_taken, known_at, superseded_at::text, created_at
FROM discipline_incidents_history
UNION ALL
SELECT incident_id, student_id, severity_level, action_taken, known_at, 'infinity', created_at
FROM discipline_incidents
ORDER BY incident_id, known_at
"""
KNOWN: Final = """
WITH events AS (
    SELECT incident_id, severity_level, known_at, superseded_at FROM discipline_incidents_history
    UNION ALL SELECT incident_id, severity_level, known_at, 'infinity' FROM discipline_incidents
), participants AS (
    SELECT incident_id, student_id, known_at, superseded_at FROM incident_participants_history
    UNION ALL SELECT incident_id, student_id, known_at, 'infinity' FROM incident_participants
), actions AS (
    SELECT incident_id, student_id, action_type, known_at, superseded_at FROM discipline_actions_history
    UNION ALL SELECT incident_id, student_id, action_type, known_at, 'infinity' FROM discipline_actions
)
SELECT right(events.incident_id::text, 1), right(participants.student_id::text, 1),
    severity_level, action_type
FROM events JOIN participants USING (incident_id)
LEFT JOIN actions
    ON actions.incident_id = events.incident_id AND actions.student_id = participants.student_id
    AND actions.known_at <= %(at)s AND %(at)s < actions.superseded_at
WHERE events.known_at <= %(at)s AND %(at)s < events.superseded_at
    AND participants.known_at <= %(at)s AND %(at)s < participants.superseded_at
ORDER BY 1
"""


@pytest.fixture
def owner(fresh_database: Database) -> Iterator[Connection]:
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        tenant = ensure_tenant(db, "oak", name="Oak").tenant_id
    migrate.downgrade(fresh_database.owner_url, BEFORE)
    engine = create_engine(fresh_database.owner_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(WHOLE.format(tenant))
        for statement in ROWS.format(tenant=tenant).split(";\n"):
            connection.exec_driver_sql(statement)
        yield connection
    engine.dispose()


def known(connection: Connection, month: int, day: int) -> list[tuple[str, str, int, str | None]]:
    at = datetime(2025, month, day, tzinfo=UTC)
    return [tuple(row) for row in connection.exec_driver_sql(KNOWN, {"at": at})]


def test_what_was_known_on_a_day_stays_known(owner: Connection, fresh_database: Database) -> None:
    migrate.upgrade(fresh_database.owner_url)

    assert known(owner, 8, 31) == []
    assert known(owner, 9, 2) == [("1", "1", 4, None), ("2", "2", 4, None)]
    assert known(owner, 9, 4) == [("1", "1", 4, None), ("2", "1", 4, None)], "of somebody else"
    assert known(owner, 10, 2)[0] == ("1", "1", 4, "suspension")
    assert known(owner, 11, 2)[0] == ("1", "1", 3, "suspension")


def test_every_row_is_a_perpetrators_and_its_number_names_it(
    owner: Connection, fresh_database: Database
) -> None:
    migrate.upgrade(fresh_database.owner_url)

    numbers = "SELECT DISTINCT incident_number FROM discipline_incidents_history ORDER BY 1"
    assert owner.exec_driver_sql(numbers).scalars().all() == ["I-000000000001", "I-000000000002"]
    roles = "SELECT DISTINCT participant_role FROM incident_participants_history"
    assert owner.exec_driver_sql(roles).scalars().all() == ["perpetrator"]


def test_it_goes_back_to_what_it_was(owner: Connection, fresh_database: Database) -> None:
    before = owner.exec_driver_sql(VERSIONS).all()

    migrate.upgrade(fresh_database.owner_url)
    migrate.downgrade(fresh_database.owner_url, BEFORE)

    assert owner.exec_driver_sql(VERSIONS).all() == before
    assert len(before) == 5


def test_going_back_keeps_each_perpetrator_and_forgets_who_met_it(
    owner: Connection, fresh_database: Database
) -> None:
    migrate.upgrade(fresh_database.owner_url)
    owner.exec_driver_sql(
        "INSERT INTO incident_participants (tenant_id, incident_id, student_id, participant_role, known_at)"
        " SELECT tenant_id, incident_id, '00000000-0000-7000-8000-000000000002', 'perpetrator', '2025-12-01Z'"
        " FROM discipline_incidents"
    )
    owner.exec_driver_sql(
        "UPDATE incident_participants SET participant_role = 'witness', known_at = '2025-12-05Z'"
        " WHERE student_id::text LIKE '%%1'"
    )

    migrate.downgrade(fresh_database.owner_url, BEFORE)

    current = owner.exec_driver_sql(
        "SELECT right(student_id::text, 1), known_at FROM discipline_incidents"
    ).all()
    assert current == [("2", datetime(2025, 12, 1, tzinfo=UTC))]
    ended = "SELECT max(superseded_at) FROM discipline_incidents_history WHERE student_id::text LIKE '%%1'"
    assert owner.exec_driver_sql(ended).scalar_one() >= datetime(2025, 12, 5, tzinfo=UTC)
