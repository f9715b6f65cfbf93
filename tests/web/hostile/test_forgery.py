"""No other site, and no page of somebody else, makes a browser write: asked of every route that writes."""

import httpx2
import pytest
from fastapi.testclient import TestClient

from rollbook.ui.forms import form_token
from web import cast as the_cast
from web.clients import SignIn, enter
from web.hostile.conftest import Written
from web.hostile.routes import BODIES, Way, ways

WRITING = [way for way in ways() if way.writes]
PAGES = [way for way in WRITING if not way.is_api]
# The first sets the colours of whoever asks; the others look at no cookie, but at a secret or a signature.
WITHOUT_TOKEN = {"/look", "/oauth/token", "/sign-in/with/{tenant}/{name}/over"}
# A secret to be shown, which counts for nothing until a code made with it is sent.
PREPARED = {"/account/second-factor": {"totp_secrets"}}
STRANGERS = {
    "another origin": {"Origin": "https://elsewhere.example"},
    "a subdomain": {"Origin": "http://x.rollbook.test"},
    "another port": {"Origin": "http://rollbook.test:8080"},
    "another scheme": {"Origin": "https://rollbook.test"},
    "no origin that is told": {"Origin": "null"},
    "what begins alike": {"Origin": "http://rollbook.test.elsewhere.example"},
    "a name in the address": {"Origin": "http://rollbook.test@elsewhere.example"},
    "another site, by its browser": {"Sec-Fetch-Site": "cross-site"},
    "a sibling, by its browser": {"Sec-Fetch-Site": "same-site"},
}


def sent(client: TestClient, way: Way, facts: dict[str, str], headers: dict[str, str]) -> httpx2.Response:
    """Send what is right, but for where it comes from."""
    address = way.address(facts)
    if way.is_api:
        return client.request(way.method, address, json=way.body(facts), headers=headers)
    token = form_token(client.cookies.get("rollbook") or "")
    fields = way.form | {"form_token": token}
    return client.request(way.method, address, data=fields, params=way.needed(facts), headers=headers)


def test_every_route_of_the_api_that_writes_is_asked_rightly() -> None:
    assert {(way.method, way.path) for way in WRITING if way.is_api} == set(BODIES)


@pytest.mark.parametrize("stranger", STRANGERS)
def test_what_another_site_sends_is_refused(
    sign_in: SignIn, facts: dict[str, str], written: Written, stranger: str
) -> None:
    client = sign_in("district_admin")
    for way in WRITING:
        answer = sent(client, way, facts, STRANGERS[stranger])

        assert answer.status_code == 403, (way, answer.text)
        assert written(answer) == set(), way


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_the_api_takes_no_kind_that_a_form_can_send(
    sign_in: SignIn, facts: dict[str, str], written: Written, kind: str
) -> None:
    """So a browser asks before it sends across sites, and is told no."""
    client = sign_in("district_admin")
    for way in (way for way in WRITING if way.is_api):
        answer = client.request(
            way.method, way.address(facts), content=b'{"a": 1}', headers={"content-type": kind}
        )

        assert answer.status_code == 415, way
        assert written(answer) == set(), way


@pytest.mark.parametrize("token", [None, "", "x", "of nobody", "of another session"])
def test_a_form_that_is_not_of_this_browsers_page_changes_nothing(
    sign_in: SignIn, facts: dict[str, str], written: Written, token: str | None
) -> None:
    client = sign_in("district_admin")
    told = {"of nobody": form_token("nobody"), "of another session": form_token("x" * 43)}
    fields = {} if token is None else {"form_token": told.get(token, token)}
    for way in PAGES:
        if way.path in WITHOUT_TOKEN:
            continue
        answer = client.request(
            way.method,
            way.address(facts),
            data=way.form | fields,
            params=way.needed(facts),
        )

        assert answer.status_code in (403, 422), (way, answer.status_code, answer.text)
        assert "This form is no longer valid. Nothing was changed" in answer.text, way
        assert written(answer) == set(), way
    assert client.get("/account").status_code == 200, "nobody was signed out"


def test_nobody_is_signed_in_as_somebody_else_by_another_site(client: TestClient) -> None:
    """Login forgery: the attacker knows a password of their own, and has a token of their own browser."""
    client.get("/sign-in")
    fields = {"email": "principal@oak.example", "password": the_cast.PASSWORD}
    for token in ("", form_token("the attacker's cookie")):
        answer = client.post("/sign-in", data={**fields, "form_token": token})

        assert answer.status_code == 403
        assert "rollbook" not in answer.cookies


def test_reading_changes_nothing(sign_in: SignIn, facts: dict[str, str], written: Written) -> None:
    client = sign_in("district_admin")
    for way in ways():
        if not way.writes:
            answer = client.get(way.address(facts), params=way.needed(facts))

            assert written(answer) <= PREPARED.get(way.path, set()), way


def test_a_session_is_new_after_signing_in(client: TestClient) -> None:
    """Session fixation: what a browser had before is worth nothing after."""
    client.cookies.set("rollbook", "chosen-by-somebody-else", domain="rollbook.test")
    entered = enter(client.app, "principal@oak.example")  # type: ignore[arg-type]  # the client's app is ours

    assert entered.cookies["rollbook"] != "chosen-by-somebody-else"
    assert client.get("/caseload").status_code == 303
