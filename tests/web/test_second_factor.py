"""The second factor over HTTP: set up, asked for, guessed in vain, taken away."""

import re

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rollbook.accounts.second_factor import STEP_S
from rollbook.core import clock
from web.clients import PASSWORD, enter, post_form


class App:
    """An authenticator app, whose codes are each shown once: asked again, it waits by looking ahead."""

    def __init__(self, secret: str) -> None:
        self._made = pyotp.TOTP(secret)
        self._step = int(clock.now().timestamp()) // STEP_S - 2

    def code(self) -> str:
        self._step += 1
        code: str = self._made.generate_otp(self._step)
        return code


def token_of(page: str) -> str:
    tokens: list[str] = re.findall(r'name="form_token" value="([^"]+)"', page)
    return tokens[-1]


def set_up(client: TestClient) -> tuple[App, list[str]]:
    page = client.get("/account/second-factor").text
    app = App(re.findall(r"Key: <code>(\w+)</code>", page)[0])
    done = client.post("/account/second-factor", data={"form_token": token_of(page), "code": app.code()})
    assert done.status_code == 200, done.text
    return app, re.findall(r"<li><code>([\w-]+)</code>", done.text)


def test_it_is_set_up_and_then_asked_for(app: FastAPI, client: TestClient, email: str) -> None:
    here, there = enter(app, email), enter(app, email)
    before = here.cookies["rollbook"]

    phone, codes = set_up(here)

    assert len(codes) == 10
    assert here.cookies["rollbook"] != before
    assert (here.get("/caseload").status_code, there.get("/caseload").status_code) == (200, 303)
    assert codes[0] not in here.get("/account/second-factor").text, "they are shown once"

    answer = post_form(client, "/sign-in", email=email, password=PASSWORD, next="/students?q=a&x=1")
    assert answer.headers["location"] == "/sign-in/code?next=/students%3Fq%3Da%26x%3D1"
    assert client.get("/caseload").status_code == 303
    assert client.get("/account").status_code == 303
    page = client.get(answer.headers["location"]).text
    form = {"form_token": token_of(page.split("</form>")[0]), "next": "/students?q=a&x=1"}
    assert client.post("/sign-in/code", data=form | {"code": "000000"}).status_code == 401
    done = client.post("/sign-in/code", data=form | {"code": phone.code()})
    assert (done.status_code, done.headers["location"]) == (303, "/students?q=a&x=1")
    assert client.get("/caseload").status_code == 200


def test_codes_are_not_guessed_at_leisure(app: FastAPI, client: TestClient, email: str) -> None:
    phone, _ = set_up(enter(app, email))
    post_form(client, "/sign-in", email=email, password=PASSWORD)
    form = {"form_token": token_of(client.get("/sign-in/code").text.split("</form>")[0])}

    answers = [client.post("/sign-in/code", data=form | {"code": "000000"}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert client.post("/sign-in/code", data=form | {"code": phone.code()}).status_code == 429


def test_a_recovery_code_lets_in_and_it_is_taken_away(app: FastAPI, client: TestClient, email: str) -> None:
    _, codes = set_up(enter(app, email))
    post_form(client, "/sign-in", email=email, password=PASSWORD)
    form = {"form_token": token_of(client.get("/sign-in/code").text.split("</form>")[0])}
    assert client.post("/sign-in/code", data=form | {"code": codes[0]}).status_code == 303
    page = client.get("/account/second-factor").text
    assert "9 recovery codes left" in page

    form = {"form_token": token_of(page)}
    assert client.post("/account/second-factor/remove", data=form | {"code": codes[0]}).status_code == 422
    assert client.post("/account/second-factor/remove", data=form | {"code": codes[1]}).status_code == 303
    assert "who knows your password is in" in client.get("/account").text


@pytest.mark.parametrize("path", ["/sign-in/code", "/account/second-factor"])
def test_a_stranger_is_sent_to_sign_in(client: TestClient, path: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={path}")
