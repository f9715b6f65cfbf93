"""Every answer of every route says what browsers may do with it, and nothing of what made it."""

import re

import fastapi
import h11
import httpx2
import pytest
import sqlalchemy
import starlette
import uvicorn
from fastapi import FastAPI
from fastapi.testclient import TestClient

from web import cast as the_cast
from web.clients import SignIn
from web.hostile.routes import Way, ways

WAYS = ways()
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
BANNERS = ("server", "x-powered-by", "via", "x-aspnet-version")
COMPONENTS = (fastapi, h11, sqlalchemy, starlette, uvicorn)
TENANTS = ("Oak", "oak-valley", "Open University", "open-u", "oak.example")


def policy_of(answer: httpx2.Response) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


def asked(client: TestClient, way: Way, facts: dict[str, str]) -> httpx2.Response:
    """Ask rightly, but without a body: what writes answers that something is missing."""
    return client.request(way.method, way.address(facts), params=way.needed(facts))


@pytest.mark.parametrize("who", ["district_admin", "teacher", None])
def test_every_answer_says_what_browsers_may_do(
    client: TestClient, sign_in: SignIn, facts: dict[str, str], who: str | None
) -> None:
    client = sign_in(who) if who else client
    for way in WAYS:
        answer = asked(client, way, facts)

        assert policy_of(answer) == POLICY, way
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, way
        assert "camera=()" in answer.headers["permissions-policy"], way
        assert answer.headers["cache-control"] == "no-store", way
        assert answer.headers.get_list("content-security-policy") == [
            answer.headers["content-security-policy"]
        ]


def test_every_answer_says_what_it_is(sign_in: SignIn, facts: dict[str, str]) -> None:
    client = sign_in("district_admin")
    for way in WAYS:
        answer = asked(client, way, facts)
        kind = answer.headers.get("content-type", "")

        assert kind or not answer.content, way
        assert not kind.startswith("text/") or "charset=utf-8" in kind, (way, kind)
        if way.is_api:
            assert kind in ("application/json", "application/problem+json"), way


def test_no_answer_says_what_made_it(client: TestClient, sign_in: SignIn, facts: dict[str, str]) -> None:
    versions = [re.escape(component.__version__) for component in COMPONENTS]
    told = re.compile(
        rf"\b(?:{'|'.join(versions)})\b|uvicorn|starlette|fastapi|psycopg|python/", re.IGNORECASE
    )
    for way in WAYS:
        for someone in (client, sign_in("teacher")):
            answer = asked(someone, way, facts)
            shown = "\n".join([*(f"{n}: {v}" for n, v in answer.headers.items()), answer.text])

            assert [name for name in BANNERS if name in answer.headers] == [], way
            assert told.search(shown) is None or way.path == "/metrics", (way, told.search(shown))


def test_no_other_site_may_read_anything(sign_in: SignIn, facts: dict[str, str]) -> None:
    client = sign_in("district_admin")
    origin = {"Origin": "https://elsewhere.example"}
    asks = origin | {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    for way in WAYS:
        answers = [
            client.request(way.method, way.address(facts), headers=origin),
            client.options(way.address(facts), headers=asks),
        ]
        for answer in answers:
            assert [name for name in answer.headers if name.startswith("access-control-")] == [], way


def test_what_anybody_may_ask_names_no_tenant(
    client: TestClient, sign_in: SignIn, world: the_cast.World
) -> None:
    sign_in("district_admin").get(f"/students/{world.ada}")
    for path in ("/health", "/ready", "/metrics", "/api/v1/openapi.json", "/sign-in", "/none-such"):
        answer = client.get(path)

        assert answer.status_code in (200, 404)
        assert [name for name in TENANTS if name in answer.text] == [], path


def test_the_description_of_the_api_needs_no_other_site(client: TestClient) -> None:
    assert "://" not in client.get("/api/v1/openapi.json").text
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert client.get(path).status_code == 404


@pytest.fixture
def secure(app: FastAPI) -> TestClient:
    """A browser over https."""
    return TestClient(app, base_url="https://rollbook.test", follow_redirects=False)


def signed_in(client: TestClient) -> httpx2.Response:
    page = client.get("/sign-in").text
    token = page.split('name="form_token" value="')[1].split('"')[0]
    fields = {"form_token": token, "email": "principal@oak.example", "password": the_cast.PASSWORD}
    return client.post("/sign-in", data=fields)


def test_over_https_browsers_come_back_over_https(secure: TestClient, facts: dict[str, str]) -> None:
    for way in WAYS:
        asked_securely = asked(secure, way, facts)

        assert asked_securely.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


def test_over_http_nothing_is_promised_of_https(client: TestClient) -> None:
    assert "strict-transport-security" not in client.get("/sign-in").headers


def test_over_https_every_cookie_is_this_hosts_alone(secure: TestClient) -> None:
    given = [*secure.get("/sign-in").headers.get_list("set-cookie")]
    given += signed_in(secure).headers.get_list("set-cookie")
    given += secure.post("/look", data={"look": "dark"}).headers.get_list("set-cookie")

    names = {cookie.partition("=")[0] for cookie in given}
    assert names == {
        "__Host-rollbook_form",
        "__Host-rollbook_device",
        "__Host-rollbook",
        "__Host-rollbook_look",
    }
    for cookie in given:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= attributes, cookie
        assert not any(part.startswith("domain") for part in attributes), cookie


def test_a_cookie_of_http_opens_nothing_over_https(sign_in: SignIn, secure: TestClient) -> None:
    """Someone on the line can plant a cookie that is not bound to the host."""
    secure.cookies.set("rollbook", sign_in("principal").cookies["rollbook"], domain="rollbook.test")

    assert secure.get("/caseload").headers["location"].startswith("/sign-in")
