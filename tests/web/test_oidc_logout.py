"""A provider says that a sign-in is over."""

import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from web.clients import enter
from web.providers import HERE, OAK, OPEN, Provider, come_in

pytestmark = pytest.mark.usefixtures("by_provider")


def logout_token(provider: Provider, **changed: object) -> dict[str, object]:
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": provider.issuer,
        "aud": "rollbook",
        "iat": now,
        "exp": now + 120,
        "jti": "a logout",
        "sub": "gone",
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    return claims | changed


def test_the_provider_ends_the_sessions_that_it_began(
    app: FastAPI, client: TestClient, lakeside: Provider, elmwood: Provider, email: str
) -> None:
    lakeside.signs_in(email, subject="gone")
    come_in(client)
    by_password = enter(app, email)
    stranger = TestClient(app, base_url=HERE, follow_redirects=False)
    refused = [
        lakeside.forge(logout_token(lakeside), by="stranger"),
        lakeside.forge(logout_token(lakeside), alg="none"),
        lakeside.forge(logout_token(lakeside), alg="HS256"),
        lakeside.forge(logout_token(lakeside, aud="another")),
        lakeside.forge(logout_token(lakeside, nonce="n")),
        lakeside.forge(logout_token(lakeside, events={})),
        lakeside.forge(logout_token(lakeside, sub=None)),
        lakeside.forge(logout_token(lakeside, exp=1)),
        lakeside.forge(logout_token(lakeside, sub="a\0b", sid="\0")),
        elmwood.forge(logout_token(elmwood)),
        "no token",
    ]

    answers = [stranger.post(f"{OAK}/over", data={"logout_token": token}) for token in refused]
    assert [answer.status_code for answer in answers] == [400] * len(refused)
    assert client.get("/caseload").status_code == 200

    done = stranger.post(f"{OAK}/over", data={"logout_token": lakeside.forge(logout_token(lakeside))})

    assert done.status_code == 200, done.text
    assert client.get("/caseload").status_code == 303
    assert by_password.get("/caseload").status_code == 200


def test_a_provider_that_there_is_not_ends_nothing(client: TestClient, lakeside: Provider) -> None:
    token = lakeside.forge(logout_token(lakeside))

    assert client.post("/sign-in/with/no-such/provider/over", data={"logout_token": token}).status_code == 400
    assert client.post(f"{OPEN}/over", data={"logout_token": token}).status_code == 200
    assert client.post(f"{OAK}/over", data={}).status_code == 422
