"""The cast, written once for all tests of the web; the application over it; a browser."""

from collections.abc import Callable, Iterator

import cast as the_cast
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rollbook.app import create_app
from rollbook.testing.databases import TestServer

SignIn = Callable[[str], TestClient]


@pytest.fixture(scope="session")
def world(rollbook_server: TestServer) -> Iterator[the_cast.World]:
    with rollbook_server.database() as lent:
        yield the_cast.build(lent.url, lent.owner_url)


@pytest.fixture(scope="session")
def app(world: the_cast.World) -> Iterator[FastAPI]:
    made = create_app(world.url)
    yield made
    made.state.engine.dispose()
