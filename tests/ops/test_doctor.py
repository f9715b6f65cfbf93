"""What is wrong with a database's roles and walls is seen; what is right is not complained of."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from rollbook.core.checks import State
from rollbook.ops.doctor import listed, look_over
from rollbook.testing.databases import Database, TestServer
from superuser import superuser_of


@pytest.fixture
def broken(rollbook_server: TestServer, database: Database) -> Iterator[Session]:
    """Lend a session that may plant any fault; all of it is rolled back."""
    with superuser_of(rollbook_server, database) as engine, Session(engine) as db:
        yield db
        db.rollback()


def states(db: Session, *, is_ours: bool = True) -> dict[str, State]:
    return {checked.name: checked.state for checked in look_over(db, is_ours=is_ours)}


def test_a_database_of_ours_is_fine(broken: Session) -> None:
    assert states(broken) == {"role": State.FINE, "walls": State.FINE, "raw-sql": State.FINE}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("ALTER ROLE rollbook_app SUPERUSER", "is a superuser"),
        ("ALTER ROLE rollbook_app BYPASSRLS", "passes row-level security"),
        ("ALTER ROLE rollbook_app CREATEROLE", "makes roles"),
        ("ALTER ROLE rollbook_app REPLICATION", "replicates"),
        ("GRANT rollbook_owner TO rollbook_app", "may become the owner"),
        ("ALTER TABLE schools OWNER TO rollbook_app", "owns tables"),
    ],
)
def test_what_the_application_may_too_much_is_said(broken: Session, fault: str, said: str) -> None:
    broken.execute(text(fault))

    (role,) = (checked for checked in look_over(broken, is_ours=True) if checked.name == "role")

    assert role.state is State.WRONG
    assert said in role.sentence
    assert role.mend


@pytest.mark.parametrize(
    "fault",
    [
        "ALTER TABLE students NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE students_history DISABLE ROW LEVEL SECURITY",
        "CREATE TABLE notes (tenant_id int)",
    ],
)
def test_an_open_table_is_named(broken: Session, fault: str) -> None:
    broken.execute(text(fault))

    (walls,) = (checked for checked in look_over(broken, is_ours=True) if checked.name == "walls")

    assert walls.state is State.WRONG
    assert fault.split()[2] in walls.sentence


def test_a_role_whose_reading_is_written_down_nowhere_is_named(broken: Session) -> None:
    broken.execute(text("CREATE ROLE analyst LOGIN"))
    assert states(broken)["raw-sql"] is State.FINE, "who reads nothing is of no interest"
    broken.execute(text("GRANT SELECT ON grades TO analyst"))

    (raw,) = (checked for checked in look_over(broken, is_ours=True) if checked.name == "raw-sql")

    assert raw.state is State.WRONG
    assert "analyst" in raw.sentence
    broken.execute(text("ALTER ROLE analyst SET log_statement = 'ddl'"))
    assert states(broken)["raw-sql"] is State.WRONG, "that logs no SELECT"
    broken.execute(text("ALTER ROLE analyst SET log_statement = 'all'"))
    assert states(broken)["raw-sql"] is State.FINE


def test_reading_by_way_of_a_group_counts(broken: Session) -> None:
    for statement in (
        "CREATE ROLE readers NOLOGIN",
        "GRANT SELECT ON grades TO readers",
        "CREATE ROLE analyst LOGIN IN ROLE readers",
    ):
        broken.execute(text(statement))

    assert states(broken)["raw-sql"] is State.WRONG


def test_a_server_of_somebody_else_has_superusers(broken: Session) -> None:
    assert states(broken, is_ours=False)["superusers"] is State.WARNING
    broken.execute(text("ALTER ROLE postgres SET log_statement = 'all'"))
    assert "superusers" not in states(broken, is_ours=False)


def test_many_names_are_counted() -> None:
    assert listed("abcdefg") == "a, b, c, d, e and 2 more"
