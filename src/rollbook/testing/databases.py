"""A server for tests, and databases on it that are copies of one migrated template."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import URL, make_url

from rollbook.core.database import close_engines
from rollbook.core.settings import Settings
from rollbook.ops import databases, migrate, server

TEMPLATE: Final = "rollbook_template"


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database of its own: ``url`` is the app's, ``owner_url`` the owner's."""

    url: str
    owner_url: str


@dataclass(frozen=True, slots=True)
class TestServer:
    """A real server in a temporary home, with the template made."""

    __test__ = False  # not a test class, whatever pytest thinks of its name

    settings: Settings
    status: server.ServerStatus

    @contextmanager
    def database(self, *, template: str | None = TEMPLATE) -> Iterator[Database]:
        """Lend a database copied from ``template`` (None: empty); it is dropped afterwards."""
        name = f"test_{uuid4().hex[:12]}"
        databases.create_database(self.settings, name, template=template)
        lent = self._database(name)
        try:
            yield lent
        finally:
            close_engines(lent.url)
            close_engines(lent.owner_url)
            databases.drop_database(self.settings, name)

    def _database(self, name: str) -> Database:
        return Database(
            url=_at(self.status.url, name),
            owner_url=_at(self.status.owner_url, name),
        )

    def make_template(self) -> None:
        """Make the migrated database that the others are copied from."""
        databases.create_database(self.settings, TEMPLATE)
        migrate.upgrade(_at(self.status.owner_url, TEMPLATE))


@contextmanager
def running_server(home: Path) -> Iterator[TestServer]:
    """Run a server in ``home`` while the block runs; it need not survive a power failure."""
    settings = Settings(home=home, database_url=None, owner_url=None, database_port=None)
    started = TestServer(settings, server.up(settings, durable=False))
    try:
        started.make_template()
        yield started
    finally:
        server.down(settings)


def _at(url: str, database: str) -> str:
    parsed: URL = make_url(url).set(database=database)
    return parsed.render_as_string(hide_password=False)
