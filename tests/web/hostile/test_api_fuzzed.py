"""Schemathesis at the whole API: what its description allows and what it does not, as several who ask.

No answer is a failure of ours, and every answer is as described. The same seed each time.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from schemathesis import Case, CheckContext, Response, checks
from schemathesis.checks import negative_data_rejection
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.types import Receive, Scope, Send

from rollbook.accounts import keys
from rollbook.accounts.keys import Scope as KeyScope
from rollbook.accounts.models import User
from rollbook.app import create_app
from rollbook.core.tenancy import Visibility, find_tenant, look_through
from rollbook.testing.databases import TestServer
from web import cast as the_cast
from web.clients import SignIn
from web.hostile.routes import facts_of, looking

FEW, MANY = 4, 10
SEEN_BY = ("district_admin", "teacher", "nobody@oak.example")


class _Door:
    """Where the application will stand once there is a database for it; its description needs none."""

    def __init__(self) -> None:
        self.app: Any = create_app("postgresql://nobody@127.0.0.1:1/none")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


DOOR = _Door()
CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 20261121,
        "generation": {"deterministic": True},
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
    }
)
SCHEMA = schemathesis.openapi.from_asgi("/api/v1/openapi.json", DOOR, config=CONFIG)


def refuses_what_cannot_be(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """A header that was spoiled is replaced by who asks, so there is nothing to refuse."""
    return (
        None if is_spoiled(case, ParameterLocation.HEADER) else negative_data_rejection(ctx, response, case)
    )


CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    refuses_what_cannot_be,
    checks.unsupported_method,
]
BOUNDED = settings(
    max_examples=FEW, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def world(rollbook_server: TestServer) -> Iterator[the_cast.World]:
    """A cast of its own: it is written to."""
    with rollbook_server.database() as lent:
        yield the_cast.build(lent.url, lent.owner_url)


@pytest.fixture(scope="module")
def app(world: the_cast.World) -> Iterator[FastAPI]:
    DOOR.app = create_app(world.url)
    yield DOOR.app
    DOOR.app.state.engine.dispose()


@pytest.fixture(scope="module")
def sessions() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def there(world: the_cast.World) -> dict[str, str]:
    with looking(world.owner_url) as db:
        return facts_of(db, world) | {"activity_code": "RUN", "activity_type": "cardio"}


@pytest.fixture(scope="module")
def key(app: FastAPI) -> str:
    """A program's key that opens all that there is for a district."""
    with Session(app.state.engine) as db, db.begin():
        tenant_id = find_tenant(db, "oak-valley").tenant_id
        look_through(db, Visibility(tenant_id))
        admin = db.scalars(select(User).where(User.email == "district_admin@oak.example")).one()
        return keys.create_key(db, admin, "all", (KeyScope.READ, KeyScope.WRITE)).text


def about(case: Case[Any], there: dict[str, str]) -> Case[Any]:
    """Ask about what is there; what is not is answered 404, whatever else is asked."""
    if not is_spoiled(case, ParameterLocation.PATH):
        named = {name: there[name] for name in case.path_parameters if name in there}
        case.path_parameters.update(named)
    return case


def is_spoiled(case: Case[Any], place: ParameterLocation) -> bool:
    """Say whether this part of a request was made so that it cannot be."""
    part = case.meta.components.get(place) if case.meta else None
    return part is not None and part.mode.is_negative


@SCHEMA.parametrize()
@BOUNDED
def test_the_api_is_as_described_to_a_program(case: Case[Any], key: str, there: dict[str, str]) -> None:
    """And nothing is answered to one with another key, or with none."""
    about(case, there).call_and_validate(
        headers={"Authorization": f"Bearer {key}"}, checks=[*CHECKS, checks.ignored_auth]
    )


@pytest.mark.slow
@pytest.mark.parametrize("who", SEEN_BY)
@SCHEMA.parametrize()
@settings(BOUNDED, max_examples=MANY)
def test_the_api_is_as_described_to_people(
    case: Case[Any], sign_in: SignIn, there: dict[str, str], who: str
) -> None:
    cookie = f"rollbook={sign_in(who).cookies['rollbook']}"
    headers = {"Cookie": cookie, "Authorization": ""}
    case.call_and_validate(headers=headers, checks=CHECKS)
    about(case, there).call_and_validate(headers=headers, checks=CHECKS)
