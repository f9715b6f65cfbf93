"""`rollbook bi-role add`, `list` and `remove`, on a server of our own and on somebody else's."""

import json
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy.orm import Session

from ops.real_server import run_rollbook, settings_of
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.ops import logins
from rollbook.ops.embedded import connect_as_superuser
from rollbook.testing import factories as make
from rollbook.testing.databases import Database, TestServer

ELSEWHERE = "bi_elsewhere"


@pytest.fixture(scope="module")
def own(rollbook_server: TestServer) -> TestServer:
    """A server of our own, with a small district in its database."""
    done = own_rollbook(rollbook_server, "generate", "district", "--students", "60", "--phases", "1,2")
    assert done.returncode == 0, done.stderr
    return rollbook_server


def own_rollbook(server: TestServer, *command: str) -> "subprocess.CompletedProcess[str]":
    return run_rollbook(*command, home=server.settings.home)


def students(url: str) -> int:
    with psycopg.connect(url) as db:
        found = db.execute("SELECT count(*) FROM students").fetchone()
    assert found is not None
    return int(found[0])


def test_a_role_is_added_reads_and_is_removed(own: TestServer) -> None:
    added = own_rollbook(own, "bi-role", "add", "grafana", "--json")
    assert added.returncode == 0, added.stderr
    url = json.loads(added.stdout)["url"]

    assert students(url) == 60
    listed = json.loads(own_rollbook(own, "bi-role", "list", "--json").stdout)
    assert [(role["role"], role["school"]) for role in listed] == [("grafana", None)]
    assert "grafana" in own_rollbook(own, "bi-role", "list").stdout

    assert own_rollbook(own, "bi-role", "remove", "grafana").returncode == 0
    with pytest.raises(psycopg.OperationalError):
        students(url)
    again = own_rollbook(own, "bi-role", "remove", "grafana")
    assert (again.returncode, "no BI role 'grafana'" in again.stderr) == (1, True)


def test_a_role_of_a_school_sees_fewer(own: TestServer) -> None:
    with connect_as_superuser(settings_of(own.settings.home), "rollbook") as db:
        (code,) = db.execute("SELECT min(school_code) FROM schools").fetchone() or ("",)
    added = own_rollbook(own, "bi-role", "add", "bi_school", "--school", str(code), "--json")
    assert added.returncode == 0, added.stderr

    assert 0 < students(json.loads(added.stdout)["url"]) < 60
    assert own_rollbook(own, "bi-role", "remove", "bi_school").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("bi_school", "--school", "NOWHERE"), "no school with the code 'NOWHERE'"),
        (("rollbook_owner",), "lower-case letters"),
        (("postgres",), "already has a role 'postgres'"),
        (("Robert'; DROP TABLE students",), "lower-case letters"),
        (("nobody_there", "--existing"), "cannot be a BI role"),
        (("postgres", "--existing"), "cannot be a BI role"),
    ],
)
def test_what_cannot_be_one_is_refused_and_leaves_nothing(
    own: TestServer, arguments: tuple[str, ...], sentence: str
) -> None:
    refused = own_rollbook(own, "bi-role", "add", *arguments)

    assert (refused.returncode, sentence in refused.stderr) == (1, True), refused.stderr
    assert json.loads(own_rollbook(own, "bi-role", "list", "--json").stdout) == []


@pytest.fixture
def theirs(rollbook_server: TestServer, fresh_database: Database) -> Iterator[Database]:
    """A server whose roles somebody else makes; they made one."""
    with Session(engine_for(fresh_database.url)) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
        look_through(db, Visibility(tenant_id))
        make.create_student(db)
    logins.make_login(rollbook_server.settings, ELSEWHERE, "secret")
    yield fresh_database
    logins.drop_login(rollbook_server.settings, ELSEWHERE)


def test_where_others_make_the_roles_an_existing_one_is_let_in(
    rollbook_server: TestServer, theirs: Database
) -> None:
    environment = {"ROLLBOOK_DATABASE_URL": theirs.url, "ROLLBOOK_OWNER_URL": theirs.owner_url}

    def run(*command: str) -> "subprocess.CompletedProcess[str]":
        return run_rollbook("bi-role", *command, home=rollbook_server.settings.home, environment=environment)

    refused = run("add", ELSEWHERE)
    assert (refused.returncode, f"GRANT rollbook_bi TO {ELSEWHERE}" in refused.stderr) == (1, True)

    added = run("add", ELSEWHERE, "--existing")
    assert added.returncode == 0, added.stderr
    assert "logged nowhere" in added.stderr
    url = theirs.url.replace("rollbook_app:", f"{ELSEWHERE}:").split("@")
    assert students(f"postgresql://{ELSEWHERE}:secret@{url[-1]}") == 1

    removed = run("remove", ELSEWHERE)
    assert removed.returncode == 0, removed.stderr
    assert "for the server's administrator to drop" in removed.stderr
    assert students(f"postgresql://{ELSEWHERE}:secret@{url[-1]}") == 0
