"""Who is deactivated is out at once, by every way in; and nothing of it comes back by itself."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from rollbook.accounts.keys import Scope, create_key
from rollbook.accounts.models import User, UserSession
from rollbook.accounts.models_keys import AccessToken, ApiKey
from rollbook.accounts.models_providers import IdentityLink
from rollbook.accounts.models_tries import KnownDevice
from rollbook.accounts.service import activate, deactivate, get_user
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from web.clients import PASSWORD, enter, post_form
from web.providers import HERE, OAK, Provider, come_in, go

pytestmark = pytest.mark.usefixtures("by_provider")


def user_of(db: Session, email: str) -> User:
    tenant_id = find_tenant(db, "oak-valley").tenant_id
    look_through(db, Visibility(tenant_id))
    return get_user(db, tenant_id, email)


def rows_left(app: FastAPI, email: str) -> dict[str, int]:
    """Count what lets the user in, of each kind."""
    with Session(app.state.engine) as db, db.begin():
        user_id = user_of(db, email).user_id
        keys = select(ApiKey.key_id).where(ApiKey.user_id == user_id)
        standing = select(ApiKey.key_id).where(ApiKey.user_id == user_id, ApiKey.revoked_at.is_(None))
        found = {
            "sessions": select(UserSession.session_id).where(UserSession.user_id == user_id),
            "links": select(IdentityLink.subject).where(IdentityLink.user_id == user_id),
            "devices": select(KnownDevice.token_hash).where(KnownDevice.user_id == user_id),
            "keys": standing,
            "tokens": select(AccessToken.token_hash).where(AccessToken.key_id.in_(keys)),
        }
        return {name: len(db.scalars(query).all()) for name, query in found.items()}


class WaysIn:
    """A browser by password, a browser by a provider, a program with a key, a service with a token."""

    def __init__(self, app: FastAPI, email: str) -> None:
        self.by_password = enter(app, email)
        self.by_provider = TestClient(app, base_url=HERE, follow_redirects=False)
        come_in(self.by_provider)
        self.program = TestClient(app, base_url=HERE, follow_redirects=False)
        with Session(app.state.engine) as db, db.begin():
            self.key = create_key(db, user_of(db, email), "sync", [Scope.READ]).text
        kind, name, secret = self.key.split("_", 2)
        client_id = f"{kind}_{name}"
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        self.form = form
        self.token = self.program.post("/oauth/token", data=form).json()["access_token"]

    def open(self) -> list[bool]:
        api = "/api/v1/students?limit=1"
        bearers = [{"Authorization": f"Bearer {shown}"} for shown in (self.key, self.token)]
        answers = [
            self.by_password.get("/caseload"),
            self.by_provider.get("/caseload"),
            *(self.program.get(api, headers=bearer) for bearer in bearers),
            self.program.post("/oauth/token", data=self.form),
        ]
        return [answer.status_code == 200 for answer in answers]


def test_every_way_in_is_shut_at_once_and_stays_shut(
    app: FastAPI, client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email)
    ways = WaysIn(app, email)
    assert ways.open() == [True] * 5
    assert min(rows_left(app, email).values()) >= 1, "there is something of each kind to end"

    with Session(app.state.engine) as db, db.begin():
        user = user_of(db, email)
        deactivate(db, user.tenant_id, user.user_id)

    assert ways.open() == [False] * 5
    assert set(rows_left(app, email).values()) == {0}
    assert post_form(client, "/sign-in", email=email, password=PASSWORD).status_code == 401
    assert client.get(go(client, OAK)).status_code == 401

    with Session(app.state.engine) as db, db.begin():
        activate(db, user_of(db, email))

    assert ways.open() == [False] * 5, "none of it comes back"
    assert post_form(client, "/sign-in", email=email, password=PASSWORD).status_code == 303
    client.cookies.clear()
    come_in(client)
