"""One database with a known workload for all tests of tuning; each leaves its schema as it was."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from ops.tuning.workshop import Workshop, workshop
from rollbook.ops.tuning.looking import looking
from rollbook.testing.databases import TestServer


@pytest.fixture(scope="session")
def shop(rollbook_server: TestServer) -> Iterator[Workshop]:
    with workshop(rollbook_server.settings, "workshop") as lent:
        yield lent


@pytest.fixture
def db(shop: Workshop) -> Iterator[Connection]:
    """Look at the workshop as its superuser, with the counters begun anew."""
    shop.forget()
    with looking(shop.settings, shop.name) as connection:
        yield connection
