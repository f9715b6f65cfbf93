"""`rollbook validate`: a generated district is clean, each planted fault is found, names are never shown."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from commands import rollbook
from demo.districts import fill
from reporting.planted import PLANTED
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Tenant, Visibility, ensure_tenant, look_through
from rollbook.demo.phases import ALL
from rollbook.reporting.validation.audit import Audit, all_checks, audit
from rollbook.testing.databases import Database, TestServer
from superuser import superuser_of

STUDENTS = 60


@pytest.fixture(scope="module")
def filled(rollbook_server: TestServer) -> Iterator[Database]:
    """Lend a database with a small district in it."""
    with rollbook_server.database() as lent:
        with Session(engine_for(lent.url)) as db, db.begin():
            tenant = ensure_tenant(db, "district", name="District")
            look_through(db, Visibility(tenant.tenant_id))
            fill(db, tenant, STUDENTS)
        yield lent


@pytest.fixture(scope="module")
def superuser(rollbook_server: TestServer, filled: Database) -> Iterator[Engine]:
    """Connect as the superuser, without the database's own checks of references."""
    with superuser_of(rollbook_server, filled, "SET session_replication_role = replica") as engine:
        yield engine


@pytest.fixture
def careless(superuser: Engine) -> Iterator[Session]:
    """Open a transaction that may break anything, and is rolled back."""
    with superuser.connect() as connection, connection.begin() as outer:
        connection.exec_driver_sql("SET LOCAL allow_system_table_mods = on")
        with Session(connection, join_transaction_mode="create_savepoint") as db:
            look_through(db, Visibility(db.scalars(select(Tenant.tenant_id)).one()))
            yield db
        outer.rollback()


def audited(db: Session) -> Audit:
    return audit(db, db.scalars(select(Tenant)).one())


def found_in(done: Audit) -> dict[str, int]:
    return {found.check: found.count for found in done.findings}


def test_a_generated_district_has_no_fault(careless: Session) -> None:
    done = audited(careless)

    assert found_in(done) == {}
    assert sum(grade.students for grade in done.distribution) == STUDENTS + 1, "one is at two schools"
    assert not [grade for grade in done.distribution if grade.flag]


@pytest.mark.slow
@settings(max_examples=6, suppress_health_check=list(HealthCheck))
@given(
    students=st.integers(1, 40),
    seed=st.integers(0, 2**32),
    years=st.integers(1, 2),
    left_out=st.frozensets(st.sampled_from(sorted(ALL - {1})), max_size=3),
)
def test_no_generated_district_has_a_fault(  # noqa: PLR0913, PLR0917 - what a district is made from
    db: Session, tenant: Tenant, students: int, seed: int, years: int, left_out: frozenset[int]
) -> None:
    with db.begin_nested() as scratch:
        fill(db, tenant, students, seed=seed, years=years, phases=ALL - left_out)
        done = audit(db, tenant)
        scratch.rollback()

    assert found_in(done) == {}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_fault_is_found(careless: Session, check: str) -> None:
    for statement in PLANTED[check]:
        careless.connection().exec_driver_sql(statement)

    found = {finding.check: finding for finding in audited(careless).findings}

    assert check in found
    assert found[check].count >= 1
    assert found[check].examples, "it is shown by its key"


def test_every_check_of_fixed_shape_has_a_planted_fault() -> None:
    names = [check.name for check in all_checks()]
    kinds = {name.partition(":")[0] for name in names}

    assert len(set(names)) == len(names)
    assert set(PLANTED) <= set(names)
    assert {name.partition(":")[0] for name in PLANTED} == kinds


def test_every_reference_and_every_history_is_looked_at(careless: Session) -> None:
    names = {check.name for check in all_checks()}
    tables = careless.scalars(
        text(
            "SELECT relname FROM pg_class WHERE relname LIKE '%\\_history' AND relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
        )
    ).all()

    assert {f"versions_overlap:{table.removesuffix('_history')}" for table in tables} <= names


def test_a_section_of_hundreds_is_marked_in_the_distribution(careless: Session) -> None:
    for statement in PLANTED["section_too_large"]:
        careless.connection().exec_driver_sql(statement)

    flagged = [grade for grade in audited(careless).distribution if grade.flag]

    assert flagged
    assert {grade.flag for grade in flagged} == {"a section is too large"}


def test_who_is_twice_is_counted_not_named(careless: Session) -> None:
    for statement in PLANTED["one_person_twice"]:
        careless.connection().exec_driver_sql(statement)

    (found,) = [finding for finding in audited(careless).findings if finding.check == "one_person_twice"]

    assert found.count == 2
    assert "Byron" not in repr(found)


def run(database: Database, *options: str) -> "subprocess.CompletedProcess[str]":
    return rollbook(database, "validate", *options, COLUMNS="200")


def test_the_command_says_that_all_is_well(filled: Database) -> None:
    done = run(filled)

    assert done.returncode == 0, done.stderr
    assert "nothing wrong found" in done.stdout
    assert "NHH" in done.stdout


def test_the_command_ends_with_3_where_something_is_wrong(fresh_database: Database, tmp_path: Path) -> None:
    engine = engine_for(fresh_database.url)
    with Session(engine) as db, db.begin():
        tenant = ensure_tenant(db, "district", name="District")
        tenant_id = tenant.tenant_id
        look_through(db, Visibility(tenant_id))
        fill(db, tenant, 20)
        db.execute(text("UPDATE students SET birth_date = birth_date - 4000"))
    page = tmp_path / "audit.html"

    done = run(fresh_database, "--json", "--examples", "2", "--html", str(page))

    assert done.returncode == 3, done.stderr
    printed = json.loads(done.stdout)
    (found,) = printed["findings"]
    assert (found["check"], found["severity"], found["count"]) == ("age_against_grade", "warning", 20)
    assert len(found["examples"]) == 2
    assert "1 thing is wrong." in page.read_text(encoding="utf-8")
    assert found["examples"][0] in page.read_text(encoding="utf-8")
    with Session(engine) as db, db.begin():
        look_through(db, Visibility(tenant_id))
        noted = db.scalars(text("SELECT student_id::text FROM disclosures WHERE what = 'rollbook validate'"))
        assert sorted(noted) == sorted(found["examples"]), "whose ids were shown was written down"
    assert run(fresh_database).returncode == 3
