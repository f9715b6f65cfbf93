"""Through pgbouncer in transaction mode one connection serves many tenants: none sees another's rows."""

import json
import random
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, func, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from access.proof.pooler import free_port, pooled, running
from ops.real_server import run_rollbook
from rollbook.accounts.models import Role
from rollbook.accounts.service import add_user
from rollbook.app import create_app
from rollbook.core.database import close_engines, engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through, transaction
from rollbook.roster.models import Student
from rollbook.testing import factories as make
from rollbook.testing.databases import Database, TestServer
from web.clients import PASSWORD, enter

TENANTS, STUDENTS, TURNS, CLIENTS = 6, 4, 240, 8


@dataclass(frozen=True)
class District:
    tenant_id: int
    slug: str
    students: tuple[UUID, ...]


@dataclass(frozen=True)
class Place:
    direct: Database
    url: str
    districts: tuple[District, ...]

    @property
    def engine(self) -> Engine:
        return engine_for(self.url)


@pytest.fixture(scope="module")
def place(rollbook_server: TestServer) -> Iterator[Place]:
    with rollbook_server.database() as direct, pooled(direct.url) as url:
        with Session(engine_for(direct.url)) as db, db.begin():
            districts = tuple(build(db, f"t{number}") for number in range(TENANTS))
        close_engines(direct.url)
        yield Place(direct, url, districts)
        close_engines(url)


def build(db: Session, slug: str) -> District:
    tenant = ensure_tenant(db, slug, name=slug.upper())
    look_through(db, Visibility(tenant.tenant_id))
    school = make.create_school(db)
    students = [make.create_student(db, name=f"{slug}x{n} Pupil", school=school) for n in range(STUDENTS)]
    add_user(
        db,
        tenant_id=tenant.tenant_id,
        email=f"admin@{slug}.example",
        full_name="Ann",
        role=Role.DISTRICT_ADMIN,
        password=PASSWORD,
    )
    return District(tenant.tenant_id, slug, tuple(student.student_id for student in students))


def test_interleaved_tenants_each_see_their_own(place: Place) -> None:
    """Eight clients share two connections; some transactions fail or are rolled back on the way."""

    def turn(number: int) -> None:
        dice = random.Random(number)
        district = dice.choice(place.districts)
        seen = dice.choice([None, district.students[:1], district.students[1:3], ()])
        expected = set(district.students if seen is None else seen)
        with transaction(place.engine, Visibility(district.tenant_id, seen)) as db:
            assert set(db.scalars(select(Student.student_id))) == expected
            db.execute(text("SELECT pg_sleep(0.002)"))
            assert set(db.scalars(select(Student.student_id))) == expected, "also in its next statement"
            if dice.random() < 0.3:
                db.rollback()
        with Session(place.engine) as db:
            assert db.scalar(select(func.count()).select_from(Student)) == 0, "and nothing without a wall"
        if dice.random() < 0.2:
            with pytest.raises(DBAPIError), transaction(place.engine, Visibility(district.tenant_id)) as db:
                db.execute(text("SELECT 1 / 0"))

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(turn, range(TURNS)))
    with psycopg.connect(place.direct.url) as direct:
        served = direct.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"
        ).fetchone()
    assert served == (2,), "the clients did share two connections"


def test_what_is_set_for_a_connection_stays_for_the_next_client_and_for_a_transaction_not(
    place: Place,
) -> None:
    """The trap is real: that is why settings are made for a transaction only, and in one place."""
    victim = place.districts[0]
    with pooled(place.direct.url, connections=1) as url:

        def settings(statement: str) -> tuple[object, ...]:
            with psycopg.connect(url, autocommit=True, prepare_threshold=None) as client:
                row = client.execute(statement).fetchone()
            assert row is not None
            return row

        look = "SELECT coalesce(current_setting('rollbook.tenant', true), ''), count(*) FROM students"
        assert settings(look) == ("", 0)
        with Session(engine_for(url)) as db, db.begin():
            look_through(db, Visibility(victim.tenant_id))
            assert db.scalar(select(func.count()).select_from(Student)) == STUDENTS
        close_engines(url)
        assert settings(look) == ("", 0), "a transaction's settings end with it"

        settings(
            f"SELECT set_config('rollbook.tenant', '{victim.tenant_id}', false),"
            " set_config('rollbook.scope', 'tenant', false)"
        )
        assert settings(look) == (str(victim.tenant_id), STUDENTS), "a connection's settings do not"


def test_a_pooler_refuses_start_up_options_so_limits_are_set_in_each_transaction(place: Place) -> None:
    with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter"):
        psycopg.connect(place.url, options="-c statement_timeout=1s")

    shown = text(
        "SELECT current_setting('statement_timeout'), current_setting('timezone'),"
        " current_setting('idle_in_transaction_session_timeout')"
    )
    limited, unlimited = (engine_for(place.url, statement_timeout_s=seconds) for seconds in (7, 0))
    for _ in range(3):
        with Session(limited) as db:
            assert tuple(db.execute(shown).one()) == ("7s", "UTC", "5min")
        with Session(unlimited) as db:
            assert tuple(db.execute(shown).one()) == ("0", "UTC", "0")
        with Session(place.engine) as db:
            assert tuple(db.execute(shown).one()) == ("30s", "UTC", "5min")
    with psycopg.connect(place.url, autocommit=True, prepare_threshold=None) as client:
        assert client.execute("SHOW statement_timeout").fetchone() == ("0",), (
            "nothing stays with a connection"
        )


def test_a_statement_that_runs_too_long_is_ended_and_the_next_tenant_is_served(place: Place) -> None:
    district, other = place.districts[:2]
    engine = engine_for(place.url, statement_timeout_s=1)
    with (
        pytest.raises(DBAPIError, match="statement timeout"),
        transaction(engine, Visibility(district.tenant_id)) as db,
    ):
        db.execute(text("SELECT pg_sleep(20)"))
    with transaction(engine, Visibility(other.tenant_id)) as db:
        assert set(db.scalars(select(Student.student_id))) == set(other.students)


def test_temporary_tables_end_with_the_transaction_that_made_them(place: Place) -> None:
    """A table left in a connection would be the next client's; a shadow of ours would take its rows."""
    with (
        pooled(place.direct.url, connections=1) as url,
        psycopg.connect(url, autocommit=True, prepare_threshold=None) as one,
        psycopg.connect(url, autocommit=True, prepare_threshold=None) as two,
    ):
        one.execute("CREATE TEMP TABLE students (last_name text)")
        one.execute("INSERT INTO students VALUES ('left behind')")
        assert two.execute("SELECT last_name FROM students").fetchall() == [("left behind",)], "the trap"
        one.execute("DROP TABLE pg_temp.students")
        with one.transaction():
            one.execute("CREATE TEMP TABLE students (last_name text) ON COMMIT DROP")
        assert two.execute("SELECT to_regclass('pg_temp.students')").fetchone() == (None,)


def test_the_pages_and_the_api_work_for_many_tenants_at_once(place: Place) -> None:
    app = create_app(place.url)
    browsers: list[tuple[District, TestClient]] = [
        (district, enter(app, f"admin@{district.slug}.example")) for district in place.districts
    ]

    def visit(number: int) -> None:
        district, browser = browsers[number % len(browsers)]
        found = browser.get("/api/v1/students?limit=50")
        assert found.status_code == 200, found.text
        assert {UUID(row["student_id"]) for row in found.json()["data"]} == set(district.students)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(visit, range(60)))
    app.state.engine.dispose()


def test_pgbouncer_works_by_the_configuration_that_is_written_for_it(rollbook_server: TestServer) -> None:
    """By the verifier alone, with no password in a file: the walls stand, and the pages work."""
    folder, port = Path(tempfile.mkdtemp(prefix="rb-written-")), free_port()
    try:
        with rollbook_server.database() as direct:
            told = ("pooler", "write", str(folder), "--port", str(port), "--json")
            done = run_rollbook(*told, home=rollbook_server.settings.home)
            assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["holds_password"] is False
            users = (folder / "users.txt").read_text()
            assert "SCRAM-SHA-256$" in users
            password = make_url(direct.url).password
            assert password
            assert password not in users + (folder / "pgbouncer.ini").read_text() + done.stdout + done.stderr
            assert (folder / "users.txt").stat().st_mode & 0o077 == 0

            name = make_url(direct.url).database
            ini = (folder / "pgbouncer.ini").read_text()
            served = make_url(rollbook_server.status.url).database
            ini = ini.replace(f"{served} =", f"{name} =").replace(f"dbname={served}", f"dbname={name}")
            (folder / "pgbouncer.ini").write_text(ini)
            url = make_url(direct.url).set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
            with running(folder, url):
                district, other = (build_in(direct.url, slug) for slug in ("one", "other"))
                with transaction(engine_for(url), Visibility(district.tenant_id)) as db:
                    assert set(db.scalars(select(Student.student_id))) == set(district.students)
                with transaction(engine_for(url), Visibility(other.tenant_id)) as db:
                    assert set(db.scalars(select(Student.student_id))) == set(other.students)
                browser = enter(create_app(url), "admin@one.example")
                assert browser.get("/caseload").status_code == 200
                close_engines(url)
    finally:
        shutil.rmtree(folder)


def build_in(url: str, slug: str) -> District:
    with Session(engine_for(url)) as db, db.begin():
        return build(db, slug)


def test_the_commands_work_through_a_pooler(
    rollbook_server: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The owner's URL goes straight to the server: migrations hold a lock for as long as they connect."""
    with rollbook_server.database() as direct, pooled(direct.url) as url:
        environment = {"ROLLBOOK_DATABASE_URL": url, "ROLLBOOK_OWNER_URL": direct.owner_url}
        home: Path = tmp_path_factory.mktemp("commands")

        def run(*command: str) -> str:
            done = run_rollbook(*command, home=home, environment=environment)
            assert done.returncode == 0, done.stderr
            return done.stdout

        run("up", "--json")
        run("keys", "new", "--json")
        made = json.loads(run("generate", "district", "--students", "60", "--json"))
        assert made["rows"]["students"] == 60
        run("audit", "seal", "--json")
        written = home / "oneroster.zip"
        run("export", "oneroster", str(written), "--json")
        assert written.stat().st_size > 0
        run("audit", "verify", "--json")
        with psycopg.connect(direct.owner_url) as owner:
            left = owner.execute(
                "SELECT array_agg(relname) FROM pg_class WHERE relpersistence = 't'"
            ).fetchone()
        assert left == (None,), "no temporary table is left to the connection's next user"
