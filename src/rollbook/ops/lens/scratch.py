"""A server to try things on: made for it, empty, as like the real one as matters, and removed."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from rollbook.core.settings import Settings, settings
from rollbook.ops import server
from rollbook.ops.binaries import find_binaries, system
from rollbook.ops.roles import Connection

_SAMPLE: Final = b"""
CREATE TABLE speed_sample AS
SELECT n AS id, md5(n::text) AS a, md5((n + 1)::text) AS b FROM generate_series(1, 200000) AS n
"""
# The column is written anew, then read, then sorted into an index.
_REWRITE: Final = b"ALTER TABLE speed_sample ALTER id TYPE bigint"
_SCAN: Final = b"ALTER TABLE speed_sample ADD CHECK (id > 0)"
_BUILD: Final = b"CREATE INDEX ON speed_sample (a)"


@dataclass(frozen=True, slots=True)
class Speeds:
    """How fast this machine works on a table that is in memory; from disk it is slower.

    Units:  bytes per second.
    """

    rewrite: float
    scan: float
    build: float


@contextmanager
def scratch(version: int) -> Iterator[str]:
    """Run a server of the same major version where its programs are here; lend its owner's URL.

    Shape:  ``version`` as server_version_num.
    """
    folder = Path(tempfile.mkdtemp(prefix="rollbook-lens-"))
    folder.chmod(0o711)  # the server's account has to pass
    chosen = Settings(
        home=folder / "home",
        database_url=None,
        owner_url=None,
        database_port=None,
        database_bin=_programs(version // 10_000),
    )
    try:
        yield server.up(chosen, durable=False).owner_url
    finally:
        server.down(chosen)
        shutil.rmtree(folder, ignore_errors=True)


def _programs(major: int) -> Path | None:
    """Return the folder of programs of that major version, if they are installed and not the usual ones."""
    usual = settings().database_bin
    if find_binaries(usual).major == major:
        return usual
    installed = system()
    return installed.directory if installed and installed.major == major else usual


def add(url: str, statements: Sequence[str]) -> None:
    """Make what the real database has beyond its migrations, as far as its tables are there yet."""
    with psycopg.connect(url, autocommit=True) as db:
        for statement in statements:
            with suppress(psycopg.Error):  # it is there, or what it belongs to comes later
                db.execute(statement.encode())


def measure(url: str) -> Speeds:
    """Time a rewrite, a scan and the build of an index on this machine."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(_SAMPLE)
        found = db.execute("SELECT pg_relation_size('speed_sample')").fetchone()
        assert found is not None
        rewrite, scan, build = (_timed(db, statement) for statement in (_REWRITE, _SCAN, _BUILD))
        db.execute("DROP TABLE speed_sample")
    size = int(found[0])
    return Speeds(size / rewrite, size / scan, size / build)


def _timed(db: Connection, statement: bytes) -> float:
    begin = time.perf_counter()
    db.execute(statement)
    return max(time.perf_counter() - begin, 1e-4)
