"""The application over a cast of its own, which these tests write to."""

import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from rollbook.app import create_app
from rollbook.testing.databases import TestServer
from web import writing_cast


@pytest.fixture(scope="session")
def world(rollbook_server: TestServer) -> Iterator[writing_cast.World]:
    with rollbook_server.database() as lent:
        yield writing_cast.build(lent.url, lent.owner_url)


@pytest.fixture(scope="session")
def app(world: writing_cast.World) -> Iterator[FastAPI]:
    made = create_app(world.url)
    yield made
    made.state.engine.dispose()


@pytest.fixture(scope="session")
def sessions() -> dict[str, str]:
    return {}


@pytest.fixture(scope="session")
def address(world: writing_cast.World) -> Iterator[str]:
    """Serve the cast with `rollbook serve`, on a free port."""
    environment = os.environ | {"ROLLBOOK_DATABASE_URL": world.url, "ROLLBOOK_OWNER_URL": world.owner_url}
    command = [sys.executable, "-m", "rollbook.cli", "serve", "--port", "0", "--json"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield json.loads("".join(itertools.islice(server.stdout, 3)))["address"]
        server.terminate()
        assert server.wait(timeout=30) in (0, -signal.SIGTERM)
