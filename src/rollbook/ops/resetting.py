"""Drop all that Rollbook has in its database, and build it again, empty."""

from sqlalchemy import make_url

from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.ops import databases, migrate, server
from rollbook.ops.embedded import DATABASE
from rollbook.ops.errors import ResetUnnamed
from rollbook.ops.migrate import Revision

_SILENT = Silent()


def reset(settings: Settings, *, database: str | None = None, report: Report = _SILENT) -> list[Revision]:
    """Drop everything, build the schema anew, and return its migrations.

    Our own server's database is dropped whole, ending its sessions. On somebody else's server the migrations
    are taken back, so that what is not Rollbook's stays; ``database`` has to name it, or nothing is done.
    Raises: ``ResetUnnamed``; what ``migrate.downgrade`` and ``upgrade`` raise.
    """
    if server.is_external(settings):
        _take_back(server.status(settings).owner_url, database, report)
    else:
        report.step("Dropping the database")
        databases.drop_database(settings, DATABASE)
        server.up(settings, report)
    return migrate.upgrade(server.status(settings).owner_url, report=report)


def _take_back(owner_url: str, database: str | None, report: Report) -> None:
    name = make_url(owner_url).database
    if database != name:
        raise ResetUnnamed(database=name)
    migrate.downgrade(owner_url, "base", report)
