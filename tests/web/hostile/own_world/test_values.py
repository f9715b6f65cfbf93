"""Every place where a route takes a value, with each value that nobody means: told so, no more."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, get_args
from urllib.parse import quote

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text

from rollbook.ui.forms import form_token
from web import cast as the_cast
from web.clients import SignIn
from web.hostile.routes import Way, ways
from web.hostile.values import BYTES, DOCUMENTS, FORMS, JSON, KINDS, TEXTS

TAKING = [way for way in ways() if way.query]
API_WRITES = [way for way in ways() if way.is_api and way.writes]
PAGES_WRITE = [way for way in ways() if not way.is_api and way.writes]
INTERNALS = (
    "Traceback",
    "psycopg",
    "sqlalchemy",
    "SELECT ",
    "rollbook/",
    "pydantic",
    "Open University",
    "49$",
)

FEW = {"NUL", "2^63"}
"""Of these many, those that every run tries; the others take minutes."""


def some(values: Iterable[str]) -> list[Any]:
    return [pytest.param(value, marks=() if value in FEW else pytest.mark.slow) for value in values]


def assert_told(answer: httpx2.Response, where: object, *statuses: int) -> None:
    """It is no failure of ours, and says nothing of what is inside or of others."""
    assert answer.status_code in statuses if statuses else answer.status_code < 500, (
        where,
        answer.text[:500],
    )
    assert [word for word in INTERNALS if word in answer.text] == [], where
    assert "set-cookie" not in answer.headers or "x=y" not in answer.headers["set-cookie"], where
    if answer.status_code >= 400 and "json" in answer.headers["content-type"]:
        assert set(answer.json()) in ({"title", "status", "detail", "code"}, {"error"}), where


def asked(client: TestClient, way: Way, facts: dict[str, str], query: str) -> httpx2.Response:
    return client.request(way.method, f"{way.address(facts)}?{query}")


@pytest.mark.parametrize("value", some([*TEXTS, *BYTES]))
def test_no_value_in_an_address_makes_it_fail(sign_in: SignIn, facts: dict[str, str], value: str) -> None:
    client = sign_in("district_admin")
    said = quote(TEXTS[value]) if value in TEXTS else BYTES[value]
    for way in TAKING:
        for name in way.query:
            others = "&".join(f"{n}={v}" for n, v in way.needed(facts).items() if n != name)
            answer = asked(client, way, facts, f"{name}={said}&{others}".rstrip("&"))

            assert_told(answer, (way, name))
            assert not answer.headers.get("location", "/").startswith(("http", "//")), (way, name)


@pytest.mark.parametrize("value", some([*TEXTS, *BYTES]))
def test_no_value_in_a_path_makes_it_fail(sign_in: SignIn, facts: dict[str, str], value: str) -> None:
    client = sign_in("district_admin")
    said = quote(TEXTS[value], safe="") if value in TEXTS else BYTES[value]
    for way in ways():
        for name in way.route.param_convertors:
            answer = client.request(way.method, way.address(facts | {name: said or "x"}))

            assert_told(answer, (way, name))
            assert answer.status_code >= 400 or way.route.path.endswith(f"{{{name}}}"), (way, name)


def _takes_day(annotation: object) -> bool:
    return annotation is date or any(_takes_day(part) for part in get_args(annotation))


def _days(way: Way) -> list[str]:
    waiting, found = [way.route.dependant], []
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        found += [one.alias for one in dependant.query_params if _takes_day(one.field_info.annotation)]
    return found


@pytest.mark.parametrize(
    "day", ["0", "1700000000", "20251125", "-1", "1e9", "2025-11-25T00:00:00", "2025-W48-2"]
)
def test_a_day_is_a_day_and_no_count_of_seconds(sign_in: SignIn, facts: dict[str, str], day: str) -> None:
    client = sign_in("district_admin")
    found = [(way, name) for way in TAKING for name in _days(way)]
    for way, name in found:
        answer = client.request(way.method, way.address(facts), params=way.needed(facts) | {name: day})

        assert_told(answer, (way, name), 422)
    assert len(found) > 40


def test_what_is_said_twice_is_refused(sign_in: SignIn, facts: dict[str, str]) -> None:
    """What one reader takes the first of, another takes the last of."""
    client = sign_in("district_admin")
    for way in TAKING:
        for name in way.query:
            for again in (name, f"%{ord(name[0]):02X}{name[1:]}"):
                assert_told(asked(client, way, facts, f"{name}=1&{again}=2"), (way, name), 400)


@pytest.mark.parametrize("value", some(JSON))
def test_no_value_in_a_body_makes_it_fail(sign_in: SignIn, facts: dict[str, str], value: str) -> None:
    client = sign_in("district_admin")
    for way in API_WRITES:
        for where, body in _spoiled(way.body(facts), JSON[value]):
            answer = client.request(
                way.method,
                way.address(facts),
                content=json.dumps(body),
                headers={"content-type": "application/json"},
            )

            assert_told(answer, (way, where))


def _spoiled(body: Any, value: object, where: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 -- JSON
    """Yield the body with ``value`` in each of its places, one at a time."""
    if isinstance(body, dict):
        for name, inner in body.items():
            yield from ((at, body | {name: made}) for at, made in _spoiled(inner, value, f"{where}.{name}"))
    elif isinstance(body, list) and body:
        yield from ((at, [made]) for at, made in _spoiled(body[0], value, f"{where}[]"))
    yield where, value


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_that_is_none_is_refused(sign_in: SignIn, facts: dict[str, str], document: str) -> None:
    client = sign_in("district_admin")
    body, statuses = DOCUMENTS[document]
    for way in API_WRITES:
        answer = client.request(
            way.method, way.address(facts), content=body, headers={"content-type": "application/json"}
        )

        assert_told(answer, way, *statuses)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_that_is_none_is_refused(sign_in: SignIn, facts: dict[str, str], form: str) -> None:
    client = sign_in("district_admin")
    body, statuses = FORMS[form]
    for way in PAGES_WRITE:
        answer = client.request(
            way.method,
            way.address(facts),
            content=body,
            params=way.needed(facts),
            headers={"content-type": "application/x-www-form-urlencoded"},
        )

        assert_told(
            answer, way, *({*statuses, 400, 422} if way.path in ("/look", "/oauth/token") else statuses)
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_content_that_nothing_takes_is_refused(
    sign_in: SignIn, facts: dict[str, str], kind: str
) -> None:
    client = sign_in("district_admin")
    for way in (way for way in ways() if way.writes):
        answer = client.request(
            way.method,
            way.address(facts),
            content=KINDS[kind],
            headers={"content-type": kind} if kind else {},
        )

        assert_told(answer, way, 400 if kind.startswith("application/json;") else 415)


@pytest.mark.parametrize("value", some(TEXTS))
def test_no_value_in_a_form_makes_it_fail(sign_in: SignIn, facts: dict[str, str], value: str) -> None:
    """Its own page shows which fields it has."""
    client = sign_in("later@oak.example")
    token = form_token(client.cookies["rollbook"])
    for way in PAGES_WRITE:
        if way.path in ("/sign-out", "/account/sign-out-everywhere", "/sign-in", "/account/password"):
            continue
        names = {*way.fields, *_shown_fields(client, way, facts)} - {"form_token"}
        for name in names:
            answer = client.request(
                way.method,
                way.address(facts),
                data={name: TEXTS[value], "form_token": token},
                params=way.needed(facts),
            )
            assert_told(answer, (way, name))


def _shown_fields(client: TestClient, way: Way, facts: dict[str, str]) -> set[str]:
    page = client.get(way.address(facts), params=way.needed(facts)).text
    return {part.split('"')[0] for part in page.split(' name="')[1:]}


def test_after_all_this_everything_is_as_it_was_but_what_was_right(sign_in: SignIn, log: Connection) -> None:
    """It runs last: the schema is whole, nobody is gone, and the pages answer."""
    tables = log.scalar(text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"))
    # whom a right request admitted was born that day, as routes.py has it
    there = text("SELECT count(*) FROM students WHERE birth_date IS DISTINCT FROM date '2012-02-29'")

    assert tables is not None
    assert tables > 100
    assert log.scalar(there) == the_cast.STUDENTS + 1
    assert sign_in("district_admin").get("/students").status_code == 200
