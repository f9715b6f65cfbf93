"""Every way in which sign-in by a provider must not work, against a real one."""

import time

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from rollbook.accounts.service import deactivate, get_user
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from web.providers import ELM, HERE, OAK, OPEN, Provider, come_in, go, query_of, visit

pytestmark = pytest.mark.usefixtures("by_provider")
REFUSED = "did not work"
UNKNOWN = "Nobody here signs in with this account"


def user_named(app: FastAPI, email: str, slug: str = "oak-valley") -> str:
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, slug).tenant_id
        look_through(db, Visibility(tenant_id))
        return get_user(db, tenant_id, email).full_name


def refusal(client: TestClient, at: str = OAK) -> str:
    """Try, and return what the page says; no session began."""
    answer = client.get(go(client, at))
    assert answer.status_code == 401, answer.headers
    assert client.get("/caseload").status_code == 303
    return answer.text


def test_another_subject_with_the_same_email_takes_nobody_over(
    client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email, subject="the first")
    come_in(client)
    client.cookies.delete("rollbook")

    lakeside.signs_in(email, subject="a later owner of the address")

    assert UNKNOWN in refusal(client)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_email_that_is_not_verified_links_nobody(
    client: TestClient, lakeside: Provider, email: str, verified: object
) -> None:
    lakeside.signs_in(email, verified=verified)

    assert UNKNOWN in refusal(client)


def test_nobody_is_found_in_another_tenant(
    app: FastAPI, client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in("olga@open.example")
    assert UNKNOWN in refusal(client, OAK)
    lakeside.signs_in(email)
    assert UNKNOWN in refusal(client, OPEN)

    come_in(client, OAK)

    assert user_named(app, email) == "Ann Count"
    assert "Oak Valley" in client.get("/account").text


def test_who_is_unknown_and_who_is_disabled_are_told_the_same_and_nobody_is_made(
    app: FastAPI, client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email)
    come_in(client)
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        deactivate(db, tenant_id, get_user(db, tenant_id, email).user_id)
    assert client.get("/caseload").status_code == 303, "their session is over at once"

    disabled = client.get(go(client, OAK))
    lakeside.signs_in("nobody.at.all@oak.example")
    unknown = client.get(go(client, OAK))

    assert (disabled.status_code, unknown.status_code) == (401, 401)
    said = [page.text.split('role="alert"')[1].split("</p>")[0] for page in (disabled, unknown)]
    assert said[0] == said[1]
    assert UNKNOWN in said[0]


WRONG_CLAIMS = {
    "nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "issuer": {"iss": "https://evil.example"},
    "audience": {"aud": "another-client"},
    "audience among several, for another": {"aud": ["rollbook", "other"], "azp": "other"},
    "several audiences, for nobody": {"aud": ["rollbook", "other"], "azp": None},
    "authorized party": {"azp": "another-client"},
    "expired": {"exp": int(time.time()) - 3600, "iat": int(time.time()) - 7200},
    "no end": {"exp": None},
    "from the future": {"iat": int(time.time()) + 86_400},
    "access token's hash": {"at_hash": "bm90IGl0cyBoYXNoIQ"},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": ["a"]},
    "a subject that cannot be kept": {"sub": "a\0b"},
    "a subject without end": {"sub": "a" * 300},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_a_token_that_is_signed_but_not_right_is_refused(
    client: TestClient, lakeside: Provider, email: str, claims: dict[str, object]
) -> None:
    lakeside.signs_in(email)
    lakeside.sends(**claims)

    assert REFUSED in refusal(client)

    lakeside.sends()
    come_in(client)


@pytest.mark.parametrize(
    "how",
    [{"alg": "none"}, {"alg": "HS256"}, {"by": "stranger"}],
    ids=["unsigned", "signed with the public key as a secret", "signed by a stranger"],
)
def test_a_token_that_the_provider_did_not_sign_is_refused(
    client: TestClient, lakeside: Provider, email: str, how: dict[str, str]
) -> None:
    lakeside.signs_in(email)
    lakeside.signs(**how)

    assert REFUSED in refusal(client)

    lakeside.sends()
    come_in(client)


def test_the_state_must_be_this_browsers(
    app: FastAPI, client: TestClient, lakeside: Provider, email: str
) -> None:
    lakeside.signs_in(email)
    back = go(client, OAK)
    other = TestClient(app, base_url=HERE, follow_redirects=False)

    stranger = other.get(back)
    other.get(OAK)
    begun_elsewhere = other.get(back)
    wrong = client.get(back.replace(query_of(back)["state"], "guessed"))

    assert [answer.status_code for answer in (stranger, begun_elsewhere, wrong)] == [401, 401, 401]
    assert "rollbook" not in client.cookies


def test_an_answer_is_taken_once(client: TestClient, lakeside: Provider, email: str) -> None:
    lakeside.signs_in(email)
    back = go(client, OAK)
    kept = client.cookies["rollbook_pending"]
    assert client.get(back).status_code == 303
    client.cookies.delete("rollbook")

    again = client.get(back)
    client.cookies.set("rollbook_pending", kept, domain="rollbook.test")
    replayed = client.get(back)

    assert (again.status_code, replayed.status_code) == (401, 401)
    assert "does not know its own code" in replayed.text


def test_a_code_of_one_provider_is_not_taken_as_anothers(
    client: TestClient, lakeside: Provider, elmwood: Provider, email: str
) -> None:
    """The mix-up: a dishonest provider sends on an answer that another one gave."""
    lakeside.signs_in(email)
    elmwood.signs_in(email)
    of_lakeside = query_of(go(client, OAK))
    begun = client.get(ELM)
    state = query_of(begun.headers["location"])["state"]

    mixed = client.get(f"{ELM}/back", params=of_lakeside | {"state": state})
    begun = client.get(ELM)
    crossed = client.get(f"{OAK}/back", params=of_lakeside)
    unnamed = {"code": of_lakeside["code"], "state": query_of(begun.headers["location"])["state"]}
    client.cookies.delete("rollbook_pending")
    client.get(ELM)
    nameless = client.get(f"{ELM}/back", params=unnamed)

    assert [answer.status_code for answer in (mixed, crossed, nameless)] == [401, 401, 401]
    assert "another provider answered" in mixed.text
    assert "rollbook" not in client.cookies


@pytest.mark.parametrize(
    "next_path",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil"],
)
def test_nobody_is_sent_elsewhere(client: TestClient, lakeside: Provider, email: str, next_path: str) -> None:
    lakeside.signs_in(email)
    begun = client.get(OAK, params={"next": next_path})
    answer = client.get(visit(begun.headers["location"]))

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize("alike", ["\N{KELVIN SIGN}", "\N{FULLWIDTH LATIN SMALL LETTER K}", "k\u0301", "k\0"])
def test_an_email_that_only_looks_alike_links_nobody(
    client: TestClient, lakeside: Provider, email: str, alike: str
) -> None:
    lakeside.signs_in(email.replace("k", alike), subject="who looks alike")

    assert UNKNOWN in refusal(client)
