"""The cast, written once for all tests of the web; the application over it; a browser."""

import itertools
from collections.abc import Callable, Iterator
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from sqlalchemy import Connection, Engine, NullPool, create_engine, text
from sqlalchemy.orm import Session

from rollbook.accounts import service
from rollbook.accounts.models import Role
from rollbook.accounts.oidc_directory import Directory
from rollbook.app import create_app
from rollbook.core.tenancy import Visibility, ensure_tenant, find_tenant, look_through
from rollbook.testing.databases import TestServer
from web import cast as the_cast
from web.browser import FLAGS, chromium
from web.clients import PASSWORD, SignIn, enter, post_form, serving
from web.providers import ELM, HERE, OAK, OPEN, Provider, register, running

_numbers = itertools.count(1)
LOOK = text(
    "SELECT set_config('rollbook.tenant', :tenant, true), set_config('rollbook.scope', 'tenant', true)"
)
OpenAs = Callable[..., Page]


@pytest.fixture(scope="session")
def world(rollbook_server: TestServer) -> Iterator[the_cast.World]:
    with rollbook_server.database() as lent:
        yield the_cast.build(lent.url, lent.owner_url)


@pytest.fixture(scope="session")
def app(world: the_cast.World) -> Iterator[FastAPI]:
    made = create_app(world.url)
    yield made
    made.state.engine.dispose()


def forget_tries(world: the_cast.World) -> None:
    """An earlier test may have guessed wrongly until an email, or everybody here, had to wait."""
    engine = create_engine(world.owner_url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("TRUNCATE sign_in_tries"))


@pytest.fixture
def client(app: FastAPI, world: the_cast.World) -> Iterator[TestClient]:
    """Nobody is signed in; redirects are not followed, so that a test sees them."""
    forget_tries(world)
    with TestClient(app, base_url="http://rollbook.test", follow_redirects=False) as opened:
        yield opened


@pytest.fixture(scope="session")
def sessions() -> dict[str, str]:
    """The session of each who has signed in: a password takes its time on purpose."""
    return {}


def show_second_factor(owner_url: str, token: str) -> None:
    """Let a session be one that a code was shown in, as exports and administration ask for."""
    with create_engine(owner_url, poolclass=NullPool).begin() as owner:
        token_hash = sha256(token.encode()).digest()
        owner.execute(text("SELECT set_config('rollbook.session_hash', :it, true)"), {"it": token_hash.hex()})
        which = text("SELECT tenant_id FROM user_sessions WHERE token_hash = :it")
        tenant = owner.scalar(which, {"it": token_hash})
        owner.execute(text("SELECT set_config('rollbook.tenant', :it, true)"), {"it": str(tenant)})
        shown = text("UPDATE user_sessions SET second_factor_at = now() WHERE token_hash = :it")
        assert owner.execute(shown, {"it": token_hash}).rowcount == 1


def _is_open(app: FastAPI, token: str | None) -> bool:
    """Say whether a session still lets in: an earlier test may have ended it, as some are about that."""
    client = TestClient(app, base_url="http://rollbook.test", follow_redirects=False)
    client.cookies.set("rollbook", token or "", domain="rollbook.test")
    return token is not None and client.get("/account").status_code == HTTPStatus.OK


@pytest.fixture
def sign_in(app: FastAPI, world: the_cast.World, sessions: dict[str, str]) -> Iterator[SignIn]:
    """Return what signs someone in, by role or email, with a second factor, and returns their client."""
    forget_tries(world)
    opened: list[TestClient] = []

    def as_(who: str) -> TestClient:
        client = TestClient(app, base_url="http://rollbook.test", follow_redirects=False)
        opened.append(client)
        email = who if "@" in who else f"{who}@oak.example"
        if not _is_open(app, sessions.get(email)):
            answer = post_form(client, "/sign-in", email=email, password=the_cast.PASSWORD)
            assert answer.status_code == 303, answer.text
            sessions[email] = client.cookies["rollbook"]
            show_second_factor(world.owner_url, sessions[email])
        client.cookies.set("rollbook", sessions[email], domain="rollbook.test")
        return client

    yield as_
    for client in opened:
        client.close()


@pytest.fixture
def by_password(app: FastAPI, world: the_cast.World) -> SignIn:
    """Return what signs someone in who shows nothing but a password."""
    forget_tries(world)
    return lambda who: enter(app, who if "@" in who else f"{who}@oak.example")


@pytest.fixture(scope="session")
def address(world: the_cast.World) -> Iterator[str]:
    with serving(world.url, world.owner_url) as at:
        yield at


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield opened
        opened.close()


def is_fault(said: ConsoleMessage) -> bool:
    """Say whether a message is a fault of the page, not the browser's note of a status that was meant."""
    return said.type == "error" and "responded with a status of 4" not in said.text


@pytest.fixture
def open_as(browser: Browser, address: str, sign_in: SignIn) -> Iterator[OpenAs]:
    """Return what opens a window, for a user or for nobody; a page that breaks its policy fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_as(who: str | None, **settings: Any) -> Page:  # noqa: ANN401 -- Playwright's own settings
        context = browser.new_context(base_url=address, **settings)
        contexts.append(context)
        if who is not None:
            token = sign_in(who).cookies["rollbook"]
            context.add_cookies([{"name": "rollbook", "value": token, "url": address}])
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if is_fault(said) else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def email(app: FastAPI) -> str:
    """Add a user for this test alone."""
    address = f"account{next(_numbers)}@oak.example"
    with Session(app.state.engine) as db, db.begin():
        tenant = ensure_tenant(db, "oak-valley", name="Oak Valley")
        look_through(db, Visibility(tenant.tenant_id))
        service.add_user(
            db,
            tenant_id=tenant.tenant_id,
            email=address,
            full_name="Ann Count",
            role=Role.TEACHER,
            password=PASSWORD,
        )
    return address


@pytest.fixture(scope="module")
def lakeside() -> Iterator[Provider]:
    """Run a provider that two tenants sign in by."""
    with running(f"{HERE}{OAK}/back", f"{HERE}{OPEN}/back") as provider:
        yield provider


@pytest.fixture(scope="module")
def elmwood() -> Iterator[Provider]:
    """Run another one."""
    with running(f"{HERE}{ELM}/back") as provider:
        yield provider


@pytest.fixture(scope="module")
def registered(world: the_cast.World, lakeside: Provider, elmwood: Provider) -> Iterator[None]:
    """Let the cast sign in by them, until the module is done."""
    register(world.url, "oak-valley", "lakeside", lakeside.issuer, label="Lakeside ID")
    register(world.url, "oak-valley", "elmwood", elmwood.issuer)
    register(world.url, "open-u", "lakeside", lakeside.issuer)
    yield
    for slug in ("oak-valley", "open-u"):
        forget_providers(world.owner_url, slug)


def forget_providers(owner_url: str, slug: str) -> None:
    """Let nobody of the tenant sign in by a provider any more."""
    with Session(create_engine(owner_url, poolclass=NullPool)) as db, db.begin():
        look_through(db, Visibility(find_tenant(db, slug).tenant_id))
        db.execute(text("DELETE FROM user_sessions WHERE provider_id IS NOT NULL"))
        for table in ("identity_links", "identity_providers"):
            db.execute(text(f"DELETE FROM {table}"))


@pytest.fixture
def by_provider(app: FastAPI, registered: None) -> None:
    """Begin with nothing fetched: what an earlier test kept of a provider is forgotten."""
    assert registered is None
    app.state.directory = Directory()


@pytest.fixture(scope="module")
def owner(world: the_cast.World) -> Iterator[Engine]:
    engine = create_engine(world.owner_url)
    yield engine
    engine.dispose()


@pytest.fixture
def log(owner: Engine) -> Iterator[Connection]:
    with owner.connect() as connection, connection.begin() as transaction:
        tenant = connection.scalar(text("SELECT set_config('rollbook.tenant_slug', 'oak-valley', true)"))
        assert tenant == "oak-valley"
        connection.execute(LOOK, {"tenant": str(_tenant_id(connection))})
        yield connection
        transaction.rollback()


def _tenant_id(connection: Connection) -> int:
    found: int = connection.scalar(text("SELECT tenant_id FROM tenants WHERE slug = 'oak-valley'")) or 0
    return found
