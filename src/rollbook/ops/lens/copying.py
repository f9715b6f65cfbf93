"""A scratch server with the schema's roles: to try migrations on, and to time what this machine does."""

import math
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg

from rollbook.core.settings import settings
from rollbook.ops import roles
from rollbook.ops.binaries import Binaries, find_binaries, system
from rollbook.ops.embedded import DATABASE
from rollbook.ops.roles import OWNER, Connection
from rollbook.ops.scratch import scratch

_AS_REAL: Final = {"wal_level": "replica", "shared_buffers": "128MB"}
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

    Units:  bytes of the table per second, of rows that take ``row_bytes`` each.
    """

    rewrite: float
    scan: float
    build: float
    row_bytes: float = math.inf

    def bytes_to_do(self, size: int, rows: int) -> float:
        """Return what a table's size comes to at the most: a row that is wider takes hardly longer."""
        return min(float(size), rows * self.row_bytes) if rows else float(size)


@contextmanager
def schema_server(version: int) -> Iterator[str]:
    """Run a server of the same major version where its programs are here; lend its owner's URL.

    Shape:  ``version`` as server_version_num.
    """
    with scratch(settings(), _programs(version // 10_000), _AS_REAL) as made:
        made.start()
        passwords = {role: secrets.token_urlsafe(24) for role in roles.ROLES}
        with made.connect("postgres") as db:
            roles.ensure_roles(db, passwords)
            roles.ensure_database(db, DATABASE)
        with made.connect(DATABASE) as db:
            roles.open_schema(db)
        yield made.url(OWNER, passwords[OWNER], DATABASE)


def _programs(major: int) -> Binaries:
    """Return the programs of that major version, if they are installed, else the usual ones."""
    usual = find_binaries(settings().database_bin)
    return usual if usual.major == major else system(major) or usual


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
        found = db.execute("SELECT pg_relation_size('speed_sample'), count(*) FROM speed_sample").fetchone()
        assert found is not None
        rewrite, scan, build = (_timed(db, statement) for statement in (_REWRITE, _SCAN, _BUILD))
        db.execute("DROP TABLE speed_sample")
    size, rows = map(float, found)
    return Speeds(size / rewrite, size / scan, size / build, size / rows)


def _timed(db: Connection, statement: bytes) -> float:
    begin = time.perf_counter()
    db.execute(statement)
    return max(time.perf_counter() - begin, 1e-4)
