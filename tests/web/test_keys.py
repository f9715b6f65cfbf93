"""Programs at the API: a key or a token, its scope, and what its user sees."""

import base64
from itertools import count as counter

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from rollbook.access.grants import grant
from rollbook.accounts import keys, service
from rollbook.accounts.keys import Scope
from rollbook.accounts.models import Role
from rollbook.accounts.models_grants import GrantScope
from rollbook.core.tenancy import Visibility, ensure_tenant, look_through
from rollbook.roster.models import Student
from web import cast as the_cast

_numbers = counter(1)


def key_for(app: FastAPI, world: the_cast.World, *scopes: Scope) -> str:
    """Make a service that is granted one student, and a key for it."""
    with Session(app.state.engine) as db, db.begin():
        tenant_id = ensure_tenant(db, "oak-valley", name="Oak Valley").tenant_id
        look_through(db, Visibility(tenant_id))
        robot = service.add_user(
            db,
            tenant_id=tenant_id,
            email=f"robot{next(_numbers)}@oak.example",
            full_name="Timetable",
            role=Role.SERVICE,
            password=None,
        )
        ada = db.get_one(Student, (tenant_id, world.ada)).student_number
        grant(db, robot, GrantScope.STUDENT, ada, reason="timetables")
        return keys.create_key(db, robot, "timetable", scopes).text


def bearer(shown: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {shown}"}


def test_a_key_reads_what_its_user_sees(app: FastAPI, world: the_cast.World, client: TestClient) -> None:
    key = key_for(app, world, Scope.READ)

    answer = client.get("/api/v1/students", headers=bearer(key))

    assert answer.status_code == 200
    assert [student["student_id"] for student in answer.json()["data"]] == [str(world.ada)]
    assert client.get(f"/api/v1/students/{world.other_school}", headers=bearer(key)).status_code == 404


def test_what_is_read_by_a_key_is_in_the_log_with_the_key(
    app: FastAPI, world: the_cast.World, client: TestClient, log: Connection
) -> None:
    key = key_for(app, world, Scope.READ)

    request = client.get("/api/v1/students", headers=bearer(key)).headers["x-request-id"]

    query = text("SELECT who, user_id IS NOT NULL FROM disclosures WHERE request_id = :request")
    assert log.execute(query, {"request": request}).all() == [(f"key {key[:12]}", True)]


def test_a_key_without_the_scope_writes_nothing(
    app: FastAPI, world: the_cast.World, client: TestClient
) -> None:
    key = key_for(app, world, Scope.READ)

    answer = client.post("/api/v1/incidents", json={}, headers=bearer(key))

    assert (answer.status_code, answer.json()["code"]) == (403, "ScopeMissing")


@pytest.mark.parametrize("shown", ["", "rbk_00000000_x", "rbt_x", "\u00e9"])
def test_what_is_no_key_is_told_so(client: TestClient, shown: str) -> None:
    answer = client.get("/api/v1/students", headers={b"Authorization": f"Bearer {shown}".encode("latin-1")})

    assert (answer.status_code, answer.json()["code"]) == (401, "BearerInvalid")
    assert answer.headers["www-authenticate"] == 'Bearer realm="Rollbook"'


def test_a_key_opens_no_page(app: FastAPI, world: the_cast.World, client: TestClient) -> None:
    key = key_for(app, world, Scope.READ)

    for path in ("/caseload", "/students", "/account", "/students.csv"):
        assert client.get(path, headers=bearer(key)).status_code in (303, 401), path


@pytest.mark.parametrize("by_header", [True, False])
def test_a_service_gets_a_token_for_its_key(
    app: FastAPI, world: the_cast.World, client: TestClient, by_header: bool
) -> None:
    key = key_for(app, world, Scope.READ)
    client_id, secret = key[:12], key[13:]
    encoded = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    named = {} if by_header else {"client_id": client_id, "client_secret": secret}

    answer = client.post(
        "/oauth/token",
        data={"grant_type": "client_credentials", "scope": "read"} | named,
        headers={"Authorization": f"Basic {encoded}"} if by_header else {},
    )

    assert answer.status_code == 200
    told = answer.json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 900, "read")
    assert answer.headers["cache-control"] == "no-store"
    students = client.get("/api/v1/students", headers=bearer(told["access_token"]))
    assert len(students.json()["data"]) == 1


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"scope": "write"}, (400, "invalid_scope")),
        ({"scope": "everything"}, (400, "invalid_scope")),
        ({"client_secret": "x" * 43}, (401, "invalid_client")),
        ({"client_id": "somebody"}, (401, "invalid_client")),
        ({"client_id": "\0"}, (401, "invalid_client")),
    ],
)
def test_a_service_is_refused_as_the_standard_says(
    app: FastAPI,
    world: the_cast.World,
    client: TestClient,
    change: dict[str, str],
    refusal: tuple[int, str],
) -> None:
    key = key_for(app, world, Scope.READ)
    right = {"grant_type": "client_credentials", "client_id": key[:12], "client_secret": key[13:]}

    answer = client.post("/oauth/token", data=right | change)

    assert (answer.status_code, answer.json()["error"]) == refusal
    assert ("www-authenticate" in answer.headers) is (refusal[0] == 401)


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic gIA=", "Basic Og=="])
def test_a_header_that_says_nothing_is_no_client(client: TestClient, header: str) -> None:
    form = {"grant_type": "client_credentials"}

    assert client.post("/oauth/token", data=form, headers={"Authorization": header}).status_code == 401
