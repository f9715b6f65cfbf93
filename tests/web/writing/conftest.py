"""The application over a cast of its own, which these tests write to."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from rollbook.app import create_app
from rollbook.testing.databases import TestServer
from web import writing_cast
from web.clients import serving


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
    with serving(world.url, world.owner_url) as at:
        yield at
