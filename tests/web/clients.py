"""How tests of the web sign in and send forms."""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
from fastapi import FastAPI
from fastapi.testclient import TestClient

PASSWORD = "correct horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SignIn = Callable[[str], TestClient]


def post_form(client: TestClient, path: str, **fields: str) -> httpx2.Response:
    """Send a form as its page would."""
    page = client.get("/sign-in" if path == "/sign-in" else "/caseload").text
    token = page.split('name="form_token" value="')[1].split('"')[0]
    return client.post(path, data={"form_token": token, **fields})


def enter(app: FastAPI, email: str, agent: str = FIREFOX) -> TestClient:
    """Sign somebody in with a browser of their own."""
    client = TestClient(
        app, base_url="http://rollbook.test", follow_redirects=False, headers={"User-Agent": agent}
    )
    assert post_form(client, "/sign-in", email=email, password=PASSWORD).status_code == 303
    return client


@contextmanager
def serving(url: str, owner_url: str) -> Iterator[str]:
    """Serve a database with `rollbook serve`, on a free port; yield the address."""
    environment = os.environ | {"ROLLBOOK_DATABASE_URL": url, "ROLLBOOK_OWNER_URL": owner_url}
    command = [sys.executable, "-m", "rollbook.cli", "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield json.loads("".join(itertools.islice(server.stdout, 3)))["address"]
        server.terminate()
        assert server.wait(timeout=30) in (0, -signal.SIGTERM)
