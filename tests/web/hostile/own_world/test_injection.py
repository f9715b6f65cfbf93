"""SQL in every place where a text is taken: the statements stay as they are, and nothing is found by it.

Judged by the statements that reach PostgreSQL, not by time: none has a word of the text, and there are no
others than a harmless text brings about.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event

from rollbook.core.paging import write_cursor
from rollbook.ui.forms import form_token
from web.clients import SignIn, post_form
from web.hostile.routes import Way, ways

HARMLESS = "zzxqj"
SLEEP = "pg_sleep"
PAYLOADS = {
    "a quote": "zzxqj'",
    "two quotes": "zzxqj''",
    "a double quote": 'zzxqj"',
    "a backslash and a quote": "zzxqj\\'",
    "always true": "zzxqj' OR '1'='1",
    "always true, as a number": "0 OR 1=1",
    "a comment": "zzxqj'--",
    "a comment that is open": "zzxqj'/*",
    "a comment for words": "zzxqj'/**/OR/**/1=1--",
    "a second statement": "zzxqj'; DELETE FROM students; --",
    "a second statement that copies": "zzxqj'); COPY users TO PROGRAM 'id'; --",
    "another query's rows": "zzxqj' UNION ALL SELECT password_hash FROM users --",
    "sleep": "zzxqj' AND (SELECT pg_sleep(5)) IS NULL --",
    "sleep, in its own statement": "zzxqj'; SELECT pg_sleep(5) --",
    "an error that tells": "zzxqj' AND 1=cast((SELECT version()) AS int) --",
    "an order": "(CASE WHEN (SELECT count(*) FROM users) > 0 THEN last_name ELSE student_number END)",
    "another order": "name; SELECT pg_sleep(5)",
    "a limit": "1; DROP TABLE students",
    "dollars": "$$zzxqj$$ || $tag$zzxqj$tag$",
    "a parameter": ":tenant_id %(tenant_id)s %s $1 {tenant_id}",
    "any text, by LIKE": "%",
    "any letter, by LIKE": "zzxq_",
    "any text, by a pattern": "zzxqj.*|.*",
    "a setting": "zzxqj'; SELECT set_config('rollbook.tenant', '2', true) --",
    "a role": "zzxqj'; SET ROLE rollbook_owner --",
    "an escape of Unicode": "U&'zzxqj!0027' UESCAPE '!'",
    "a quote that looks alike": "zzxqj\u2019 OR \uff071\uff07=\uff071",
    "JSON": '{"$ne": null}',
    "an array": "{zzxqj,NULL}",
}
FEW = {"always true", "any text, by LIKE"}
"""Of these, those that every run tries; `make test-slow` tries them all."""
READS = [way for way in ways() if not way.writes and way.query]
WRITES = [way for way in ways() if way.is_api and way.writes]
PLACES_OF_CURSORS = ("after", "cursor")


@contextmanager
def listening(app: FastAPI) -> Iterator[list[str]]:
    """Collect the statements that are sent."""
    heard: list[str] = []

    def hear(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:  # noqa: ANN401 -- SQLAlchemy's
        heard.append(statement)

    event.listen(app.state.engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(app.state.engine, "before_cursor_execute", hear)


def asked(
    app: FastAPI, client: TestClient, way: Way, facts: dict[str, str], **query: str
) -> tuple[httpx2.Response, list[str]]:
    with listening(app) as heard:
        answer = client.request(way.method, way.address(facts), params=way.needed(facts) | query)
    return answer, heard


def _of_the_request(statements: list[str]) -> list[str]:
    """Leave out that the session was used: that is written once a minute, whatever is asked then."""
    return [one for one in statements if not one.startswith("UPDATE user_sessions SET network=")]


def is_heard(told: str, statements: list[str]) -> bool:
    """Say whether a statement has the text in it; a text of one sign stands in many of ours."""
    return any((len(told) > 1 and told in statement) or SLEEP in statement for statement in statements)


def rows_in(answer: httpx2.Response) -> object:
    """Return what was found: a file or the API's answer as it is, of a page how many rows it shows."""
    if answer.headers["content-type"].startswith("text/html"):
        return answer.text.count("<tr"), answer.text.count('class="row"')
    return answer.text


def some() -> list[Any]:
    return [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in PAYLOADS]


@pytest.mark.parametrize("payload", some())
def test_a_filter_finds_by_it_what_a_text_finds_that_nothing_has(
    app: FastAPI, sign_in: SignIn, facts: dict[str, str], payload: str
) -> None:
    client, told = sign_in("district_admin"), PAYLOADS[payload]
    accepted = 0
    client.get(f"/sections/{facts['section_id']}/attendance")  # the month's partition of a log is made once
    client.get("/account/second-factor")  # and a secret to be shown
    for way in READS:
        for name in way.query:
            plain, usual = asked(app, client, way, facts, **{name: HARMLESS})
            answer, heard = asked(app, client, way, facts, **{name: told})

            assert not is_heard(told, heard), (way, name)
            if answer.status_code == 200:
                accepted += 1
                assert _of_the_request(heard) == _of_the_request(usual), (way, name)
                assert rows_in(answer) == rows_in(plain), (way, name)
            else:
                assert answer.status_code in (303, 401, 404, 422), (way, name, answer.text[:300])
    assert accepted > 20, "some take a text"


@pytest.mark.parametrize("name", ["sort", "kind", "category", "whose", "when"])
def test_an_order_is_one_of_a_few(sign_in: SignIn, facts: dict[str, str], name: str) -> None:
    client = sign_in("district_admin")
    taking = [way for way in READS if name in way.query]
    for way in taking:
        for told in PAYLOADS.values():
            answer = client.get(way.address(facts), params=way.needed(facts) | {name: told})
            assert answer.status_code == 422, (way, told)
    assert taking or name == "kind"


@pytest.mark.parametrize(
    "key",
    [
        ["zzxqj' OR 1=1 --", "0" * 32],
        ["a", "0' OR '1'='1"],
        ["a'; SELECT pg_sleep(5) --", "0" * 32],
        ["2025-11-25' --", 7],
        [{"a": 1}, "0" * 32],
        ["a", "0" * 32, "b"],
        ["\u0000", "0" * 32],
        [10**400, 1],
        [],
        None,
        "text",
    ],
)
def test_a_cursor_of_ones_own_making_opens_nothing(
    app: FastAPI, sign_in: SignIn, facts: dict[str, str], key: object
) -> None:
    client = sign_in("teacher")
    cursor = urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    told = str(key[0]) if isinstance(key, list) and key else "zzxqj"
    paged = [(way, name) for way in READS for name in way.query if name in PLACES_OF_CURSORS]
    for way, name in paged:
        _, usual = asked(app, client, way, facts, **{name: write_cursor("a", "0" * 32)})
        answer, heard = asked(app, client, way, facts, **{name: cursor})

        assert answer.status_code in (200, 404, 422), (way, answer.text[:300])
        assert not is_heard(told, heard), way
        assert set(heard) <= set(usual) or answer.status_code == 200, way
        assert "Ada Abara" not in answer.text, "a student of another's"
    assert len(paged) > 10


@pytest.mark.parametrize("payload", some())
def test_what_is_written_is_written_as_it_is(
    app: FastAPI, sign_in: SignIn, facts: dict[str, str], payload: str
) -> None:
    client, told = sign_in("district_admin"), PAYLOADS[payload]
    for way in WRITES:
        for body in _with_texts(way.body(facts), told):
            with listening(app) as heard:
                answer = client.request(way.method, way.address(facts), json=body)

            assert answer.status_code < 500, (way, answer.text)
            assert not is_heard(told, heard), way


def _with_texts(body: Any, told: str) -> Iterator[Any]:  # noqa: ANN401 -- a document of JSON
    """Yield the body with ``told`` as each of its texts, one at a time."""
    if isinstance(body, dict):
        for name, inner in body.items():
            yield from (body | {name: made} for made in _with_texts(inner, told))
    elif isinstance(body, list):
        yield from ([made] for inner in body[:1] for made in _with_texts(inner, told))
    elif isinstance(body, str):
        yield told


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_header_a_cookie_or_a_sign_in_is_no_statement(
    app: FastAPI, client: TestClient, sign_in: SignIn, payload: str
) -> None:
    told = PAYLOADS[payload].encode("ascii", "replace").decode()
    session = sign_in("principal")
    with listening(app) as heard:
        answers = [
            session.get(
                "/students", headers={"Rollbook-Purpose": told, "User-Agent": told, "X-Request-Id": told}
            ),
            client.get("/students", headers={"Cookie": f"rollbook={told.replace(';', '')}"}),
            client.get("/api/v1/students", headers={"Authorization": f"Bearer {told}"}),
            client.post(
                "/oauth/token", data={"grant_type": "client_credentials", "client_id": told, "scope": told}
            ),
            post_form(client, "/sign-in", email=told, password=told),
            session.post(
                "/account/start", data={"start": told, "form_token": form_token(session.cookies["rollbook"])}
            ),
        ]

    assert [answer.status_code for answer in answers] == [200, 303, 401, 400, 401, 422]
    assert not is_heard(told, heard)


def test_a_statement_that_holds_the_text_would_be_heard(app: FastAPI) -> None:
    with listening(app) as heard, app.state.engine.connect() as db:
        db.exec_driver_sql("SELECT 'zzxqj'")

    assert any("zzxqj" in statement for statement in heard)
