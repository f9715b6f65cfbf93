"""The ids of the cast, the audit of what a request wrote, and everybody who asks."""

from collections.abc import Callable, Iterator

import httpx2
import pytest
from sqlalchemy import Connection, text

from web import cast as the_cast
from web.hostile.routes import facts_of, looking

# Using a session, and trying to sign in, is written by whoever asks.
OWN = ("user_sessions", "user_sessions_history", "sign_in_tries", "known_devices", "disclosures")
WRITTEN = text("SELECT DISTINCT table_name FROM audit_writes WHERE request_id = :request")
Written = Callable[[httpx2.Response], set[str]]


@pytest.fixture
def log(world: the_cast.World) -> Iterator[Connection]:
    """Look at all of the district as the owner of the tables."""
    with looking(world.owner_url) as connection:
        yield connection


@pytest.fixture
def written(log: Connection) -> Written:
    """Return what says which tables a request wrote to, but for what every use of a session writes."""

    def of(answer: httpx2.Response) -> set[str]:
        found = log.execute(WRITTEN, {"request": answer.headers["x-request-id"]}).scalars()
        return set(found) - set(OWN)

    return of


@pytest.fixture
def facts(log: Connection, world: the_cast.World) -> dict[str, str]:
    """Return an id of each kind."""
    return facts_of(log, world)
