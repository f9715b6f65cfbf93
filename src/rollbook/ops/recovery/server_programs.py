"""PostgreSQL's server programs by major version: only its own can run what a server wrote."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from rollbook.core.settings import Settings
from rollbook.ops.binaries import Binaries, embedded, find_binaries
from rollbook.ops.errors import NoServerPrograms, ServerProgramsUnfit
from rollbook.ops.recovery.errors import NoProgramsFor

_DEBIAN: Final = Path("/usr/lib/postgresql")


def server_programs(major: int, settings: Settings) -> Binaries:
    """Return programs that can run a data directory of ``major``: no other version can.

    Raises: ``NoProgramsFor``.
    """
    for found in _every(settings):
        if found.major == major:
            return found
    raise NoProgramsFor(major=major, why=" to run what it wrote")


def _every(settings: Settings) -> Iterator[Binaries]:
    if settings.database_bin is not None:
        with suppress(ServerProgramsUnfit):
            yield find_binaries(settings.database_bin)
    if (ours := embedded()) is not None:
        yield ours
    for folder in sorted(_DEBIAN.glob("*/bin")):
        with suppress(ServerProgramsUnfit):
            yield find_binaries(folder)
    with suppress(NoServerPrograms):
        yield find_binaries()
