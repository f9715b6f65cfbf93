"""Signing in and out over HTTP: cookies, forms of our own only, no way out to another site."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rollbook.accounts import service
from web import cast as the_cast
from web.clients import post_form

EMAIL = "teacher@oak.example"


def test_a_page_asks_a_stranger_to_sign_in_and_comes_back(client: TestClient) -> None:
    answer = client.get("/caseload?q=ada")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/caseload%3Fq%3Dada")
    page = client.get(answer.headers["location"])
    assert 'name="next" value="/caseload?q=ada"' in page.text
    signed_in = post_form(client, "/sign-in", email=EMAIL, password=the_cast.PASSWORD, next="/caseload?q=ada")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/caseload?q=ada")
    assert client.get("/caseload").status_code == 200


def test_the_api_tells_a_stranger_so_without_a_redirect(client: TestClient) -> None:
    answer = client.get("/api/v1/students")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "NotSignedIn"


def test_a_fragments_request_sends_the_whole_page_to_sign_in(client: TestClient) -> None:
    answer = client.get("/caseload", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/sign-in?next=/caseload")


@pytest.mark.parametrize("email", [EMAIL, "nobody-at-all@oak.example", "rubbish"])
def test_a_wrong_password_and_an_unknown_email_look_the_same(client: TestClient, email: str) -> None:
    answer = post_form(client, "/sign-in", email=email, password="wrong wrong wrong")

    assert answer.status_code == 401
    assert "No active account has this email and password." in answer.text
    assert "rollbook" not in client.cookies


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: TestClient) -> None:
    answer = post_form(client, "/sign-in", email=EMAIL, password=the_cast.PASSWORD)

    (cookie,) = [text for text in answer.headers.get_list("set-cookie") if text.startswith("rollbook=")]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


def test_over_https_the_cookie_is_bound_to_the_host(app: FastAPI) -> None:
    with TestClient(app, base_url="https://rollbook.test", follow_redirects=False) as client:
        answer = post_form(client, "/sign-in", email=EMAIL, password=the_cast.PASSWORD)

        cookies = [text for text in answer.headers.get_list("set-cookie") if "__Host-rollbook=" in text]
        assert len(cookies) == 1
        assert "Secure" in cookies[0].split("; ")
        assert "Domain" not in cookies[0]
        assert client.get("/caseload").status_code == 200
        assert answer.headers["strict-transport-security"]


@pytest.mark.parametrize(
    "next_path", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y", "evil", "/é"]
)
def test_nobody_is_sent_to_another_site(client: TestClient, next_path: str) -> None:
    answer = post_form(client, "/sign-in", email=EMAIL, password=the_cast.PASSWORD, next=next_path)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("token", ["", "0" * 64, "\ud7ff"])
def test_a_form_without_our_token_changes_nothing(client: TestClient, token: str) -> None:
    client.get("/sign-in")

    answer = client.post(
        "/sign-in", data={"form_token": token, "email": EMAIL, "password": the_cast.PASSWORD}
    )

    assert answer.status_code == 403
    assert "rollbook" not in client.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://rollbook.test:81"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_form_is_turned_away_though_its_token_is_right(
    client: TestClient, headers: dict[str, str]
) -> None:
    post_form(client, "/sign-in", email=EMAIL, password=the_cast.PASSWORD)
    token = client.get("/caseload").text.split('name="form_token" value="')[1].split('"')[0]

    assert client.post("/sign-out", data={"form_token": token}, headers=headers).status_code == 403
    assert client.get("/caseload").status_code == 200, "still signed in"
    own = {"Origin": "http://rollbook.test", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/sign-out", data={"form_token": token}, headers=own).status_code == 303


def test_signing_out_ends_the_session_for_good(client: TestClient) -> None:
    post_form(client, "/sign-in", email=EMAIL, password=the_cast.PASSWORD)
    stolen = client.cookies["rollbook"]

    assert post_form(client, "/sign-out").status_code == 303

    client.cookies.set("rollbook", stolen, domain="rollbook.test")
    assert client.get("/caseload").status_code == 303


def test_guessing_is_made_to_wait_whether_or_not_there_is_an_account(
    app: FastAPI, client: TestClient
) -> None:
    for email in ("guessed@oak.example", "principal@oak.example"):
        answers = [post_form(client, "/sign-in", email=email, password="wrong wrong") for _ in range(7)]

        assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 2
        assert "Wait 1 minute, then try again" in answers[-1].text
    right = post_form(client, "/sign-in", email="principal@oak.example", password=the_cast.PASSWORD)
    assert right.status_code == 429
    other = post_form(client, "/sign-in", email=EMAIL, password=the_cast.PASSWORD)
    assert other.status_code == 303, "nobody else waits"
    assert _from("192.0.2.7", app, "principal@oak.example") == 303, "nor does the owner, elsewhere"


def _from(host: str, app: FastAPI, email: str) -> int:
    with TestClient(
        app, base_url="http://rollbook.test", follow_redirects=False, client=(host, 50_000)
    ) as elsewhere:
        return post_form(elsewhere, "/sign-in", email=email, password=the_cast.PASSWORD).status_code


@pytest.mark.usefixtures("client")
def test_a_crowd_that_signs_in_keeps_no_page_waiting(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """More passwords than the server has threads are to be checked, which takes as long as we say."""
    checking, done = threading.Semaphore(0), threading.Event()

    def check(_password_hash: str | None, _password: str, _cost: int | None) -> bool:
        checking.release()
        return done.wait(60) and False

    async def crowd() -> tuple[int, set[int]]:
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://rollbook.test") as client:
            page = (await client.get("/sign-in")).text
            form = {"form_token": page.split('name="form_token" value="')[1].split('"')[0], "password": "x"}
            fields = [form | {"email": f"crowd{n}@oak.example"} for n in range(60)]
            tries = [asyncio.create_task(client.post("/sign-in", data=each)) for each in fields]
            try:
                await asyncio.to_thread(checking.acquire, timeout=30)
                health = await asyncio.wait_for(client.get("/ready"), timeout=20)
            finally:
                done.set()
            return health.status_code, {answer.status_code for answer in await asyncio.gather(*tries)}

    monkeypatch.setattr(service, "is_password_of", check)

    with ThreadPoolExecutor(1) as apart:  # Playwright has a loop of its own in this thread
        assert apart.submit(asyncio.run, crowd()).result() == (200, {401})
