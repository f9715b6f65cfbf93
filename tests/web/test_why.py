"""The page that says why a user sees a student: for administrators with a second factor."""

import re

import pyotp
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from rollbook.accounts import service
from rollbook.accounts.models import Role
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.roster.models import Student
from web import cast as the_cast
from web.clients import SignIn, enter


@pytest.fixture
def admin(app: FastAPI, email: str) -> TestClient:
    """Sign in somebody who administers, with a second factor."""
    with Session(app.state.engine) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
        look_through(db, Visibility(tenant_id))
        service.set_role(db, service.get_user(db, tenant_id, email), Role.DISTRICT_ADMIN)
    client = enter(app, email)
    led = client.get("/admin/why").headers["location"]
    assert led == "/account/second-factor?next=/admin/why", "not on a password alone"
    page = client.get("/account/second-factor").text
    token = re.findall(r'name="form_token" value="([^"]+)"', page)[-1]
    secret = re.findall(r"Key: <code>(\w+)</code>", page)[0]
    form = {"form_token": token, "code": pyotp.TOTP(secret).now()}
    assert client.post("/account/second-factor", data=form).status_code == 200
    return client


def test_it_answers_yes_with_the_reason_and_no(
    app: FastAPI, world: the_cast.World, admin: TestClient
) -> None:
    with Session(app.state.engine) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
        look_through(db, Visibility(tenant_id))
        ada = db.get_one(Student, (tenant_id, world.ada)).student_number
        elsewhere = db.get_one(Student, (tenant_id, world.other_school)).student_number

    yes = admin.get("/admin/why", params={"email": "principal@oak.example", "student": ada}).text
    assert f"sees student {ada}" in yes
    assert "the student is enrolled there since" in yes

    no = admin.get("/admin/why", params={"email": "principal@oak.example", "student": elsewhere}).text
    assert f"does not see student {elsewhere}." in no


@pytest.mark.parametrize(
    ("email_asked", "student", "sentence"),
    [
        ("no-one-at-all@oak.example", "S1", "The tenant has no such user"),
        ("principal@oak.example", "no'such", "no student with the number"),
        ("", "", "Why does somebody see a student?"),
    ],
)
def test_what_is_not_there_is_said(admin: TestClient, email_asked: str, student: str, sentence: str) -> None:
    answer = admin.get("/admin/why", params={"email": email_asked, "student": student})

    assert answer.status_code == 200
    assert sentence in answer.text


@pytest.mark.parametrize("role", ["teacher", "counselor", "principal"])
def test_nobody_else_is_let_in(sign_in: SignIn, role: str) -> None:
    assert sign_in(role).get("/admin/why").status_code == 403
