"""One's own account: where one is signed in, and changing the password."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from rollbook.accounts import service
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from web.clients import PASSWORD, SignIn, enter, post_form

NEW = "four words of another kind"


def send(client: TestClient, path: str, **fields: str) -> int:
    page = client.get("/account").text
    token = re.findall(r'name="form_token" value="([^"]+)"', page)[0]
    return client.post(path, data={"form_token": token, **fields}).status_code


def test_a_stranger_has_no_account_page(client: TestClient) -> None:
    answer = client.get("/account")

    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/account")


def test_it_says_where_one_is_signed_in_and_ends_it(app: FastAPI, email: str) -> None:
    here, there = enter(app, email), enter(app, email, "Mozilla/5.0 (Windows NT 10.0) Chrome/140 Edg/140")

    page = here.get("/account").text
    assert "You are signed in on 2 devices." in page
    assert "Firefox on Linux <strong>this one</strong>" in page
    assert "Edge on Windows" in page
    (other,) = re.findall(r'name="session_id" value="([^"]+)"', page)

    assert send(here, "/account/sessions/end", session_id=other) == 303
    assert there.get("/account").status_code == 303, "signed out"
    assert here.get("/caseload").status_code == 200
    assert "signed in here only" in here.get("/account").text


def test_everywhere_else_and_everywhere(app: FastAPI, email: str) -> None:
    here, there = enter(app, email), enter(app, email)

    assert send(here, "/account/sessions/end-others") == 303
    assert (here.get("/caseload").status_code, there.get("/caseload").status_code) == (200, 303)

    assert send(here, "/account/sign-out-everywhere") == 303
    assert here.get("/caseload").status_code == 303


@pytest.mark.parametrize("path", ["sessions/end-others", "sign-out-everywhere", "password"])
def test_a_form_of_another_page_does_nothing(app: FastAPI, email: str, path: str) -> None:
    here = enter(app, email)

    assert here.post(f"/account/{path}", data={"form_token": "0" * 96}).status_code == 403
    assert here.get("/caseload").status_code == 200


def test_a_password_is_changed_and_every_other_device_signed_out(
    app: FastAPI, client: TestClient, email: str
) -> None:
    here, there = enter(app, email), enter(app, email)
    before = here.cookies["rollbook"]

    assert send(here, "/account/password", present=PASSWORD, new=NEW, again=NEW) == 303

    assert here.cookies["rollbook"] != before
    assert (here.get("/caseload").status_code, there.get("/caseload").status_code) == (200, 303)
    assert post_form(client, "/sign-in", email=email, password=PASSWORD).status_code == 401
    assert post_form(client, "/sign-in", email=email, password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (("wrong", NEW, NEW), "The present password is not that one"),
        ((PASSWORD, NEW, NEW + "x"), "The two new passwords are not the same"),
        ((PASSWORD, "short", "short"), "A password has 15 to 128 characters"),
        ((PASSWORD, "ann count 2026 oak", "ann count 2026 oak"), "among the first that a guesser tries"),
    ],
)
def test_what_cannot_be_says_why(
    app: FastAPI, email: str, typed: tuple[str, str, str], sentence: str
) -> None:
    here = enter(app, email)
    present, new, again = typed
    token = re.findall(r'name="form_token" value="([^"]+)"', here.get("/account/password").text)[0]

    answer = here.post(
        "/account/password", data={"form_token": token, "present": present, "new": new, "again": again}
    )

    assert answer.status_code == 422
    assert sentence in answer.text
    assert new not in answer.text
    assert here.get("/caseload").status_code == 200


def test_a_reset_password_opens_only_the_page_where_it_is_changed(
    app: FastAPI, client: TestClient, email: str
) -> None:
    with Session(app.state.engine) as db, db.begin():
        look_through(db, Visibility(ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id))
        user = service.find_user(db, ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id, email)
        assert user is not None
        given = service.reset_password(db, user)

    answer = post_form(client, "/sign-in", email=email, password=given, next="/students")
    assert answer.headers["location"] == "/account/password"
    assert client.get("/caseload").headers["location"] == "/account/password"
    api = client.get("/api/v1/students")
    assert (api.status_code, api.json()["code"]) == (403, "PasswordChangeNeeded")

    page = client.get("/account/password").text
    token = re.findall(r'name="form_token" value="([^"]+)"', page)[0]
    form = {"form_token": token, "present": given, "new": NEW, "again": NEW}
    assert client.post("/account/password", data=form).status_code == 303
    assert client.get("/caseload").status_code == 200


def test_every_page_leads_to_the_account(sign_in: SignIn) -> None:
    assert '<a href="/account">' in sign_in("teacher").get("/caseload").text


def test_one_begins_where_one_likes_to(app: FastAPI, client: TestClient, email: str) -> None:
    here = enter(app, email)
    assert send(here, "/account/start", start="/students") == 303
    assert send(here, "/account/start", start="//evil.example") == 422

    assert post_form(client, "/sign-in", email=email, password=PASSWORD).headers["location"] == "/students"
    elsewhere = post_form(client, "/sign-in", email=email, password=PASSWORD, next="/schools")
    assert elsewhere.headers["location"] == "/schools", "unless one was going somewhere"
