"""How tests of the web sign in and send forms."""

from collections.abc import Callable

import httpx2
from fastapi.testclient import TestClient

SignIn = Callable[[str], TestClient]


def post_form(client: TestClient, path: str, **fields: str) -> httpx2.Response:
    """Send a form as its page would."""
    page = client.get("/sign-in" if path == "/sign-in" else "/caseload").text
    token = page.split('name="form_token" value="')[1].split('"')[0]
    return client.post(path, data={"form_token": token, **fields})
