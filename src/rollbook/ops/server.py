"""The PostgreSQL server: start or find it, stop it, describe it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rollbook.core.progress import Report, Silent
from rollbook.core.settings import Settings
from rollbook.core.settings import settings as process_settings
from rollbook.ops import embedded, external, postmaster
from rollbook.ops.binaries import RESOLVERS, Resolver
from rollbook.ops.embedded import ServerStatus, home_of
from rollbook.ops.errors import ServerStillStopping

__all__ = ["ServerStatus", "down", "is_external", "log_path", "status", "up"]

STOP_TIMEOUT_S: Final = 120
_SILENT: Final = Silent()


def up(
    settings: Settings | None = None,
    report: Report = _SILENT,
    *,
    resolvers: Sequence[Resolver] = RESOLVERS,
    durable: bool = True,
) -> ServerStatus:
    """Start the server, or find it running; either way it then has the roles and the database.

    ``durable=False`` is for tests: faster, and a power failure may lose everything.
    Raises: what ``rollbook.ops.errors`` names; nothing that was stored is lost then.
    """
    chosen = settings or process_settings()
    if is_external(chosen):
        external.up(chosen, report)
    else:
        embedded.up(chosen, report, resolvers=resolvers, durable=durable)
    return status(chosen)


def down(settings: Settings | None = None, report: Report = _SILENT) -> bool:
    """Stop the server, ending its sessions; return whether one ran. An external server is left alone.

    Raises: ``ServerStillStopping``; ``NotYourServer``; ``ServerOutOfSight``.
    """
    chosen = settings or process_settings()
    home = home_of(chosen)
    if is_external(chosen) or not home.path.is_dir():
        return False
    with home.locked(report):
        found = postmaster.find_postmaster(home.data)
        if found is None:
            with home.guarded():
                return False
        report.step("Stopping PostgreSQL")
        if not postmaster.stop(found.pid, home.path, timeout_s=STOP_TIMEOUT_S):
            raise ServerStillStopping(pid=found.pid, seconds=STOP_TIMEOUT_S, log=home.log)
        embedded.remove_socket_folder(home)
    return True


def status(settings: Settings | None = None) -> ServerStatus:
    """Describe the server, running or not."""
    chosen = settings or process_settings()
    return external.status(chosen) if is_external(chosen) else embedded.status(chosen)


def log_path(settings: Settings | None = None) -> Path:
    """Return the file that our own server writes its log to."""
    return home_of(settings or process_settings()).log


def is_external(settings: Settings) -> bool:
    """Say whether somebody else runs the server."""
    return settings.database_url is not None
