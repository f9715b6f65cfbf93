from collections.abc import Iterator

import pytest

from access.proof.world import World, built
from rollbook.testing.databases import TestServer


@pytest.fixture(scope="session")
def world(rollbook_server: TestServer) -> Iterator[World]:
    """The database of the proof; a test leaves it as it found it."""
    with built(rollbook_server) as made:
        yield made
