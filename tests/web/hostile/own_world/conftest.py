"""A cast for each file of tests: they write what they are let, which others must not find."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from rollbook.app import create_app
from rollbook.testing.databases import TestServer
from web import cast as the_cast


@pytest.fixture(scope="module")
def world(rollbook_server: TestServer) -> Iterator[the_cast.World]:
    with rollbook_server.database() as lent:
        yield the_cast.build(lent.url, lent.owner_url)


@pytest.fixture(scope="module")
def app(world: the_cast.World) -> Iterator[FastAPI]:
    made = create_app(world.url)
    yield made
    made.state.engine.dispose()


@pytest.fixture(scope="module")
def sessions() -> dict[str, str]:
    return {}
