"""A run of a backup's verb is noted where a database is there to note it: a verify must not need one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

import psycopg

from rollbook.core.settings import Settings
from rollbook.ops import server
from rollbook.ops.runs import Noted, noted

_NOBODY: Final = UUID(int=0)
_TIMEOUT_S: Final = 10


@contextmanager
def noted_if_possible(chosen: Settings, verb: str) -> Iterator[Noted]:
    """Note the block as ``runs.noted`` does; where no database can, just run it."""
    status = server.status(chosen)
    if not (status.running and status.owner_url and _has_runs(status.owner_url)):
        yield Noted(_NOBODY)
        return
    with noted(status.owner_url, verb) as run:
        yield run


def _has_runs(owner_url: str) -> bool:
    try:
        with psycopg.connect(owner_url, connect_timeout=_TIMEOUT_S) as db:
            return db.execute("SELECT to_regclass('operations.runs') IS NOT NULL").fetchone() == (True,)
    except psycopg.OperationalError:
        return False
