"""What stands before every page: headers, limits, errors that leak nothing, health, figures."""

import logging

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.orm import Session

from rollbook.app import create_app
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from web import cast as the_cast
from web.clients import PASSWORD, SignIn, post_form


def test_every_answer_says_what_pages_may_do(client: TestClient) -> None:
    for path in ("/sign-in", "/health", "/none-such", "/static/rollbook.css"):
        policy = client.get(path).headers["content-security-policy"]

        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_nothing_about_a_student_is_kept_by_browsers(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("district_admin")

    for path in (f"/students/{world.ada}", "/caseload.csv", f"/api/v1/students/{world.ada}", "/students/x"):
        assert client.get(path).headers["cache-control"] == "no-store"


def test_files_are_kept_under_an_address_that_names_their_content(client: TestClient) -> None:
    page = client.get("/sign-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]

    assert "immutable" in client.get(address).headers["cache-control"]
    assert client.get("/static/rollbook.css").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/none-such", 404), ("/api/v1/none-such", 404), ("/" + "x" * 9000, 414), ("/students/%00", 400)],
)
def test_what_is_not_there_is_a_clear_page_or_problem(client: TestClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status


def test_a_body_too_large_is_not_read(client: TestClient) -> None:
    declared = client.post("/sign-in", content=b"x" * 70_000)
    streamed = client.post("/sign-in", content=iter([b"x" * 40_000, b"x" * 40_000]))

    assert (declared.status_code, streamed.status_code) == (413, 413)


def test_a_failure_of_our_own_tells_nothing(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("the pupil's name is Ada Byron")

    failing = create_app(str(app.state.engine.url.render_as_string(hide_password=False)))
    failing.add_api_route("/fail", fail)
    with TestClient(failing) as client, caplog.at_level(logging.DEBUG):
        answer = client.get("/fail", headers={"Accept": "text/html"})

    assert answer.status_code == 500
    assert "Nothing was changed" in answer.text
    assert "Ada" not in answer.text + caplog.text
    assert answer.headers["content-security-policy"]


def test_health_is_the_process_and_ready_the_database(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json() == {"status": "ready"}


@pytest.mark.parametrize("path", ["/health", "/ready", "/sign-in", "/", "/caseload", "/static/rollbook.css"])
def test_head_is_get_without_the_body(sign_in: SignIn, path: str) -> None:
    client = sign_in("district_admin")
    whole, bare = client.get(path), client.head(path)

    assert (bare.status_code, bare.content) == (whole.status_code, b"")
    assert bare.headers.get("content-type") == whole.headers.get("content-type")
    assert bare.headers["content-security-policy"]


def test_head_is_counted_as_head_under_its_route(client: TestClient) -> None:
    client.head("/ready")

    assert 'method="HEAD",route="/ready",status="200"' in client.get("/metrics").text


def test_head_is_refused_where_get_is(client: TestClient) -> None:
    assert client.head("/sign-out").status_code == client.get("/sign-out").status_code == 405


def test_without_a_database_it_lives_but_is_not_ready() -> None:
    gone = create_app("postgresql://rollbook_app:x@127.0.0.1:1/none")
    with TestClient(gone) as client:
        client.cookies.set("rollbook", "x")

        assert client.get("/health").status_code == 200
        assert client.get("/ready").status_code == 503
        page = client.get("/caseload")
        assert page.status_code == 503
        assert "The database does not answer" in page.text
        assert "127.0.0.1" not in page.text


def test_an_older_schema_is_not_ready(client: TestClient, world: the_cast.World) -> None:
    owner = create_engine(world.owner_url)
    with owner.begin() as db:
        newest = db.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        db.execute(text("UPDATE alembic_version SET version_num = '20261120_2308'"))
    try:
        answer = client.get("/ready")
    finally:
        with owner.begin() as db:
            db.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
        owner.dispose()

    assert answer.status_code == 503
    assert "rollbook db migrate" in answer.json()["detail"]


def test_the_figures_name_routes_and_no_ids(sign_in: SignIn, world: the_cast.World) -> None:
    client = sign_in("district_admin")
    client.get(f"/students/{world.ada}")
    client.get("/wp-admin/setup.php")
    figures = client.get("/metrics").text

    assert 'route="/students/{student_id}",status="200"' in figures
    assert "rollbook_db_connections" in figures
    assert str(world.ada) not in figures
    assert "wp-admin" not in figures


def test_the_log_names_routes_and_no_ids(
    sign_in: SignIn, world: the_cast.World, capsys: pytest.CaptureFixture[str]
) -> None:
    client = sign_in("district_admin")
    client.get(f"/students/{world.ada}?as_of=2025-11-11")
    client.get("/caseload?q=Abara")

    log = "".join(capsys.readouterr())
    assert "/students/{student_id}" in log
    assert str(world.ada) not in log
    assert "Abara" not in log


def test_who_came_in_who_failed_and_who_was_refused_what_is_in_the_log(
    sign_in: SignIn, app: FastAPI, world: the_cast.World, capsys: pytest.CaptureFixture[str]
) -> None:
    client = sign_in("teacher")
    fresh = TestClient(app, base_url="http://rollbook.test", follow_redirects=False)
    capsys.readouterr()
    post_form(fresh, "/sign-in", email="teacher@oak.example", password="not this one")
    post_form(fresh, "/sign-in", email="stranger@oak.example", password="not this one")
    post_form(fresh, "/sign-in", email="teacher@oak.example", password=PASSWORD)
    client.get(f"/students/{world.other_school}")
    client.get("/admin/why")
    client.post("/look", data={"look": "dark"}, headers={"origin": "http://evil.example"})

    log = "".join(capsys.readouterr())
    with Session(app.state.engine) as db:
        look_through(db, Visibility(find_tenant(db, "oak-valley").tenant_id))
        teacher = str(db.scalar(text("SELECT user_id FROM users WHERE email = 'teacher@oak.example'")))
    lines = log.splitlines()

    def said(*parts: str) -> int:
        return len([line for line in lines if all(part in line for part in parts)])

    assert said("sign-in failed", "SignInFailed", teacher, "POST /sign-in") == 1
    assert said("sign-in failed", "SignInFailed", "nobody") == 1
    assert said("signed in", teacher) == 1
    assert said("refused", "StudentNotFound", teacher, "GET /students/{student_id}") == 1
    assert said("refused", "NotAdministrator", teacher) == 1
    assert said("request refused", "403") == 1
    assert not any(
        part in log for part in ("@oak.example", "not this one", PASSWORD, str(world.other_school))
    )


def test_before_any_migration_it_is_not_ready_and_says_what_to_do(world: the_cast.World) -> None:
    empty = make_url(world.url).set(database="postgres").render_as_string(hide_password=False)
    with TestClient(create_app(empty)) as client:
        answer = client.get("/ready")

    assert (answer.status_code, answer.json()["code"]) == (503, "SchemaNotCurrent")
    assert "rollbook db migrate" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/caseload?as_of=soon&category=worst", "as_of, category"),
        ("/caseload.json?sort=random", "sort"),
        ("/students/x?as_of=soon", "as_of, student_id"),
    ],
)
def test_a_value_that_cannot_be_is_called_by_its_name_in_the_address(
    sign_in: SignIn, path: str, names: str
) -> None:
    assert f"These values cannot be: {names}." in sign_in("district_admin").get(path).text
