"""A request that loses its connection is answered all the same; one that may have written is not redone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, create_engine, event, text

from rollbook.app import create_app
from rollbook.core import retrying
from rollbook.core.database import close_engines
from rollbook.core.settings import settings
from web.cast import World
from web.clients import SignIn, post_form

OAK = text("SELECT set_config('rollbook.tenant', '1', true), set_config('rollbook.scope', 'tenant', true)")


@contextmanager
def once(engine: Engine, name: str, when: str, act: Callable[[Connection], None]) -> Iterator[list[str]]:
    """Do something the first time that ``engine`` is about to run a statement with ``when`` in it; count."""
    seen: list[str] = []

    def reached(connection: Connection, *arguments: object) -> None:
        statement = str(arguments[1]) if len(arguments) > 1 else "COMMIT"
        if when in statement:
            seen.append(statement)
            if len(seen) == 1:
                act(connection)

    event.listen(engine, name, reached)
    try:
        yield seen
    finally:
        event.remove(engine, name, reached)


def kill(connection: Connection) -> None:
    """End the connection from another one of the same role, as an administrator or a crash would."""
    pid = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]  # psycopg's
    other = create_engine(connection.engine.url)
    with other.begin() as db:
        assert db.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.dispose()


def disclosed(world: World) -> int:
    engine = create_engine(world.owner_url)
    with engine.begin() as owner:
        owner.execute(OAK)
        count: int = owner.execute(text("SELECT count(*) FROM disclosures")).scalar_one()
    engine.dispose()
    return count


@pytest.fixture
def engine(app: FastAPI) -> Engine:
    retrying.forget_outage()
    found: Engine = app.state.engine
    return found


def test_a_page_whose_connection_is_lost_is_shown_all_the_same(
    engine: Engine, sign_in: SignIn, world: World
) -> None:
    principal = sign_in("principal")
    before = disclosed(world)
    assert principal.get(f"/api/v1/students/{world.ada}").status_code == 200
    noted = disclosed(world) - before

    with once(engine, "before_cursor_execute", "rollbook_disclose", kill) as tries:
        answer = principal.get(f"/api/v1/students/{world.ada}")

    assert (answer.status_code, len(tries)) == (200, 2)
    assert str(world.ada) in answer.text
    assert disclosed(world) - before == 2 * noted, "what was shown once is noted once"


def test_a_form_whose_connection_is_lost_before_it_is_kept_is_kept_once(
    engine: Engine, sign_in: SignIn
) -> None:
    teacher = sign_in("teacher")

    with once(engine, "before_cursor_execute", "INTO user_preferences", kill) as tries:
        answer = post_form(teacher, "/account/start", start="/attendance")

    assert (answer.status_code, len(tries)) == (303, 2), answer.text


def test_what_may_have_been_written_is_not_done_again_and_that_is_said(
    engine: Engine, sign_in: SignIn
) -> None:
    teacher = sign_in("teacher")
    token = teacher.get("/caseload").text.split('name="form_token" value="')[1].split('"')[0]
    form = {"form_token": token, "start": "/caseload"}

    with once(engine, "commit", "COMMIT", kill) as commits:
        answer = teacher.post("/account/start", data=form, headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (503, "FateUnknown")
    assert answer.headers["retry-after"]
    assert len(commits) == 1


def test_where_every_connection_is_in_use_a_request_is_told_when_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("SIZE", "1"), ("OVERFLOW", "0"), ("TIMEOUT_S", "1")):
        monkeypatch.setenv(f"ROLLBOOK_POOL_{name}", value)
    settings.cache_clear()
    url = f"{world.url}?connect_timeout=8"
    app = create_app(url)
    try:
        with app.state.engine.connect(), TestClient(app, base_url="http://rollbook.test") as client:
            answer = client.get("/api/v1/students", headers={"Authorization": "Bearer rbk_12345678_nothing"})
            metrics = client.get("/metrics").text
        again = TestClient(app, base_url="http://rollbook.test").get(
            "/api/v1/students", headers={"Authorization": "Bearer rbk_12345678_nothing"}
        )
    finally:
        close_engines(url)
        settings.cache_clear()

    assert (answer.status_code, answer.json()["code"]) == (503, "PoolExhausted")
    assert answer.headers["retry-after"] == "2"
    assert again.status_code == 401, "as soon as one is free, it is served"
    assert 'rollbook_db_connections{state="in_use"} 1.0' in metrics
    assert "rollbook_db_pool_refused_total 1.0" in metrics
    assert "no connection left" in capsys.readouterr().out
