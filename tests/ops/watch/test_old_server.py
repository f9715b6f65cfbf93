"""The measures are taken on PostgreSQL 15 too, where several columns and views have other names."""

from pathlib import Path

import pytest

from ops.real_server import settings_of
from rollbook.core.checks import State
from rollbook.ops import server
from rollbook.ops.watch.health import look_over
from rollbook.ops.watch.measures import take, watching

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.skipif(not (PROGRAMS / "initdb").exists(), reason="Debian's postgresql-15 is not installed")
def test_postgresql_15_is_measured(open_folder: Path) -> None:
    status = server.up(settings_of(open_folder / "home", database_bin=PROGRAMS), durable=False)

    with watching(status.owner_url) as db:
        seen = take(db)
        found = {one.name: one for one in look_over(db)}

    assert status.version.startswith("15.")
    assert (seen.lost, seen.absent) == ({}, ["io"])
    assert (seen.one("checkpoints") or {})["requested"] >= 0
    assert found["measures"].state is State.FINE
    assert "this PostgreSQL has no io" in found["measures"].sentence
    assert found["checksums"].state is State.FINE
