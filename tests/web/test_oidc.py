"""Sign-in by a provider, against a real one that runs beside the test."""

import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from rollbook.accounts import providers
from rollbook.accounts.models import Role
from rollbook.accounts.models_providers import IdentityProvider
from rollbook.accounts.service import add_user
from rollbook.core.settings import settings
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from web import cast as the_cast
from web.clients import PASSWORD, enter, post_form
from web.providers import HERE, OAK, OPEN, Provider, come_in, go, register, running
from web.test_second_factor import set_up

pytestmark = pytest.mark.usefixtures("by_provider")


def change(app: FastAPI, name: str = "lakeside", **facts: object) -> None:
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        this = IdentityProvider.tenant_id == tenant_id, IdentityProvider.name == name
        db.execute(update(IdentityProvider).where(*this).values(**facts))


def test_who_is_known_by_a_verified_email_comes_in(
    client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email.upper())

    answer = client.get(go(client, OAK, "?next=/students%3Fq%3Da"))

    assert (answer.status_code, answer.headers["location"]) == (303, "/students?q=a")
    assert client.get("/caseload").status_code == 200
    assert "Ann Count" in client.get("/account").text


def test_the_page_offers_the_districts_providers_and_remembers_the_district(client: TestClient) -> None:
    plain = client.get("/sign-in").text
    named = client.get("/sign-in?district=oak-valley&next=/students").text

    assert "Lakeside ID" not in plain
    assert f'href="{OAK}?next=/students"' in named
    assert "Sign in with Lakeside ID" in client.get("/sign-in").text
    assert "Lakeside ID" not in client.get("/sign-in?district=no-such-district").text


def test_afterwards_the_subject_counts_and_not_the_email(
    client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email, subject="s-1")
    come_in(client)

    lakeside.signs_in("renamed@elsewhere.example", subject="s-1", verified=False)
    come_in(client)

    assert "Ann Count" in client.get("/account").text


def test_a_clock_that_is_off_by_less_than_a_minute_is_forgiven(
    client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email)
    now = int(time.time())
    lakeside.sends(iat=now + 40, exp=now - 20)

    come_in(client)


def test_a_key_that_was_rotated_is_fetched_and_the_old_one_no_longer_counts(
    client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email)
    come_in(client)

    lakeside.rotates_its_key()
    client.cookies.delete("rollbook")
    come_in(client)

    assert client.get("/caseload").status_code == 200


def test_the_second_factor_is_asked_for_unless_the_provider_asked_for_one(
    app: FastAPI, client: TestClient, lakeside: Provider, email: str
) -> None:
    set_up(enter(app, email))
    lakeside.signs_in(email)
    lakeside.sends(amr=["pwd", "mfa"])

    asked = client.get(go(client, OAK))
    change(app, second_factors=["mfa", "https://refeds.org/profile/mfa"])
    try:
        trusted = client.get(go(client, OAK))
        lakeside.sends(amr=["pwd"])
        not_shown = client.get(go(client, OAK))
        lakeside.sends(acr="https://refeds.org/profile/mfa")
        by_class = client.get(go(client, OAK))
    finally:
        change(app, second_factors=[])

    assert asked.headers["location"].startswith("/sign-in/code")
    assert trusted.headers["location"] == "/"
    assert not_shown.headers["location"].startswith("/sign-in/code")
    assert by_class.headers["location"] == "/"


def test_where_the_provider_replaces_passwords_none_lets_in(
    app: FastAPI, client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email)
    before = enter(app, email)
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        providers.replace_passwords(db, providers.get_provider(db, tenant_id, "lakeside"))
    try:
        page = client.get("/sign-in?district=oak-valley").text
        client.cookies.clear()
        refused = post_form(client, "/sign-in", email=email, password=PASSWORD)
        wrong = post_form(client, "/sign-in", email=email, password="not the password at all")
        elsewhere = post_form(client, "/sign-in", email="olga@open.example", password=PASSWORD)
        client.cookies.clear()
        come_in(client)
    finally:
        change(app, replaces_passwords=False)

    assert before.get("/caseload").status_code == 303, "a session that a password began is over"
    assert 'type="password"' not in page
    assert (refused.status_code, wrong.status_code, elsewhere.status_code) == (401, 401, 303)
    said = [answer.text.split('role="alert"')[1].split("</p>")[0] for answer in (refused, wrong)]
    assert said[0] == said[1]
    assert client.get("/caseload").status_code == 200


def test_a_provider_out_of_use_lets_nobody_in_and_ends_its_sessions(
    app: FastAPI, client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email)
    come_in(client)
    back = go(client, OAK)
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        providers.stop_provider(db, providers.get_provider(db, tenant_id, "lakeside"))
    try:
        answers = [client.get(path) for path in ("/caseload", back, OAK)]
        unknown = client.get("/sign-in/with/no-such/provider")
    finally:
        change(app, is_active=True)

    assert [answer.status_code for answer in answers] == [303, 401, 401]
    assert unknown.status_code == 401
    assert "There is no such way to sign in." in answers[2].text
    assert "There is no such way to sign in." in unknown.text


def test_a_provider_that_does_not_answer_is_said_so(client: TestClient, world: the_cast.World) -> None:
    with running(f"{HERE}/x") as stopped:
        issuer = stopped.issuer
    register(world.url, "oak-valley", "gone", issuer)

    answers = [client.get("/sign-in/with/oak-valley/gone") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert "does not answer" in answers[0].text


def test_the_client_secret_is_readable_by_its_owner_alone() -> None:
    path = settings().home / "sign-in-secrets" / "oak-valley.lakeside"

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_email_known_in_two_tenants_is_linked_in_the_one_that_was_asked(
    app: FastAPI, client: TestClient, lakeside: Provider, email: str
) -> None:
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "open-u").tenant_id
        look_through(db, Visibility(tenant_id))
        add_user(db, tenant_id=tenant_id, email=email, full_name="Other Ann", role=Role.STAFF, password=None)
    lakeside.signs_in(email)

    come_in(client, OPEN)

    assert "Other Ann" in client.get("/account").text
